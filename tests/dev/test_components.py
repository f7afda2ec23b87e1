"""Every component whose version a record may name is one that the lock watches."""

from pathlib import Path

from bench.core.registry import methods, tasks
from bench.core.versions import PARTS
from bench.dev.components import CANARIES, components
from bench.evaluation.protocols import PROTOCOLS
from bench.models.specs import BACKBONES
from bench.results.store import Store
from bench.runs.plan import applies
from bench.runs.resolve import evaluation_versions, pretraining_versions

REPOSITORY = Path(__file__).parents[2]
NAMES = {component.name for component in components()}


def unwatched(names) -> set[str]:
    """Those that are no component; `reader ChestFilms < ImageMasks` is the class that the first inherits from."""
    return {name.partition(" < ")[0] for name in names} - NAMES


def test_what_any_run_of_this_project_names_is_a_component():
    for name in tasks().plugins:
        task = tasks().get(name)
        for protocol in (p for p in PROTOCOLS if applies(p, task)):
            assert unwatched(evaluation_versions(task, protocol)) == set()
    for method in methods().plugins:
        for backbone in BACKBONES:
            named = pretraining_versions(method, backbone, {"corpus": 1, "images": 1, "volumes": 1})
            assert unwatched(named) == set()


def test_what_committed_records_name_is_a_component():
    records, _ = Store(REPOSITORY / "results").load()
    assert (
        unwatched(n for r in records for part in (r.versions.pretraining, r.versions.evaluation) for n in part) == set()
    )


def test_every_part_of_the_harness_has_a_canary_and_sources():
    assert set(CANARIES) == set(PARTS)
    for component in components():
        assert component.sources, component.name
        assert all(path.is_file() for path in component.sources)


def test_source_of_a_component_is_that_of_its_files():
    by_name = {component.name: component for component in components()}
    assert {path.name for path in by_name["method lvmmed"].sources} >= {"method.py", "solver.py", "imle.py"}
    assert [path.name for path in by_name["method simclr"].sources] == ["simclr.py"]
    assert by_name["method simclr"].source != by_name["method byol"].source


def test_readers_of_layouts_are_components_whose_sources_have_their_bases():
    by_name = {component.name: component for component in components()}
    assert {"reader FolderImages", "reader TableImages", "reader TableBoxes", "reader TableMasks"} <= set(by_name)
    assert {path.name for path in by_name["reader TemplateMasks"].sources} == {"masks.py", "mask_files.py"}
