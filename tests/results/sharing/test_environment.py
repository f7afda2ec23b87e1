"""What a bundle tells of a computer, and what it does not."""

import getpass
import json
import platform
import sys

import torch

from bench.results.sharing.environment import environment


def test_versions_and_processor_without_names():
    found = environment()
    assert found["python"] == platform.python_version()
    assert found["packages"]["torch"] == torch.__version__.partition("+")[0]
    assert {"pandas", "pyarrow", "numpy"} <= found["packages"].keys()
    text = json.dumps(found)
    assert set(found) == {"python", "implementation", "system", "machine", "processor", "processors", "packages"}
    if len(platform.node()) > 3:
        assert platform.node() not in text
    if getpass.getuser() not in ("root", "user"):
        assert getpass.getuser() not in text
    assert sys.prefix not in text
