"""What engines are given and what they give back: units of work, and what became of each run."""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from bench.core.errors import BenchError, RunsFailed
from bench.core.reading import reason_of
from bench.results.record import Record
from bench.runs.resolve import ResolvedRun


@dataclass(frozen=True)
class Unit:
    """One encoder, with its pretraining where it has one, and the evaluations of it; what no cut divides."""

    key: str
    """Hash of the checkpoint."""
    runs: tuple[ResolvedRun, ...]

    @property
    def name(self) -> str:
        """For people: the method, its backbone and the seed."""
        return encoder_name(self.runs[0])


def encoder_name(run: ResolvedRun) -> str:
    """The encoder of a run, for people."""
    return f"{run.plan.contestant} ({run.plan.backbone}, seed {run.plan.seed})"


def units_of(runs: Sequence[ResolvedRun]) -> list[Unit]:
    """Runs by the encoder that they share, in the order of the first of each."""
    shared: dict[str, list[ResolvedRun]] = {}
    for run in runs:
        shared.setdefault(run.hashes["checkpoint"], []).append(run)
    return [Unit(key, tuple(found)) for key, found in shared.items()]


@dataclass(frozen=True)
class Done:
    """A run whose record is stored."""

    identity: str
    record: Record
    made: bool = True
    """False where another command made it meanwhile."""


@dataclass(frozen=True)
class Failure:
    """A run that failed; what is kept of the error are texts, for its frames hold models and batches."""

    identity: str
    run: str
    """What was run, for people."""
    reason: str
    trace: str = ""
    """Of an error that nobody expected."""
    encoder: str = ""
    """The encoder whose pretraining failed, where that is the reason."""
    again: bool = False
    """Whether another try may end differently."""

    @property
    def what(self) -> str:
        """What failed."""
        return f"{self.encoder}: its pretraining" if self.encoder else self.run


Result = Done | Failure


class Engine(Protocol):
    """Carries out units; where and how many at a time is its own."""

    def carry_out(self, units: Sequence[Unit]) -> Iterator[Result]:
        """One result for each run, as they come; what is stored survives whatever happens later.

        Raises:
            StorageError: results can no longer be written.
        """
        ...


def failure_of(run: ResolvedRun, error: Exception, *, pretraining: bool) -> Failure:
    """What is kept of an error."""
    expected = isinstance(error, BenchError)
    reason = str(error) if expected else f"{UNEXPECTED}: {type(error).__name__}: {reason_of(error)}"
    trace = "" if expected else "".join(traceback.format_exception(error))
    return Failure(run.identity, str(run.plan), reason, trace, encoder_name(run) if pretraining else "", not expected)


UNEXPECTED = "an error that nobody expected"


def failed(failures: Sequence[Failure], total: int, result: object = None) -> RunsFailed:
    """One error that says which runs failed and why; a pretraining that several needed once.

    `total` is the number of runs that were to be made, `result` what the others came to.
    """
    by_reason: dict[tuple[str, str], list[Failure]] = {}
    for failure in failures:
        by_reason.setdefault((failure.what, failure.reason), []).append(failure)
    lines = [f"{len(failures)} of {total} runs failed; the others are stored, and the same command tries these again."]
    for (what, reason), found in by_reason.items():
        count = "1 run needs it" if len(found) == 1 else f"{len(found)} runs need it"
        needed = f" ({count}: {'; '.join(one.run for one in found)})" * bool(found[0].encoder)
        lines.append(f"- {what} failed{needed}: {reason}".replace("\n", "\n  "))
    error = RunsFailed("\n".join(lines), result, unexpected=any(failure.trace for failure in failures))
    for trace in dict.fromkeys(failure.trace for failure in failures if failure.trace):
        error.add_note(trace)
    return error
