"""What a reader must know of settings that `bench tune` chose: on what, and whether with as much effort for all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bench.core.console import Report
from bench.core.registry import methods
from bench.results.record import Record
from bench.runs.resolve import ResolvedRun
from bench.runs.world import World


def warn_of_tuning(runs: Sequence[ResolvedRun], known: Mapping[str, Record], world: World, report: Report) -> None:
    """Say what is wrong with how settings were tuned, and which of the stored records do not say that they were."""
    wrong = [line for run in runs for line in tuning_warnings(run, world.data(run.plan.task.data).kind)]
    for line in dict.fromkeys([*wrong, *uneven_tuning(runs)]):
        report.warn(line)
    silent = {r.plan.method for r in runs if r.tuned and r.identity in known and known[r.identity].tuned is None}
    for method in sorted(silent):
        report.warn(
            f"Runs of {method} with these settings were stored before without saying how they were tuned, and stay as "
            "they are; to have it in the tables, delete their records and run again."
        )


def tuning_warnings(run: ResolvedRun, data: str) -> list[str]:
    """What is wrong with how the settings of a run on `data` (real or phantom) were tuned."""
    tuned, plan = run.tuned, run.plan
    if tuned is None:
        return []
    found = []
    if tuned.of(plan.task.data.name, run.facts.data):
        found.append(
            f"were tuned on {tuned.data_set}, which {plan.task.name} scores; data that chose a setting never do"
        )
    if tuned.data != data:
        found.append(f"were tuned on {tuned.data} data, and these are {data}")
    if plan.seed in tuned.seeds:
        found.append(f"were tuned with the seed {plan.seed}, which is scored")
    return [f"The settings of {plan.method} {text}." for text in found]


def uneven_tuning(runs: Sequence[ResolvedRun]) -> list[str]:
    """A line where methods of one command, of those that can be tuned, had other numbers of trials or other data."""
    efforts: dict[str, str] = {}
    for run in runs:
        if methods().get(run.plan.method).search_space:
            efforts[run.plan.method] = run.tuned.text if run.tuned else "not tuned"
    if len(set(efforts.values())) < 2:
        return []
    listed = "; ".join(f"{method}: {effort}" for method, effort in efforts.items())
    return [f"The methods were not tuned alike ({listed}); a difference may come from that alone."]
