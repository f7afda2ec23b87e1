"""Test cases that the weights of a run are known to have been pretrained on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.core.console import Report
from bench.core.method import Method
from bench.core.settings import SeenRecord
from bench.core.task import DataSet
from bench.data.content import content_keys
from bench.data.published.past import Past, seen_cases
from bench.models.weights.method import Weights
from bench.results.companions import SplitFiles
from bench.results.record import Record
from bench.runs.resolve import ResolvedRun
from bench.runs.world import World


@dataclass(frozen=True)
class Seen:
    """The cases of each side of a split that weights saw."""

    past: Past
    sides: dict[str, dict[str, str]]
    """Side -> case -> the label of the list that it is in."""

    @property
    def test(self) -> tuple[str, ...]:
        """The test cases."""
        return tuple(self.sides["test"])

    def record(self, beside: SplitFiles) -> SeenRecord:
        """The counts; writes the names. Raises `StorageError`."""
        written = beside.write_seen(self.sides)
        return SeenRecord(
            file=written.file,
            sha256=written.sha256,
            n_test=len(self.sides["test"]),
            n_validation=len(self.sides["validation"]),
            n_train=len(self.sides["train"]),
            past=self.past.fingerprint,
            statement=self.past.statement,
            sources=dict(sorted(Counter(self.sides["test"].values()).items())),
        )


def past_of(method: Method) -> Past | None:
    """What a method's weights from a file were pretrained on, where their entry names it."""
    return method.past if isinstance(method, Weights) else None


def find_seen(method: Method, data_set: DataSet, seed: int, world: World) -> Seen | None:
    """The cases that a method's weights saw; None where nothing is named that they were pretrained on."""
    past = past_of(method)
    if past is None:
        return None
    data, split = world.data(data_set), world.split(data_set, seed)
    found = seen_cases(data, past, content_keys(data, world.copies(data_set).contents))
    sides = {side: {c.id: found[c.id] for c in cases if c.id in found} for side, cases in split.sides.items()}
    return Seen(past, sides)


def seen_notes(seen: Seen | None, data_set: DataSet, n_test: int) -> list[str]:
    """What a reader of the score must know, where test cases were seen."""
    if seen is None or not seen.test:
        return []
    lists = ", ".join(sorted(set(seen.sides["test"].values())))
    return [
        f"{data_set.name}: the weights were pretrained on {len(seen.test)} of {n_test} test cases ({lists}). The score "
        "without them stands beside."
    ]


def notes_of_seen(run: ResolvedRun, world: World) -> list[str]:
    """The same of a run that is to be made. Raises `DataError`."""
    data_set, seed = run.plan.task.data, run.plan.seed
    return seen_notes(find_seen(run.method, data_set, seed, world), data_set, len(world.split(data_set, seed).test))


def warn_of_other_pasts(runs: Sequence[ResolvedRun], known: Mapping[str, Record], report: Report) -> None:
    """One warning where stored runs know another past of their weights than this command names."""
    old = [
        run
        for run in runs
        if (past := past_of(run.method)) is not None
        and (run.identity in known)
        and ((seen := known[run.identity].seen) is None or seen.past != past.fingerprint)
    ]
    if old:
        report.warn(
            f"{len(old)} stored runs of {', '.join(sorted({run.plan.method for run in old}))} know another past of the "
            "weights than their entry names now, or none, and are not made again; delete their records to do so."
        )
