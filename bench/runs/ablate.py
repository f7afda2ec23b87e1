"""`bench ablate`: a method beside itself with one part taken away or one value changed, as ordinary runs over seeds."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from bench.core import registry
from bench.core.console import Report
from bench.core.errors import PluginError, UsageError, unknown
from bench.core.settings import Overrides
from bench.core.task import Task
from bench.results.ablation_text import tables_text
from bench.results.ablations import FULL, ablation_board, write_ablations
from bench.results.boards import write_tables
from bench.results.index import read_frame
from bench.results.leaderboard import to_frame
from bench.results.record import Record
from bench.results.store import Store, lines_of
from bench.runs.checks import check_request
from bench.runs.config import resolve
from bench.runs.plan import PlannedRun, applies, make_plan
from bench.runs.request import RunRequest
from bench.runs.session import carry_out, raise_failures

Ablations = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class AblationRequest:
    """The command `bench ablate` as it was typed; `run` holds the options it shares with `bench run`."""

    run: RunRequest
    only: tuple[str, ...]
    against: tuple[str, ...]
    from_records: bool


@dataclass(frozen=True)
class AblationSummary:
    """What an ablation has to say at its end."""

    board: pd.DataFrame
    files: list[Path]
    made: int

    def text(self, *, markdown: bool) -> str:
        """The tables for a terminal, or as Markdown."""
        return tables_text(self.board, markdown=markdown)

    def to_json(self) -> dict[str, Any]:
        """The same for machines."""
        rows = json.loads(self.board.to_json(orient="records"))
        return {"made": self.made, "rows": rows, "files": [str(f) for f in self.files]}


def execute_ablation(request: AblationRequest, *, quiet: bool) -> AblationSummary:
    """Run what is missing of an ablation, or nothing with `from_records`, and tabulate it from the records.

    Raises:
        BenchError: before any work for wrong names, settings, data or folders; otherwise with finished runs kept.
        RunsFailed: at the end, for runs that failed; its `result` is what this returns otherwise, of whole seeds.
    """
    run, report = request.run, Report(quiet=quiet)
    check_request(run)
    method, task = _one_method(run), _one_task(run)
    ablations = find_ablations(method, request.only)
    if request.from_records:
        return _from_records(run, ablations, task)
    plans = plan_ablation(request, ablations, task, report)
    outcome = carry_out(plans, run, report)
    if not outcome.records:
        raise_failures(outcome, None)
    files = write_tables(run.results, read_frame(Store(run.results), run.cache)[0])
    board = ablation_board(outcome.records, method, ablations, run.results / "published")
    summary = AblationSummary(board, _own_files(files, method, task, outcome.records), outcome.made)
    raise_failures(outcome, summary)
    return summary


def _from_records(run: RunRequest, ablations: Ablations, task: Task) -> AblationSummary:
    method = _one_method(run)
    records, problems = Store(run.results).load()
    for line in lines_of(problems):
        Report().warn(line)
    own = [r for r in records if (r.data_set, r.kind, r.profile) == (task.data.name, task.kind, run.profile)]
    board = ablation_board(own, method, ablations, run.results / "published")
    if board.empty:
        raise UsageError(
            f"No ablation of {method} on the data set {task.data.name} ({run.profile}) in {run.results / 'runs'}: "
            f"it takes runs of {FULL!r} and of another setting. Make them with the same command without --from-records."
        )
    return AblationSummary(board, _own_files(write_ablations(run.results, to_frame(records)), method, task, own), 0)


def _own_files(files: Iterable[Path], method: str, task: Task, records: Sequence[Record]) -> list[Path]:
    names = {f"ablation-{method}-{task.data.name}-{r.data}-{r.profile}" for r in records}
    return [f for f in files if f.stem in names]


def find_ablations(method: str, only: Sequence[str] = ()) -> dict[str, Mapping[str, Any]]:
    """The ablations of a method: `full` first, then those named in `only`, or all, as the method declares them.

    Raises:
        UsageError: an unknown method or ablation, or a method that declares none.
        PluginError: a declared ablation is called `full` or sets what the method's config does not have.
    """
    cls = registry.methods().get(method)
    declared: Ablations = cls.ablations
    if not declared:
        others = ", ".join(n for n, one in registry.methods().working().items() if one.ablations) or "none"
        raise UsageError(
            f"The method {method!r} declares no ablations. Methods that do: {others}. Declare them as the class "
            "attribute `ablations` (docs/add_a_method.md)."
        )
    foreign = sorted({key for changes in declared.values() for key in changes} - set(cls.config_class.model_fields))
    if foreign or FULL in declared:
        problem = f"is called {FULL!r}, which is the method itself" if FULL in declared else f"sets unknown {foreign}"
        raise PluginError(f"An ablation of the method {method!r} {problem}. Correct its table `ablations`.")
    for name in only:
        if name not in declared and name != FULL:
            raise unknown("ablation", name, declared, f"Describe them: bench show {method}.")
    return {FULL: {}} | {name: changes for name, changes in declared.items() if not only or name in only}


def _one_task(run: RunRequest) -> Task:
    if len(run.tasks) != 1 or run.tasks == ("all",):
        raise UsageError(f"bench ablate takes one task, found {', '.join(run.tasks) or 'none'}. Call it once for each.")
    task: Task = registry.tasks().get(run.tasks[0])
    return task


def _one_method(run: RunRequest) -> str:
    if len(run.methods) != 1 or run.methods == ("all",):
        found = ", ".join(run.methods) or "none"
        raise UsageError(f"bench ablate takes one method, found {found}. Call it once for each.")
    return run.methods[0]


def plan_ablation(request: AblationRequest, ablations: Ablations, task: Task, report: Report) -> list[PlannedRun]:
    """Ordinary runs: per seed `full`, each ablation, and each method of `against` with the same pretraining budget.

    Raises:
        UsageError: unknown names, settings that an ablation changes too, or nothing to compare `full` with.
    """
    run, overrides = request.run, request.run.settings
    own = run.config.of(_one_method(run), overrides).get("method", {})
    rows = _different(run, ablations, own, report)
    against = list(dict.fromkeys(request.against))
    method = _one_method(run)
    if method in against:
        raise UsageError(f"--against {method}: it is the method that is ablated; its own row is {FULL!r}.")
    if len(rows) < 2:
        raise UsageError(f"Nothing to compare {FULL!r} with: name another ablation with --only, or none for all.")
    protocols = run.protocols or tuple(dict.fromkeys(p for p in (task.protocol, "knn") if applies(p, task)))

    def runs(method: str, seed: int, changes: Mapping[str, Any]) -> list[PlannedRun]:
        settings: Overrides = {s: v for s, v in overrides.items() if s != "method"} | (
            {"method": dict(changes)} if changes else {}
        )
        return make_plan(method, run.tasks, protocols, run.backbones, (seed,), run.profile, settings, run.config)[0]

    contestants = [(method, {**own, **changes}) for changes in rows.values()] + [(m, {}) for m in against]
    return [planned for seed in run.seeds for method, changes in contestants for planned in runs(method, seed, changes)]


def _different(run: RunRequest, ablations: Ablations, own: Mapping[str, Any], report: Report) -> Ablations:
    """The ablations that set something else than those before them; says which do not, under this profile."""
    method = _one_method(run)
    cls = registry.methods().get(method)
    quick = cls.quick if run.profile == "quick" else {}
    seen: dict[str, str] = {}
    rows = {}
    for name, changes in ablations.items():
        if clash := sorted(own.keys() & changes.keys()):
            raise UsageError(
                f"--set method.{clash[0]}, or --config: the ablation {name!r} sets it too. Leave the setting out, or "
                "name the other ablations with --only."
            )
        settings = resolve(cls.config_class, "method", f"method {method!r}", quick, own, changes)
        same = seen.setdefault(settings.model_dump_json(), name)
        if same == name:
            rows[name] = changes
        else:
            report.say(f"{name} equals {same} in the profile {run.profile}: left out")
    return rows
