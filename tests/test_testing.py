"""`bench.testing`: checks for the tests of plugins."""

import pytest

from bench import testing
from bench.core.errors import PluginError
from tests.plugins_of import METHOD, method_of, replaced, task_of


def test_checks_of_plugins(tmp_path):
    assert testing.check_task(task_of(tmp_path)).name == "own_arrays"
    assert testing.check_backbone("vit_tiny_8").noun == "backbone"
    assert callable(testing.check_kind)
    with pytest.raises(PluginError, match="no key `loss`"):
        testing.check_method(method_of(tmp_path, replaced(METHOD, ('{"loss": cross', '{"lost": cross'))))
