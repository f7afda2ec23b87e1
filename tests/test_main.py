"""`python -m bench` is the command `bench`."""

import subprocess
import sys
from importlib.metadata import version


def bench(*arguments):
    return subprocess.run([sys.executable, "-m", "bench", *arguments], capture_output=True, text=True)


def test_it_runs_the_command_line_and_ends_with_its_code():
    assert bench("--version").stdout == f"medical-ssl-bench {version('medical-ssl-bench')}\n"
    done = bench("list", "method")
    assert (done.returncode, "Did you mean 'methods'" in done.stderr) == (2, True)
