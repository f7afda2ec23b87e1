"""`behaviour.lock`: for each component its version, a hash of its source, and what its canary gave.

Versions are raised by people; this file keeps them honest. Where a canary gives something else than in the lock and
the version is the same, somebody changed behaviour and did not say so.
"""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch

from bench.core.console import Report
from bench.core.errors import StorageError, UsageError
from bench.core.files import write_text
from bench.dev.components import Component
from bench.dev.made_up import QUIET, Values

LOCK_FILE = "behaviour.lock"
RELATIVE, ABSOLUTE = 1e-2, 2e-3
"""How far a number may be from the lock's: another processor or library rounds differently, and a few steps of
training carry that on."""
Entry = Mapping[str, Any]
State = Literal["as locked", "source changed", "version raised", "new", "behaviour changed", "version lowered"]
BROKEN: tuple[State, ...] = ("behaviour changed", "version lowered")
"""What no refreshing of the lock mends."""
STALE: tuple[State, ...] = ("version raised", "new")
"""What refreshing the lock mends, and must, before it is committed."""


@dataclass(frozen=True)
class Finding:
    """How one component stands to the lock."""

    component: Component
    state: State
    values: Values
    differences: tuple[str, ...] = ()

    def __str__(self) -> str:
        name, version = self.component.name, self.component.version
        if self.state == "behaviour changed":
            shown = "; ".join(self.differences[:3])
            return (
                f"{name} (version {version}) no longer gives what {LOCK_FILE} has: {shown}. Raise its version and run "
                "`bench dev lock`, or undo the change."
            )
        if self.state == "version lowered":
            return f"{name} has version {version}, which is below the one in {LOCK_FILE}. Versions only rise."
        if self.state in STALE:
            return f"{name}: {self.state} ({version}). Run `bench dev lock` and commit {LOCK_FILE}."
        return f"{name}: {self.state}"


def read_lock(path: Path) -> dict[str, Entry]:
    """Component -> entry. Raises `UsageError` without such a file and `StorageError` for one that is no lock."""
    try:
        entries: dict[str, Entry] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UsageError(f"{path}: no such file. Run this in a checkout, or name the file: --lock FILE.") from error
    except ValueError as error:
        raise StorageError(f"{path} is not readable: {error}. Restore it from the repository.") from error
    return entries


def check(components: Iterable[Component], locked: Mapping[str, Entry], report: Report = QUIET) -> list[Finding]:
    """Make the canary of each component and hold it against the lock."""
    torch.set_num_threads(1)  # the order of a sum depends on the number of threads
    chosen = list(components)
    findings = []
    with report.live(), report.stage("canaries", len(chosen)) as advance:
        for component in chosen:
            findings.append(_check(component, locked.get(component.name)))
            advance(component.name)
    return findings


def refresh(path: Path, findings: Iterable[Finding], others: Mapping[str, Entry]) -> None:
    """Write the lock from findings, and entries of components that were not looked at. Raises `StorageError`."""
    entries = {**others, **{f.component.name: _entry(f) for f in findings}}
    lines = [f"{json.dumps(name)}: {json.dumps(entries[name], sort_keys=True)}" for name in sorted(entries)]
    write_text(path, "{\n" + ",\n".join(lines) + "\n}\n")


def _check(component: Component, locked: Entry | None) -> Finding:
    with tempfile.TemporaryDirectory() as folder:
        values = {
            name: value if isinstance(value, str) else _rounded(value)
            for name, value in component.canary(Path(folder)).items()
        }
    if locked is None:
        return Finding(component, "new", values)
    if locked["version"] != component.version:
        lowered = isinstance(component.version, int) and component.version < locked["version"]
        return Finding(component, "version lowered" if lowered else "version raised", values)
    differences = tuple(compare(locked["canary"], values))
    if differences:
        return Finding(component, "behaviour changed", values, differences)
    changed = locked["source"] != component.source
    return Finding(component, "source changed" if changed else "as locked", locked["canary"])


def compare(before: Values, now: Values) -> Iterable[str]:
    """What differs by more than rounding, in words."""
    for name in sorted({*before, *now}):
        if name not in before or name not in now:
            yield f"{name} is {'new' if name in now else 'gone'}"
            continue
        old, new = before[name], now[name]
        if isinstance(old, str) or isinstance(new, str):
            if old != new:
                yield f"{name} was {str(old)[:60]} and is {str(new)[:60]}"
        elif len(old) != len(new):
            yield f"{name} had {len(old)} numbers and has {len(new)}"
        else:
            far = [
                (a, b)
                for a, b in zip(old, new, strict=True)
                if not math.isclose(a, b, rel_tol=RELATIVE, abs_tol=ABSOLUTE)
            ]
            if far:
                yield f"{len(far)} of {len(old)} numbers of {name}, as {far[0][0]:g}, which is {far[0][1]:g}"


def _entry(finding: Finding) -> Entry:
    component = finding.component
    return {"version": component.version, "source": component.source, "canary": finding.values}


def _rounded(values: list[float]) -> list[float]:
    return [float(f"{value:.5g}") for value in values]
