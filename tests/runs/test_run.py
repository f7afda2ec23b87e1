"""One run: its encoder, from whichever place, and the record of its evaluation."""

from bench.core.console import Report
from bench.engine.compute import Compute
from bench.runs.plan import make_plan
from bench.runs.resolve import Options, resolve
from bench.runs.run import evaluate_run, open_caches, pretrained_backbone, unfinished
from bench.runs.world import World


def test_the_record_of_a_run_follows_from_its_encoder(phantom_root, tmp_path):
    report = Report(quiet=True)
    settings = {"task": {"image_size": 32}}
    (plan,), _ = make_plan(("random",), ("brain_tumor",), ("knn",), ("vit_tiny_8",), (3,), "quick", settings)
    options = Options("quick", "pool", tmp_path / "results", tmp_path / "cache", Compute("cpu", 0))
    world = World(phantom_root, report)
    decoded, embeddings = open_caches(options, world, report)
    run = resolve(plan, options, world, decoded)
    encoder = pretrained_backbone(run, options, report)
    finished = evaluate_run(run, encoder, options, world, embeddings, report)
    assert (finished.record.identity, finished.record.seed) == (run.identity, 3)
    assert finished.cases[:4] == b"PAR1"
    assert not (tmp_path / "results" / "runs").exists(), "storing it is the engine's"
    assert unfinished(run.identity, options).is_relative_to(tmp_path / "cache" / "adaptations")
