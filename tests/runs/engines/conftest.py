"""Resolved runs of a small grid, and the engine `local` for them."""

from types import SimpleNamespace

import pytest

from bench.core.console import Report
from bench.engine.compute import Compute
from bench.runs.engines.local import LocalEngine
from bench.runs.plan import make_plan
from bench.runs.resolve import Options, resolve_all
from bench.runs.run import open_caches
from bench.runs.world import World

SETTINGS = {"task": {"image_size": 32}, "pretrain": {"image_size": 32, "epochs": 1}}


@pytest.fixture
def grid(phantom_root, tmp_path):
    """Runs of (method, protocols, seeds) on ViTs of the phantom, and `engine(...)` that carries them out."""

    def make(methods=("random",), protocols=("knn",), seeds=(0,)):
        tasks, backbones = ("brain_tumor",), ("vit_tiny_8",)
        plans, _ = make_plan(methods, tasks, protocols, backbones, seeds, "quick", SETTINGS)
        options = Options("quick", "pool", tmp_path / "results", tmp_path / "cache", Compute("cpu", 0))
        report = Report()
        world = World(phantom_root, report)
        decoded, embeddings = open_caches(options, world, report)
        runs = resolve_all(plans, options, world, decoded)

        def engine(**how):
            return LocalEngine(options, world, embeddings, report, **how)

        return SimpleNamespace(runs=runs, options=options, engine=engine)

    return make
