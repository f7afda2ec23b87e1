"""What `bench plan` says: the cells, which pretrainings they share, what is stored, and what it will take."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal

from bench.core.errors import Problems
from bench.runs.plan import PlannedRun

State = Literal["stored", "to run", "wrong"]


@dataclass(frozen=True)
class Cell:
    """One run of a plan."""

    run: PlannedRun
    state: State
    record: str = ""
    """Path of the record, where it is stored."""
    pretraining: str = ""
    """Hash of the pretraining that it shares with others; empty where it has none."""
    encoder_there: bool = False
    """Whether that was made before."""
    pretrain_seconds: float | None = 0.0
    """Of the pretraining, also where it was made before; None where nothing is recorded to go by."""
    seconds: float | None = None
    """Of the evaluation, likewise."""
    problem: str = ""

    def to_json(self) -> dict[str, Any]:
        """The same for machines."""
        run = self.run
        return {
            "method": run.method,
            "settings": {section: dict(values) for section, values in run.overrides.items()},
            "task": run.task.name,
            "protocol": run.protocol,
            "backbone": run.backbone,
            "profile": run.profile,
            "corpus": run.corpus if self.pretraining else None,
            "seed": run.seed,
            "state": self.state,
            "record": self.record or None,
            "pretraining": self.pretraining or None,
            "encoder_stored": self.encoder_there,
            "seconds": self.seconds,
            "problem": self.problem or None,
        }

    @property
    def row(self) -> str:
        """What is the same for all seeds, as a line begins."""
        run = self.run
        corpus = f", corpus {run.corpus}" if self.pretraining else ""
        return f"{run.contestant} on {run.task.name} ({run.protocol}, {run.backbone}, {run.profile}{corpus})"


@dataclass(frozen=True)
class Preview:
    """A plan that was looked up."""

    cells: list[Cell]
    notices: list[str]
    problems: Problems
    devices: tuple[str, ...]
    """Of the records that the estimates are from."""
    from_records: bool
    """Whether stored runs were found by their settings alone."""

    @property
    def missing(self) -> list[Cell]:
        """The cells to run."""
        return [cell for cell in self.cells if cell.state == "to run"]

    @property
    def pretrainings(self) -> list[list[Cell]]:
        """The cells to run that pretrain, those that share a pretraining together."""
        shared: dict[str, list[Cell]] = {}
        for cell in self.missing:
            if cell.pretraining:
                shared.setdefault(cell.pretraining, []).append(cell)
        return list(shared.values())

    @property
    def seconds(self) -> dict[str, list[float | None]]:
        """Part of the work -> seconds of each pretraining to make, and of each evaluation."""
        first = [cells[0] for cells in self.pretrainings if not cells[0].encoder_there]
        return {
            "pretraining": [cell.pretrain_seconds for cell in first],
            "evaluation": [cell.seconds for cell in self.missing],
        }

    @property
    def lines(self) -> list[str]:
        """The plan for people."""
        counts = {state: sum(cell.state == state for cell in self.cells) for state in ("stored", "to run", "wrong")}
        shown = ", ".join(f"{n} {state}" for state, n in counts.items() if n or state != "wrong")
        how = " (by settings, without data)" if self.from_records else ""
        total = f"{len(self.cells)} run{'s' * (len(self.cells) != 1)}"
        lines = [*self.notices, f"{total}: {shown}{how}", *_grouped(self.cells)]
        lines += [f"pretrainings: {len(self.pretrainings)}", *_shared(self.pretrainings)] if self.pretrainings else []
        return lines + self._estimate()

    def _estimate(self) -> list[str]:
        if not self.missing:
            return []
        parts, unknown = [], 0
        for name, found in self.seconds.items():
            known = [one for one in found if one is not None]
            unknown += len(found) - len(known)
            parts.append((name, sum(known)))
        total = sum(seconds for _, seconds in parts)
        rest = f"; {unknown} of these steps have no record to go by and are not in it" if unknown else ""
        if not total:
            return [f"estimate: none, no stored record is of such a run{rest.partition(' and')[0]}"]
        shown = ", ".join(f"{name} {seconds / 3600:.2f}" for name, seconds in parts)
        return [f"estimate: {total / 3600:.2f} hours ({shown}), by records of {' and '.join(self.devices)}{rest}"]

    def to_json(self) -> dict[str, Any]:
        """The same for machines."""
        hours = {name: sum(s for s in found if s is not None) / 3600 for name, found in self.seconds.items()}
        return {
            "cells": [cell.to_json() for cell in self.cells],
            "pretrainings": [
                {
                    "pretraining": cells[0].pretraining,
                    "method": cells[0].run.method,
                    "seed": cells[0].run.seed,
                    "runs": len(cells),
                    "stored": cells[0].encoder_there,
                    "seconds": cells[0].pretrain_seconds,
                }
                for cells in self.pretrainings
            ],
            "hours": hours,
            "steps_without_estimate": sum(one is None for found in self.seconds.values() for one in found),
            "notices": self.notices,
            "problems": [str(one) for one in self.problems.found],
            "by_settings": self.from_records,
        }


def _grouped(cells: Sequence[Cell]) -> Iterator[str]:
    """A line for each row of the later table: which seeds are in which state."""
    rows: dict[str, list[Cell]] = {}
    for cell in cells:
        rows.setdefault(cell.row, []).append(cell)
    for row, found in rows.items():
        ordered = sorted(found, key=lambda cell: cell.state)
        states = (f"{_seeds(list(same))} {state}" for state, same in groupby(ordered, key=lambda cell: cell.state))
        yield f"  {row}: {'; '.join(states)}"


def _shared(pretrainings: Sequence[Sequence[Cell]]) -> Iterator[str]:
    rows: dict[tuple[str, int, bool], list[Cell]] = {}
    for cells in pretrainings:
        run = cells[0].run
        name = f"{run.contestant} ({run.backbone}, {run.profile}, corpus {run.corpus})"
        rows.setdefault((name, len(cells), cells[0].encoder_there), []).append(cells[0])
    for (name, runs, there), found in rows.items():
        shared = f"each for {runs} runs" if runs > 1 else "each for one run"
        took = found[0].pretrain_seconds
        state = "made before" if there else "to make" + ("" if took is None else f", about {took:.0f} s each")
        yield f"  {name}: {_seeds(found)}, {shared}, {state}"


def _seeds(cells: Sequence[Cell]) -> str:
    """`seed 3` or `seeds 0 1 2`."""
    seeds = sorted({cell.run.seed for cell in cells})
    return f"seed{'s' * (len(seeds) > 1)} {' '.join(map(str, seeds))}"
