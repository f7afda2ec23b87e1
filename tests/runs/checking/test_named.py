"""`bench check` by name and by file."""

import pytest

from bench.core.errors import PluginError, UsageError
from bench.runs.checking.named import check_named
from tests.plugins_of import METHOD, TASK, replaced, write_plugin


def test_all_that_a_file_defines_and_a_mistake_does_not_hide_the_rest(tmp_path):
    text = replaced(METHOD, ('{"loss": cross', '{"lost": cross')) + TASK
    method, task = check_named([str(write_plugin(tmp_path, text))])
    assert (method.noun, method.name, method.checked) == ("method", "pairs", None)
    assert isinstance(method.error, PluginError)
    assert (task.noun, task.name, task.error) == ("task", "own_arrays", None)


def test_names_of_several_sorts_once_each():
    found = list(check_named(["random", "vit_tiny_8", "random"]))
    assert [(one.noun, one.name, one.error) for one in found] == [
        ("method", "random", None),
        ("backbone", "vit_tiny_8", None),
    ]


def test_nothing_of_that_name():
    with pytest.raises(
        UsageError, match=r"Unknown method, task, kind, backbone or file 'simcrl'. Did you mean 'simclr'"
    ):
        list(check_named(["simcrl"]))
