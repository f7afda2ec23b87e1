"""Benchmark harness for self-supervised pretraining in medical imaging.

    import bench

    runs = bench.run(["random", "simclr"], "brain_tumor", seeds=3)
    print(runs.board[["method", "mean", "ci95_low", "ci95_high"]])

Everything is imported when it is first used: `import bench` alone loads no other module. docs/python.md has more.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bench.api.encoders import evaluate, load_encoder, pretrain
    from bench.api.grids import ablate, plan, run, tune
    from bench.api.models import predict
    from bench.api.results import bundle_results, merge_results, validate_results, verify_results
    from bench.api.tables import compare, leaderboard, load_records, methods, report, tasks
    from bench.core.errors import BenchError
    from bench.core.kind import Features, TaskKind
    from bench.core.method import Method, MethodConfig, Progress
    from bench.core.settings import Choice, Range, Settings
    from bench.core.task import Box, BoxTarget, Case, DataSet, Task, Volume
    from bench.models.export import export
    from bench.models.specs import BackboneSpec
    from bench.results.record import Record
    from bench.runs.session import Runs
    from bench.runs.studies.preview import Preview
    from bench.runs.tuning.tune import Tuning

_HOMES = {
    "bench.api.encoders": ("evaluate", "load_encoder", "pretrain"),
    "bench.api.grids": ("ablate", "plan", "run", "tune"),
    "bench.api.models": ("predict",),
    "bench.api.results": ("bundle_results", "merge_results", "validate_results", "verify_results"),
    "bench.api.tables": ("compare", "leaderboard", "load_records", "methods", "report", "tasks"),
    "bench.core.errors": ("BenchError",),
    "bench.core.kind": ("Features", "TaskKind"),
    "bench.core.method": ("Method", "MethodConfig", "Progress"),
    "bench.core.settings": ("Choice", "Range", "Settings"),
    "bench.core.task": ("Box", "BoxTarget", "Case", "DataSet", "Task", "Volume"),
    "bench.models.export": ("export",),
    "bench.models.specs": ("BackboneSpec",),
    "bench.results.record": ("Record",),
    "bench.runs.session": ("Runs",),
    "bench.runs.studies.preview": ("Preview",),
    "bench.runs.tuning.tune": ("Tuning",),
}  # fmt: skip
__version__ = "0.1.0"

_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "BackboneSpec",
    "BenchError",
    "Box",
    "BoxTarget",
    "Case",
    "Choice",
    "DataSet",
    "Features",
    "Method",
    "MethodConfig",
    "Preview",
    "Progress",
    "Range",
    "Record",
    "Runs",
    "Settings",
    "Task",
    "TaskKind",
    "Tuning",
    "Volume",
    "ablate",
    "bundle_results",
    "compare",
    "evaluate",
    "export",
    "leaderboard",
    "load_encoder",
    "load_records",
    "merge_results",
    "methods",
    "plan",
    "predict",
    "pretrain",
    "report",
    "run",
    "tasks",
    "tune",
    "validate_results",
    "verify_results",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'bench' has no attribute {name!r}")
    return getattr(import_module(_HOME_OF[name]), name)


def __dir__() -> list[str]:
    return __all__
