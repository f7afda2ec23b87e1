"""From a plan to runs with an identity."""

from pathlib import Path

import pytest

from bench.core.console import Report
from bench.core.registry import tasks
from bench.data.grouped_split import GROUPED, GROUPED_VERSION
from bench.engine.compute import Compute
from bench.results.store import Store
from bench.runs.plan import make_plan
from bench.runs.resolve import Options, declared_ablations, evaluation_versions, pretraining_versions, resolve
from bench.runs.world import World

RESULTS = Path(__file__).parents[2] / "results"


def committed():
    return [r for r in Store(RESULTS).load()[0] if r.data == "real"]


@pytest.mark.slow
@pytest.mark.real_data
def test_committed_records_are_found_again(real_root, tmp_path):
    """Every committed record of the versions that are declared now has the identity that the same run has now."""
    (tmp_path / "brain_tumor").symlink_to(real_root / "brain_tumor")
    grouped = {"brain_tumor": Path(GROUPED)}
    worlds = {
        given: World(tmp_path, Report(quiet=True), given_splits=splits, cache=tmp_path / "cache")
        for given, splits in ((None, {}), (GROUPED_VERSION, grouped))
    }
    checked = 0
    for record in (r for r in committed() if r.data_set == "brain_tumor"):
        plan, _ = make_plan(
            record.method, record.task, record.protocol, record.backbone, (record.seed,), record.profile,
            record.overrides,
        )  # fmt: skip
        options = Options(record.profile, "pool", tmp_path, tmp_path, Compute("cpu"))
        run = resolve(plan[0], options, worlds[record.split.given])
        if run.facts.versions == record.facts.versions:
            assert (run.identity, run.hashes) == (record.identity, record.hashes), record.method
            assert run.config.sections == record.config
            checked += 1
    if not checked:
        pytest.skip("no committed record has the versions that are declared now")


def test_components_of_an_evaluation_are_those_that_take_part():
    task = tasks().get("brain_tumor")
    linear, knn, finetune = (set(evaluation_versions(task, p)) for p in ("linear", "knn", "finetune"))
    shared = {"kind classification", "metrics classification", "reader ClassFolders", "splits", "images"}
    assert linear == shared | {"protocol linear", "adaptation", "probes", "embeddings"}
    assert evaluation_versions(tasks().get("drive"), "linear").keys() >= {"adaptation"}
    assert "probes" not in evaluation_versions(tasks().get("drive"), "linear")
    assert knn == shared | {"protocol knn", "probes", "embeddings"}
    assert finetune == shared | {"protocol finetune", "adaptation"}
    assert "volumes" in evaluation_versions(tasks().get("brats"), "finetune")


def test_components_of_a_checkpoint_are_none_of_training_where_nothing_is_trained():
    assert set(pretraining_versions("random", "resnet18", None)) == {"method random", "backbone resnet18"}
    trained = set(pretraining_versions("simclr", "resnet18", {"corpus": 1}))
    assert trained == {"method simclr", "backbone resnet18", "views", "pretraining", "corpus"}


@pytest.mark.parametrize(
    ("changed", "settings", "found"),
    [
        ({}, {"x": False, "nodes": 8}, []),
        ({"x": False}, {"x": False, "nodes": 1}, [("without_x", 1)]),
        ({"x": False}, {"x": False, "nodes": 8}, [("without_x", 1), ("both", 3)]),
        ({"nodes": 8.0}, {"x": True, "nodes": 8.0}, [("nodes_8", 2)]),
    ],
)
def test_a_run_is_of_the_ablations_that_hold_and_were_set(changed, settings, found):
    declared = {"without_x": {"x": False}, "nodes_8": {"nodes": 8}, "both": {"x": False, "nodes": 8}}
    assert [(a.name, a.order) for a in declared_ablations(declared, changed, settings)] == found


def test_a_run_has_its_own_identity_and_shares_its_checkpoint(phantom_root, tmp_path):
    world = World(phantom_root, Report(quiet=True))

    def run(task, seed, **settings):
        plan, _ = make_plan(("simclr",), (task,), (), ("resnet18",), (seed,), "quick", settings)
        return resolve(plan[0], Options("quick", "pool", tmp_path, tmp_path, Compute("cpu")), world)

    first, again, linear, other = (
        run("brain_tumor", 0), run("brain_tumor", 0), run("brain_tumor_linear", 0), run("brain_tumor", 1)
    )  # fmt: skip
    assert first.identity == again.identity
    assert len({r.identity for r in (first, linear, other)}) == 3
    assert first.hashes["checkpoint"] == linear.hashes["checkpoint"] != other.hashes["checkpoint"]
    assert first.hashes["pretraining"] == other.hashes["pretraining"]
    changed = run("brain_tumor", 0, protocol={"epochs": 9})
    assert changed.hashes["checkpoint"] == first.hashes["checkpoint"]
    assert changed.identity != first.identity
    name = f"resnet18-finetune-seed0-{first.identity[:12]}"
    assert first.place("phantom") == Path("phantom", "quick", "simclr", "brain_tumor", name)
