"""What `import bench` offers. The command line is a thin caller of the same functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from bench.core import registry
from bench.core.console import Report
from bench.core.errors import UsageError, closest
from bench.core.method import Method
from bench.core.task import Task
from bench.results.index import read_frame
from bench.results.leaderboard import board_of
from bench.results.record import Record
from bench.results.store import Store, lines_of
from bench.runs.ablate import AblationRequest, AblationSummary, execute_ablation
from bench.runs.config import collect_overrides
from bench.runs.listing import listing
from bench.runs.request import RunRequest, names_of, paths_of, sections_of, seeds_of
from bench.runs.session import Runs, execute

if TYPE_CHECKING:
    from torch import nn

Settings = Mapping[str, Any]
"""`{"method.temperature": 0.2}` or `{"method": {"temperature": 0.2}}`."""
AnyPath = str | Path

__all__ = [
    "Runs",
    "ablate",
    "evaluate",
    "leaderboard",
    "load_encoder",
    "load_records",
    "methods",
    "pretrain",
    "run",
    "tasks",
]


def run(
    methods: str | type[Method] | Iterable[str | type[Method]],
    tasks: str | Task | Iterable[str | Task],
    protocols: str | Iterable[str] | None = None,
    *,
    backbones: str | Iterable[str] | None = None,
    seeds: int | Iterable[int] = 3,
    profile: str = "quick",
    settings: Settings | None = None,
    checkpoints: Iterable[AnyPath] = (),
    quiet: bool = False,
    **options: Any,
) -> Runs:
    """Run what is missing of (methods x tasks x protocols x backbones x seeds), store it, and tabulate it.

    Args:
        methods: Names, `"all"`, or classes of your own; `bench.methods()` lists the names.
        tasks: Names, `"all"`, or tasks of your own; `bench.tasks()` lists the names.
        protocols: Names; default: each task's own.
        backbones: Names; default: the checkpoints' own, else the profile's.
        seeds: How many, as 0 to N-1, or which.
        profile: `quick` (a laptop) or `paper` (the published settings).
        settings: Settings that differ from the profile's, `{"pretrain.epochs": 20}`.
        checkpoints: Weights from files that take part, as `--checkpoint` takes them.
        quiet: Print nothing but warnings and errors.
        options: `corpus`, `data_root`, `results`, `cache`, `device`, `workers`, `compile`, `split`, `save_predictions`
            and `plugins`, as the options of `bench run`. Without `data_root` (or BENCH_DATA) everything runs on
            phantoms, which say that the harness works and nothing about a method.

    Returns:
        The records, the rows of the leaderboard, and, by `cases()`, every prediction.

    Raises:
        BenchError: before any work for wrong names, settings, data or folders; otherwise with finished runs kept.
    """
    request = _request(
        methods=_method_names(methods),
        tasks=_task_names(tasks),
        protocols=names_of(protocols),
        backbones=names_of(backbones),
        seeds=seeds_of(seeds),
        profile=profile,
        settings=_settings(settings),
        checkpoints=tuple(map(str, checkpoints)),
        **options,
    )
    return execute(request, quiet=quiet)


def ablate(
    method: str | type[Method],
    task: str | Task,
    *,
    only: Iterable[str] = (),
    against: Iterable[str] = (),
    from_records: bool = False,
    protocols: str | Iterable[str] | None = None,
    seeds: int | Iterable[int] = 3,
    settings: Settings | None = None,
    quiet: bool = False,
    **options: Any,
) -> AblationSummary:
    """Run a method's declared ablations over seeds, beside the method itself, and tabulate the differences.

    Args:
        method: The method; `bench show METHOD` lists its ablations.
        task: One downstream task.
        only: These ablations beside `full`; default: all.
        against: Other methods as rows.
        from_records: Run nothing; tabulate what is stored.
        protocols: Default: the task's own and, where it applies, knn.
        seeds: How many, as 0 to N-1, or which.
        settings: As for `run`.
        quiet: Print nothing but warnings and errors.
        options: As for `run`, and `backbones` and `profile`.

    Returns:
        `board` (a DataFrame), `text(markdown=...)` and the files.

    Raises:
        BenchError: as `run`, and for a method that declares no ablations.
    """
    request = _request(
        methods=_method_names(method),
        tasks=_task_names(task),
        protocols=names_of(protocols),
        seeds=seeds_of(seeds),
        settings=_settings(settings),
        backbones=names_of(options.pop("backbones", None)),
        **options,
    )
    return execute_ablation(AblationRequest(request, tuple(only), tuple(against), from_records), quiet=quiet)


def leaderboard(results: AnyPath = "results") -> pd.DataFrame:
    """The task board of a results folder, a row for each contestant; writes nothing.

    Columns are those of results/leaderboard/*.csv (docs/records.md); fractions, not percent.

    Raises:
        StorageError: two records claim one contestant and seed.
    """
    frame, problems = read_frame(Store(Path(results)))
    for line in lines_of(problems):
        Report().warn(line)
    return board_of(frame)


def load_records(results: AnyPath = "results") -> list[Record]:
    """All valid records of a results folder, in the order of their paths; a warning says which files are none."""
    records, problems = Store(Path(results)).load()
    for line in lines_of(problems):
        Report().warn(line)
    return records


def pretrain(
    method: str | type[Method],
    task: str | Task,
    *,
    backbone: str | None = None,
    seed: int = 0,
    profile: str = "quick",
    settings: Settings | None = None,
    quiet: bool = False,
    **options: Any,
) -> nn.Module:
    """Pretrain a method, or reuse its checkpoint, and return the encoder in evaluation mode, on the CPU.

    Args:
        method: A name, or a class of your own.
        task: Whose training images are among the corpus; without a data root its phantom is.
        backbone: Default: the profile's.
        seed: Of initial weights, order and views.
        profile: `quick` or `paper`.
        settings: As for `run`.
        quiet: Print nothing but warnings and errors.
        options: As for `run`.

    Returns:
        A module that maps images (B, 3, H, W), ImageNet-normalised, to `Features`: maps and a pooled (B, D).

    Raises:
        BenchError: as `run`.
    """
    from bench.runs.encoders import pretrained_encoder

    request = _request(
        methods=_method_names(method),
        tasks=_task_names(task),
        backbones=names_of(backbone),
        seeds=(seed,),
        profile=profile,
        settings=_settings(settings),
        **options,
    )
    return pretrained_encoder(request, Report(quiet=quiet))


def evaluate(
    encoder: nn.Module,
    task: str | Task,
    protocol: str | None = None,
    *,
    name: str | None = None,
    seed: int = 0,
    profile: str = "quick",
    settings: Settings | None = None,
    quiet: bool = False,
    **options: Any,
) -> Record:
    """Evaluate an encoder on a task under a protocol; store and return the record.

    Args:
        encoder: Any module that maps images (B, 3, H, W), ImageNet-normalised, to embeddings (B, D), or an encoder of
            this project, whose feature maps serve segmentation and detection too. It is not changed.
        task: A name, or a task of your own.
        protocol: Default: the task's own.
        name: Of the contestant in tables; default: the module's class.
        seed: Of the split's validation part, of heads and of adaptation.
        profile: `quick` or `paper`.
        settings: As for `run`.
        quiet: Print nothing but warnings and errors.
        options: As for `run`.

    Raises:
        UsageError: a module of another form, or a task that needs feature maps.
        BenchError: as `run`.
    """
    from bench.runs.encoders import add_for_task

    (task_name,) = _task_names(task)
    chosen = _settings(settings)
    contestant, backbone = add_for_task(encoder, task_name, protocol, name, profile, chosen)
    runs = run(
        contestant, task_name, protocol,
        backbones=backbone, seeds=[seed], profile=profile, settings=chosen, quiet=quiet, **options,
    )  # fmt: skip
    return runs.records[0]


def load_encoder(file: AnyPath, backbone: str | None = None) -> nn.Module:
    """An encoder from a checkpoint of this harness, or any file that `--checkpoint` reads, in evaluation mode.

    `backbone` is that of a foreign file; default: the one that it fits best.

    Raises:
        UsageError: no such file, or an unknown backbone.
        StorageError: a file that holds no usable weights.
    """
    from bench.runs.encoders import encoder_of_file

    return encoder_of_file(Path(file), backbone)


def methods() -> pd.DataFrame:
    """The pretraining methods: name, package and where each is defined; none is imported for it."""
    return pd.DataFrame(listing("methods", ()))


def tasks() -> pd.DataFrame:
    """The downstream tasks: name, data set, kind, default protocol, headline metric."""
    return pd.DataFrame(listing("tasks", ()))


def _request(**fields: Any) -> RunRequest:
    """A request with its paths as paths. Raises `UsageError` for an unknown option, with the closest match."""
    known = RunRequest.__dataclass_fields__
    for name in fields:
        if name not in known:
            raise UsageError(f"Unknown option {name!r}.{closest(name, known)} Known: {', '.join(sorted(known))}.")
    for name in ("data_root", "results", "cache", "split"):
        if fields.get(name) is not None:
            fields[name] = Path(fields[name])
    fields["plugins"] = paths_of(fields.get("plugins", ()))
    request = RunRequest(**fields)
    return replace(request, corpus=str(request.corpus))


def _settings(settings: Settings | None) -> dict[str, dict[str, Any]]:
    return collect_overrides(sections_of(settings or {}))


def _method_names(wanted: str | type[Method] | Iterable[str | type[Method]]) -> tuple[str, ...]:
    several = [wanted] if isinstance(wanted, str | type) else list(wanted)
    return names_of(one if isinstance(one, str) else registry.methods().add_own(one) for one in several)


def _task_names(wanted: str | Task | Iterable[str | Task]) -> tuple[str, ...]:
    several = [wanted] if isinstance(wanted, str | Task) else list(wanted)
    return names_of(one if isinstance(one, str) else registry.tasks().add_own(one) for one in several)
