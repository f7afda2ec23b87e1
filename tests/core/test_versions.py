"""Versions of components: declared numbers, bases that declare their own, and source where nothing is declared."""

import pytest

from bench.core.registry import kinds, methods, tasks
from bench.core.versions import PARTS, declared_version, parts, plugin_versions
from bench.evaluation.protocols import PROTOCOLS
from bench.models.specs import BACKBONES


def test_every_component_of_this_project_declares_a_version():
    for registry in (methods(), kinds()):
        for name in registry.plugins:
            assert isinstance(declared_version(registry.get(name)), int), name
    for name in kinds().plugins:
        assert isinstance(declared_version(kinds().get(name), "metrics_version"), int), name
    readers = {type(tasks().get(name).data.reader) for name in tasks().plugins}
    assert all(isinstance(declared_version(reader), int) for reader in readers)
    assert all(p.version >= 1 for p in (*PROTOCOLS.values(), *BACKBONES.values()))
    assert parts("views", "images") == {"views": PARTS["views"], "images": PARTS["images"]}


def test_a_subclass_that_declares_none_has_its_source_and_its_bases_version():
    simclr = methods().get("simclr")

    class Mine(simclr):  # type: ignore[misc,valid-type]
        pass

    found = plugin_versions("method", "mine", Mine)
    assert str(found["method mine"]).startswith("source:")
    assert found["method mine < SimCLR"] == simclr.version

    class Declared(simclr):  # type: ignore[misc,valid-type]
        version = 3

    assert plugin_versions("method", "d", Declared) == {"method d": 3, "method d < SimCLR": simclr.version}


@pytest.mark.parametrize("value", ["1", 1.5, True, 0, -2])
def test_a_version_is_a_whole_number_from_one(value):
    with pytest.raises(TypeError, match=r"Mine.version is .*; a version is a whole number from 1"):
        declared_version(type("Mine", (), {"version": value}))
