"""`bench tune`: as many trials for each method, scored on validation, and the best settings as a file for `--config`.

A trial is pretrained as a run with other settings is; its score, on validation alone, is kept under RESULTS/tuning. The
sampler is seeded and told the same scores in the same order, so the same command finds its trials there and goes on.
"""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from bench.core import registry
from bench.core.console import Report
from bench.core.errors import TrainingError, UsageError, closest
from bench.core.escape import one_line
from bench.core.files import require_writable, write_text
from bench.core.reading import content_of, reading
from bench.core.registry import methods
from bench.core.settings import TunedRecord, settings_text
from bench.core.task import Task
from bench.runs.checks import check_request
from bench.runs.plan import applies, expand_names, make_plan
from bench.runs.request import RunRequest
from bench.runs.session import prepare_world
from bench.runs.settings_file import HEADER, settings_file_text
from bench.runs.tuning.trials import SAMPLER_SEED, SAMPLERS, Contestant, Trial, sections_of_values, try_settings

if TYPE_CHECKING:
    from bench.runs.world import World

FOLDER = "tuning"
"""Folder of the results folder with the records of trials."""
OTHER_FILE = "Move it, or name another: --out FILE."
FIRST_SEED = 1000
"""Trials have the seeds from here on, apart from those that tables score, which begin with 0."""


@dataclass(frozen=True)
class TuneRequest:
    """The command as it was typed; `run` holds the options it shares with `bench run`."""

    run: RunRequest
    trials: int
    sampler: str
    out: Path | None
    """One file for all methods; None: tuned/METHOD.toml for each."""


@dataclass(frozen=True)
class Tuning:
    """What a tuning came to."""

    trials: pd.DataFrame
    """One row a trial: method, trial (from 0, the method's own settings), score on validation, problem, settings."""
    tuned: dict[str, TunedRecord]
    files: list[Path]

    @property
    def lines(self) -> list[str]:
        """What was chosen, for people."""
        lines = []
        for method, one in self.tuned.items():
            own = self.trials[(self.trials["method"] == method) & (self.trials["trial"] == 0)]["score"].iloc[0]
            failed = f", {one.failed} failed" if one.failed else ""
            shown = "undefined" if math.isnan(own) else f"{own:.4f}"
            lines.append(
                f"{method}: validation {one.metric} {one.best:.4f} on {one.data_set}, best of {one.trials} trials"
                f"{failed} (own settings: {shown}): {settings_text(sections_of_values(one.chosen))}"
            )
        return [*lines, *(f"Settings: {file}" for file in self.files)]

    def to_json(self) -> dict[str, Any]:
        """The same for machines."""
        tuned = {method: one.model_dump(mode="json") for method, one in self.tuned.items()}
        trials = self.trials.astype(object).where(self.trials.notna(), None).to_dict("records")
        return {"tuned": tuned, "trials": trials, "files": [str(file) for file in self.files]}


def execute_tuning(request: TuneRequest, *, quiet: bool) -> Tuning:
    """Make the trials that are missing and write the files of the best settings.

    Raises:
        BenchError: before any work for wrong names, settings, data or folders; else with finished trials kept.
        TrainingError: no trial of a method gave a score.
    """
    require_optuna()
    report = Report(quiet=quiet)
    check_request(request.run)
    names, run = _checked(request)
    plans, _ = make_plan(
        names, run.tasks, run.protocols, run.backbones, run.seeds, run.profile, run.settings, run.config
    )
    contestants = {m: Contestant(next(plan for plan in plans if plan.method == m), run) for m in names}
    files = _files(request.out, names)
    world, options = prepare_world(plans, run, report)
    from bench.runs.tuning.scores import ValidationScores

    scores = ValidationScores(options, world, report)
    found = {m: try_settings(one, request.trials, request.sampler, scores, report) for m, one in contestants.items()}
    tuned = {m: _summary(contestants[m], trials, request, world) for m, trials in found.items()}
    _write(files, tuned)
    return Tuning(_table(found), tuned, list(files))


def require_optuna() -> None:
    """Raises `UsageError` where the package that proposes settings is not installed."""
    if importlib.util.find_spec("optuna") is None:
        raise UsageError("bench tune needs the package optuna, which is not installed: pip install 'optuna>=4.0'.")


def _checked(request: TuneRequest) -> tuple[list[str], RunRequest]:
    """Names of the methods, and the request with one protocol and its own results folder. Raises `UsageError`."""
    run = request.run
    if request.trials < 2:
        raise UsageError(f"--trials {request.trials}: the first trial is of the method's own settings; give 2 or more.")
    if request.sampler not in SAMPLERS:
        hint = closest(request.sampler, SAMPLERS)
        raise UsageError(f"Unknown sampler {request.sampler!r}.{hint} Known: {', '.join(SAMPLERS)}.")
    names = expand_names(run.methods, methods())
    if "all" in run.methods:
        names = [name for name in names if methods().get(name).search_space]
    for what, several in (("task", run.tasks), ("protocol", run.protocols), ("backbone", run.backbones)):
        if len(several) > 1 or "all" in several or (what == "task" and not several):
            raise UsageError(f"bench tune takes one {what}, found {', '.join(several) or 'none'}.")
    task: Task = registry.tasks().get(run.tasks[0])
    protocol = run.protocols or (("knn",) if applies("knn", task) else (task.protocol,))
    return names, replace(run, protocols=protocol, results=run.results / FOLDER)


def _files(out: Path | None, names: Sequence[str]) -> dict[Path, list[str]]:
    """File -> the methods whose settings it gets. Raises `UsageError` or `StorageError` where it cannot be written."""
    files = {out: list(names)} if out else {Path("tuned") / f"{name}.toml": [name] for name in names}
    for file in files:
        require_writable(file.parent, "output")
        if file.exists() and not _is_own(file):
            raise UsageError(f"{one_line(file)} is there and was not written by bench tune. {OTHER_FILE}")
    return files


def _is_own(file: Path) -> bool:
    with reading(file, OTHER_FILE, UsageError):
        return content_of(file).startswith(HEADER.encode())


def _summary(contestant: Contestant, trials: Sequence[Trial], request: TuneRequest, world: World) -> TunedRecord:
    """The best trial and where it comes from. Raises `TrainingError` where none has a score."""
    plan, run, space = contestant.plan, contestant.run, contestant.space
    scored = [trial for trial in trials if not trial.problem]
    if not scored:
        raise TrainingError(f"No trial of {plan.method} gave a score. The last one: {trials[-1].problem}")
    best = max(scored, key=lambda trial: trial.score)  # the first of equal ones
    data = world.data(plan.task.data)
    set_ = contestant.config.model_dump(mode="json")["overrides"]
    return TunedRecord(
        trials=len(trials),
        failed=len(trials) - len(scored),
        sampler=request.sampler,
        sampler_seed=SAMPLER_SEED,
        space={name: dimension.text for name, dimension in space.items()},
        chosen=_set({name: best.settings.get(name, dimension.own) for name, dimension in space.items()}),
        fixed=_set({f"{section}.{key}": value for section, values in set_.items() for key, value in values.items()}),
        best=best.score,
        metric=plan.task.metric,
        task=plan.task.name,
        data_set=plan.task.data.name,
        data=data.kind,
        data_fingerprint=data.fingerprint,
        split=world.split(plan.task.data, run.seeds[0]).given,
        protocol=plan.protocol,
        backbone=plan.backbone,
        profile=contestant.config.profile,
        corpus=Path(run.corpus).name,
        seeds=list(run.seeds),
    )


def _set(values: Mapping[str, Any]) -> dict[str, Any]:
    """What has a value: a file of settings cannot say that one has none."""
    return {name: value for name, value in values.items() if value is not None}


def _write(files: Mapping[Path, Sequence[str]], tuned: Mapping[str, TunedRecord]) -> None:
    for file, names in files.items():
        chosen = {name: sections_of_values(tuned[name].chosen) for name in names}
        write_text(file, settings_file_text(chosen, {name: tuned[name] for name in names}))


def _table(found: Mapping[str, Sequence[Trial]]) -> pd.DataFrame:
    rows = [
        {"method": method, "trial": number, "score": trial.score, "problem": trial.problem, **trial.settings}
        for method, trials in found.items()
        for number, trial in enumerate(trials)
    ]
    return pd.DataFrame(rows)
