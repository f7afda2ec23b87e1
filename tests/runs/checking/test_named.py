"""`bench check` by name and by file."""

import pytest

from bench.core.errors import DataError, PluginError, UsageError
from bench.runs.checking.named import check_named
from tests.own_data import declare, draw
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


def test_a_file_of_own_data_is_checked_where_its_data_lie_else_on_its_phantom(tmp_path):
    top = "classes = ['flat', 'sessile']"
    made = declare(tmp_path / "nothing" / "made.toml", 'type = "class_folders"', top)
    path = declare(tmp_path / "cells.toml", 'type = "class_folders"', top)
    draw(tmp_path / "cells", "classification", ("flat", "sessile"), "class_folders")
    (phantom,) = check_named([str(made)])
    (sound,) = check_named(["cells"], data=[path])
    assert [one.checked.passed[-1].split(":")[0].split(" cases ")[1] for one in (phantom, sound)] == [
        "of the phantom",
        "of the data set",
    ]
    next(p for p in (tmp_path / "cells").rglob("*.png")).write_bytes(b"no image")
    (broken,) = check_named([str(path)])
    assert isinstance(broken.error, DataError)
    assert "cannot be decoded" in str(broken.error)
