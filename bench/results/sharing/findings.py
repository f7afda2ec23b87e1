"""What does not hold of stored results: the file, the field where one can be named, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from bench.core.escape import one_line

NOT_TOLD = object()
"""Where nothing says what a field was."""


@dataclass(frozen=True)
class Finding:
    """One thing that does not hold."""

    path: str
    """Of the file, below the results folder or in a bundle."""
    field: str
    """Its name with dots, as `metrics.accuracy`; empty for the file as a whole."""
    reason: str
    before: Any = NOT_TOLD
    """What the field must have been, where that follows from something else."""

    def __str__(self) -> str:
        where = f"{one_line(self.path)}: {one_line(self.field)}" if self.field else one_line(self.path)
        return f"{where}: {one_line(self.reason)}"


@dataclass
class Verified:
    """What came of checking a results folder or a bundle."""

    records: int = 0
    wrong: set[str] = field(default_factory=set)
    """Paths of files that should be records and do not hold."""
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What a reader should know, and what is no fault."""
    rescored: Counter[str] = field(default_factory=Counter)
    """From what scores were computed again -> records."""
    against_data: Counter[str] = field(default_factory=Counter)
    """What came of holding records against their data set -> records; empty where no data are at hand."""

    @property
    def holds(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    def add(self, path: str, found: Iterable[Finding]) -> None:
        """Take in what was found of the record at `path`."""
        found = list(found)
        self.findings += found
        if found:
            self.wrong.add(path)

    @property
    def summary(self) -> list[str]:
        """How many records hold, and from what their scores were computed again."""
        held = self.records - len(self.wrong)
        lines = [f"{self.records} records: {held} hold, {len(self.wrong)} do not ({len(self.findings)} findings)"]
        for title, counted in (("scores computed again", self.rescored), ("data", self.against_data)):
            if counted:
                lines.append(f"{title}: " + "; ".join(f"{what} {n}" for what, n in sorted(counted.items())))
        return lines

    def to_json(self) -> dict[str, Any]:
        """The same for machines."""
        return {
            "records": self.records,
            "holds": self.holds,
            "wrong": sorted(self.wrong),
            "findings": [{k: v for k, v in asdict(one).items() if k != "before"} for one in self.findings],
            "notes": self.notes,
            "rescored": dict(self.rescored),
            "data": dict(self.against_data),
        }


def one_each(findings: Iterable[Finding]) -> list[Finding]:
    """One finding for each field: of several the first that says what the field was, else the first."""
    found: dict[tuple[str, str, str], Finding] = {}
    for one in findings:
        key = (one.path, one.field, "" if one.field else one.reason)
        if key not in found or (found[key].before is NOT_TOLD and one.before is not NOT_TOLD):
            found[key] = one
    return list(found.values())


def listed(findings: Sequence[Finding], most: int = 20) -> str:
    """Findings as the lines of an error, all or the first of many."""
    lines = [f"- {one}" for one in findings[:most]]
    return "\n".join([*lines, *([f"- and {len(findings) - most} more"] if len(findings) > most else [])])
