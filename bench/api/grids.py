"""Grids of runs from Python: `bench.run`, `plan`, `ablate`, `tune`. The command line is a thin caller of these."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.core.method import Method
from bench.core.task import Task
from bench.runs.ablate import AblationRequest, AblationSummary, execute_ablation
from bench.runs.config import collect_overrides
from bench.runs.request import RunRequest, method_names, names_of, request_of, sections_of, seeds_of, task_names
from bench.runs.session import Runs, execute
from bench.runs.studies.planning import preview
from bench.runs.studies.preview import Preview
from bench.runs.tuning.tune import FIRST_SEED, TuneRequest, Tuning, execute_tuning

Settings = Mapping[str, Any]
"""`{"method.temperature": 0.2}` or `{"method": {"temperature": 0.2}}`."""
AnyPath = str | Path


def run(
    methods: str | type[Method] | Iterable[str | type[Method]] = (),
    tasks: str | Task | Iterable[str | Task] = (),
    protocols: str | Iterable[str] | None = None,
    *,
    backbones: str | Iterable[str] | None = None,
    seeds: int | Iterable[int] | None = None,
    profile: str | None = None,
    settings: Settings | None = None,
    checkpoints: Iterable[AnyPath] = (),
    quiet: bool = False,
    **options: Any,
) -> Runs:
    """Run what is missing of (methods x tasks x protocols x backbones x seeds), store it, and tabulate it.

    Args:
        methods, tasks: Names, `"all"`, or classes and tasks of your own; `data=["my.toml"]` adds tasks of files.
        protocols, backbones: Names; default: each task's own, and the checkpoints' own, else the profile's.
        seeds: How many, as 0 to N-1, or which; default: 3.
        profile: `quick` (a laptop, the default) or `paper` (the published settings).
        settings: Settings that differ from the profile's, `{"pretrain.epochs": 20}`.
        checkpoints: Weights from files that take part, as `--checkpoint` takes them.
        quiet: Print nothing but warnings and errors.
        options: As those of `bench run`, see docs/python.md; a study in a `config` file gives what is not given here
            (docs/studies.md). Without `data_root` (or BENCH_DATA) all runs on phantoms.

    Raises:
        BenchError: before any work for wrong names, settings, data or folders; otherwise with finished runs kept.
        RunsFailed: at the end, where runs failed; its `result` is what is returned otherwise.
    """
    request = _grid(
        methods=methods, tasks=tasks, protocols=protocols, backbones=backbones, seeds=seeds, profile=profile,
        settings=settings, checkpoints=checkpoints, **options,
    )  # fmt: skip
    return execute(request, quiet=quiet)


def plan(
    methods: str | type[Method] | Iterable[str | type[Method]] = (),
    tasks: str | Task | Iterable[str | Task] = (),
    protocols: str | Iterable[str] | None = None,
    *,
    from_records: bool = False,
    quiet: bool = False,
    **options: Any,
) -> Preview:
    """What `run` would do with the same arguments; nothing is trained, and nothing is written to the results folder.

    Args:
        methods, tasks, protocols, quiet, options: As for `run`.
        from_records: Read no data: find stored runs of real data by their settings alone.

    Returns:
        The cells, the pretrainings that they share, what is stored, estimates, and all that is wrong (`problems`).

    Raises:
        UsageError: a `config` file that is not as it should be, or an unknown option.
    """
    request = _grid(methods=methods, tasks=tasks, protocols=protocols, **options)
    return preview(request, quiet=quiet, from_records=from_records)


def slurm_script(
    methods: str | type[Method] | Iterable[str | type[Method]] = (),
    tasks: str | Task | Iterable[str | Task] = (),
    *,
    arguments: Sequence[str],
    quiet: bool = False,
    **options: Any,
) -> str:
    """A script for `sbatch` that carries out what `run` would, see docs/cluster.md.

    Args:
        methods, tasks, quiet, options: As for `run`.
        arguments: Those of `bench run` on the command line that say the same.

    Raises:
        BenchError: everything that is wrong, as `run` finds it before its first run.
    """
    from bench.runs.engines.slurm import array_script

    return array_script(_grid(methods=methods, tasks=tasks, **options), arguments, quiet=quiet)


def _grid(
    *,
    methods: str | type[Method] | Iterable[str | type[Method]],
    tasks: str | Task | Iterable[str | Task],
    protocols: str | Iterable[str] | None = None,
    backbones: str | Iterable[str] | None = None,
    seeds: int | Iterable[int] | None = None,
    settings: Settings | None = None,
    checkpoints: Iterable[AnyPath] = (),
    **options: Any,
) -> RunRequest:
    """The request of `run` and `plan`, which may come from a study."""
    return request_of(
        takes_study=True,
        methods=method_names(methods),
        tasks=task_names(tasks),
        protocols=names_of(protocols),
        backbones=names_of(backbones),
        seeds=None if seeds is None else seeds_of(seeds),
        settings=collect_overrides(sections_of(settings or {})),
        checkpoints=tuple(map(str, checkpoints)),
        **options,
    )


def ablate(
    method: str | type[Method],
    task: str | Task | Iterable[str | Task] = (),
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
        method, task: One each, or the task of a file in `data`; `bench show METHOD` lists its ablations.
        only: These ablations beside `full`; default: all.
        against: Other methods as rows.
        from_records: Run nothing; tabulate what is stored.
        protocols: Default: the task's own and, where it applies, knn.
        seeds, settings, quiet, options: As for `run`.

    Raises:
        BenchError: as `run`, and for a method that declares no ablations.
    """
    request = request_of(
        methods=method_names(method),
        tasks=task_names(task),
        protocols=names_of(protocols),
        seeds=seeds_of(seeds),
        settings=collect_overrides(sections_of(settings or {})),
        backbones=names_of(options.pop("backbones", None)),
        **options,
    )
    return execute_ablation(AblationRequest(request, tuple(only), tuple(against), from_records), quiet=quiet)


def tune(
    methods: str | type[Method] | Iterable[str | type[Method]],
    task: str | Task | Iterable[str | Task] = (),
    *,
    trials: int = 20,
    sampler: str = "tpe",
    out: AnyPath | None = None,
    protocol: str | None = None,
    seeds: int | Iterable[int] = 1,
    settings: Settings | None = None,
    quiet: bool = False,
    **options: Any,
) -> Tuning:
    """Try settings of methods on a task, choose by validation, and write the best as files for `config` of `run`.

    Args:
        methods: Those that declare a `search_space`; each gets the same number of trials.
        task: One, or that of a file in `data`, on a data set that no table will score.
        trials: Of each method; the first has the method's own settings.
        sampler: `tpe` (Bergstra et al. 2011, by Optuna; its first ten trials are random) or `random`.
        out: One file for all methods; default: tuned/METHOD.toml for each.
        protocol: Default: knn where it applies, else the task's own.
        seeds: How many, from 1000 on, or which; a trial's score is their mean.
        settings: What all trials share; a setting given here is not tuned.
        quiet, options: As for `run`.

    Raises:
        BenchError: as `run`, and for a method that declares nothing to tune.
    """
    count = seeds if isinstance(seeds, int) else None
    request = request_of(
        methods=method_names(methods),
        tasks=task_names(task),
        protocols=names_of(protocol),
        seeds=seeds_of(seeds) if count is None else tuple(FIRST_SEED + seed for seed in seeds_of(count)),
        settings=collect_overrides(sections_of(settings or {})),
        backbones=names_of(options.pop("backbones", None)),
        **options,
    )
    return execute_tuning(TuneRequest(request, trials, sampler, Path(out) if out else None), quiet=quiet)
