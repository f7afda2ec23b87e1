"""Fingerprints of source: behaviour enters, words do not, and every Python says the same."""

import sys

import pytest

from bench.registry import kinds, methods, tasks
from bench.source import _behaviour, _sources_of, code_fingerprint

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
        (PLAIN + "    ablations: dict = {}\n", True),
        (PLAIN + "ablations: dict = {}\n", False),
    ],
)
def test_words_do_not_enter_and_behaviour_does(package, source, same):
    before = code_fingerprint(package(plain=PLAIN))
    assert (code_fingerprint(package(plain=source)) == before) == same


def test_the_name_of_a_module_enters(package):
    assert code_fingerprint(package(plain=PLAIN)) != code_fingerprint(package("other", other=PLAIN))


def test_texts_of_errors_do_not_enter_and_their_conditions_do(package):
    body = "class Mine:\n    def f(self, x):\n        if x < {}:\n            raise {}('{}')\n"
    first, reworded, other_limit, other_class = (
        code_fingerprint(package(plain=body.format(*parts)))
        for parts in ((1, "ValueError", "a"), (1, "ValueError", "b"), (2, "ValueError", "a"), (1, "TypeError", "a"))
    )
    assert first == reworded
    assert len({first, other_limit, other_class}) == 3


@pytest.mark.parametrize(
    "statement",
    [
        "from of_mine.parts.helper import low",
        "from of_mine.parts import helper",
        "import of_mine.parts.helper",
        "from .parts.helper import low",
        "from .parts import helper",
        "def f():\n    from .parts.helper import low\n    return low",
    ],
)
def test_what_a_module_imports_of_its_own_package_enters(package, statement):
    source = f"{statement}\nimport json\nclass Mine:\n    pass\n"
    before = code_fingerprint(package(plain=source, parts__helper="from ..limits import low\n", limits="low = 1\n"))
    assert code_fingerprint(package(limits="low = 2\n")) != before


def test_a_module_that_nothing_imports_does_not_enter(package):
    before = code_fingerprint(package(plain=PLAIN, other="x = 1\n"))
    assert code_fingerprint(package(other="x = 2\n")) == before


def test_a_plugin_depends_on_the_methods_it_is_built_from(package):
    source = "from methods.lvmmed import GraphMatching\nclass Mine:\n    layer = GraphMatching\n"
    assert {"of_mine.plain", "methods.lvmmed", "methods.lvmmed.solver"} <= set(_sources_of(package(plain=source)))


def test_what_a_class_inherits_enters_from_other_packages_too(package, tmp_path):
    (tmp_path / "base_of_mine.py").write_text("class Base:\n    weight = 1\n")
    mine = package(plain="from base_of_mine import Base\nclass Mine(Base):\n    pass\n")
    before = code_fingerprint(mine)
    (tmp_path / "base_of_mine.py").write_text("class Base:\n    weight = 2\n")
    assert code_fingerprint(mine) != before


def test_sources_of_the_projects_own_plugins():
    of_lvmmed = set(_sources_of(methods().get("lvmmed")))
    assert {
        f"methods.lvmmed.{m}" for m in ("method", "solver", "tabu_triton", "tabu_numba", "imle", "affinity")
    } <= of_lvmmed
    of_volumes = set(_sources_of(kinds().get("segmentation_3d")))
    needed = {f"tasks.kinds.segmentation.{m}" for m in ("segmentation_3d", "scores", "unet", "loss")}
    assert needed | {"tasks.kinds.feature_pyramid"} <= of_volumes
    assert set(_sources_of(methods().get("simclr"))) == {"methods.simclr"}
    of_reader = set(_sources_of(type(tasks().get("drive").data.reader)))
    assert of_reader == {f"tasks.readers.{m}" for m in ("image_masks", "pairs", "folders", "templates")}


def test_fingerprint_is_the_same_in_every_python():
    """These trees differ between Python 3.11, 3.12 and 3.13, and so does what `ast.unparse` makes of them."""
    text = "def f(x: int, w=2) -> str:\n    return f\"{x!r:>{w}} {'a'} {x['k']}\" if x else f'{x:{w}}'\n"
    assert _behaviour(text)[0] == "0363b48862b39a2d4e3e059b8b3478f39e441ea35e15b7fef058889c59b63441"
