"""The runs of a part of a grid: a shard of it, or one unit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bench.core.console import Report
from bench.results.record import Record
from bench.runs.engines.resources import unit_seconds
from bench.runs.engines.shards import Part, cut, cut_name, unit_named
from bench.runs.engines.unit import units_of
from bench.runs.resolve import ResolvedRun
from bench.runs.studies.costs import Costs


def runs_of(part: Part, runs: Sequence[ResolvedRun], records: Iterable[Record], report: Report) -> list[ResolvedRun]:
    """The runs of a part, stored ones among them, so that a cut is the same whatever is finished.

    Runs that share an encoder stay together. `records` tell what units cost; those of the grid itself do not count, for
    other shards add to them meanwhile.

    Raises:
        UsageError: no unit has the name.
    """
    units = {unit.key: unit for unit in units_of(runs)}
    if part.unit:
        return list(units[unit_named(list(units), part.unit)].runs)
    if part.shard is None:
        return list(runs)
    own = {run.identity for run in runs}
    costs = Costs(record for record in records if record.identity not in own)
    shards = cut({key: unit_seconds(unit, costs) for key, unit in units.items()}, part.shard.total)
    keys = set(shards[part.shard.number - 1])
    chosen = [run for run in runs if run.hashes["checkpoint"] in keys]
    report.say(
        f"shard {part.shard}: {len(keys)} of {len(units)} units, {len(chosen)} of {len(runs)} runs "
        f"(cut {cut_name(shards)}; all shards must name the same)"
    )
    return chosen
