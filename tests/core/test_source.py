"""Hashes of source: behaviour enters, words do not, every Python says the same, and a changed helper is noticed."""

import sys
from pathlib import Path

import pytest

from bench.core.errors import PluginError
from bench.core.source import _behaviour, source_hash, source_version

PLAIN = "class Mine:\n    '''Doc.'''\n    def f(self):\n        return 1\n"


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Writes the files of a package `of_mine` and imports `Mine` from one of its modules."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def write(module="plain", **sources):
        folder = tmp_path / "of_mine"
        for name, source in sources.items():
            path = folder.joinpath(*name.split("__")).with_suffix(".py")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(source)
            for parent in (folder, path.parent):
                (parent / "__init__.py").touch()
        for name in [n for n in sys.modules if n.startswith("of_mine")]:
            monkeypatch.delitem(sys.modules, name)
        return __import__(f"of_mine.{module}", fromlist=["Mine"]).Mine

    return write


@pytest.mark.parametrize(
    ("source", "same"),
    [
        ("# comment\nclass Mine:\n    '''Another doc.'''\n\n    def f(self):  # here\n        return (1)\n", True),
        (PLAIN.replace("return 1", "return 2"), False),
        ("import json\n" + PLAIN, False),
    ],
)
def test_words_do_not_enter_and_behaviour_does(package, source, same):
    before = source_version(package(plain=PLAIN))
    assert before.startswith("source:")
    assert (source_version(package(plain=source)) == before) == same


def test_the_name_of_a_module_does_not_enter(tmp_path):
    one, other = tmp_path / "one.py", tmp_path / "other.py"
    one.write_text("from bench.old import f\n" + PLAIN)
    other.write_text("from bench.new.place import f\n" + PLAIN)
    assert source_hash([one], imports=False) == source_hash([other], imports=False)
    assert source_hash([one]) != source_hash([other])


def test_texts_of_errors_do_not_enter_and_their_conditions_do(package):
    body = "class Mine:\n    def f(self, x):\n        if x < {}:\n            raise {}('{}')\n"
    first, reworded, other_limit, other_class = (
        source_version(package(plain=body.format(*parts)))
        for parts in ((1, "ValueError", "a"), (1, "ValueError", "b"), (2, "ValueError", "a"), (1, "TypeError", "a"))
    )
    assert first == reworded
    assert len({first, other_limit, other_class}) == 3


def test_every_module_of_the_distribution_enters_imported_or_not(package):
    before = source_version(package(plain=PLAIN, parts__helper="low = 1\n"))
    assert source_version(package(parts__helper="low = 2\n")) != before
    assert source_version(package(unused="x = 1\n")) != before


def test_of_a_file_what_stands_beside_it_enters(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "lonely_plugin.py").write_text("import beside\n" + PLAIN)
    (tmp_path / "beside.py").write_text("weight = 1\n")
    mine = __import__("lonely_plugin").Mine
    before = source_version(mine)
    assert source_version(mine) == before
    (tmp_path / "beside.py").write_text("weight = 2\n")
    assert source_version(mine) != before
    monkeypatch.delitem(sys.modules, "lonely_plugin")


def test_a_class_of_no_file_is_told_to_declare_a_version():
    made: dict = {"__name__": "__nowhere__"}
    exec("class Mine: pass", made)
    with pytest.raises(PluginError, match=r"Mine is defined in no file.*Declare a class attribute `version = 1`"):
        source_version(made["Mine"])


def test_a_file_that_this_python_cannot_parse_is_hashed_as_text(tmp_path):
    path = Path(tmp_path / "new_syntax.py")
    path.write_text("match = = 3\n")
    before = source_hash([path])
    path.write_text("match = = 4\n")
    assert source_hash([path]) != before


def test_fingerprint_is_the_same_in_every_python():
    """These trees differ between Python 3.11, 3.12 and 3.13, and so does what `ast.unparse` makes of them."""
    text = "def f(x: int, w=2) -> str:\n    return f\"{x!r:>{w}} {'a'} {x['k']}\" if x else f'{x:{w}}'\n"
    assert _behaviour(text, True) == "0363b48862b39a2d4e3e059b8b3478f39e441ea35e15b7fef058889c59b63441"


def test_a_file_of_another_encoding_is_hashed_all_the_same(tmp_path):
    (tmp_path / "a.py").write_bytes(b"x = '\xf0\xff'")
    (tmp_path / "b.py").write_bytes(b"x = '\xf0\xfe'")
    assert source_hash([tmp_path / "a.py"]) != source_hash([tmp_path / "b.py"])
