"""Files of one's own: what they define, what they can import, and errors."""

import pytest

from bench.core.errors import PluginError
from bench.core.method import Method
from bench.core.plugins.files import import_file, plugins_in
from bench.core.task import Task
from tests.plugins_of import METHOD, TASK, write_plugin


def test_classes_that_a_file_defines_and_instances_that_it_holds(tmp_path):
    text = METHOD + TASK + "\nfrom methods.simclr import SimCLR\nclass _Base(Pairs): pass\n_HIDDEN = TASK\n"
    module = import_file(write_plugin(tmp_path, text))
    assert [cls.__name__ for cls in plugins_in(module, Method, classes=True)] == ["Pairs"]
    assert [task.name for task in plugins_in(module, Task, classes=False)] == ["own_arrays"]


def test_a_file_can_import_what_lies_beside_it(tmp_path):
    write_plugin(tmp_path, "VALUE = 7", "a_helper_of_this_test.py")
    module = import_file(write_plugin(tmp_path, "from a_helper_of_this_test import VALUE"))
    assert module.VALUE == 7


def test_two_files_of_one_name_are_two_modules(tmp_path):
    for name in "ab":
        (tmp_path / name).mkdir()
    modules = [import_file(write_plugin(tmp_path / name, f"VALUE = {name!r}")) for name in "ab"]
    assert [module.VALUE for module in modules] == ["a", "b"]
    assert modules[0].__name__ != modules[1].__name__


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("p.py", "1 / 0", r"p\.py failed to import: ZeroDivisionError: division by zero.\nTry it alone: python"),
        ("p.py", "def f(:", "failed to import: SyntaxError"),
        ("p.txt", "x = 1", "is not a Python file"),
    ],
)
def test_files_that_cannot_be_imported(tmp_path, name, text, message):
    with pytest.raises(PluginError, match=message):
        import_file(write_plugin(tmp_path, text, name))
