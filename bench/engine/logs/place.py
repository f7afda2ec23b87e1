"""Where the log of a training goes; this module needs no torch, so that a command is checked at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from bench.core.errors import UsageError, unknown

WANDB = "wandb"
ELSEWHERE = (WANDB,)
"""What `--log` takes; CSV files and TensorBoard are always written."""
ALWAYS = "CSV files and TensorBoard are written without --log."


@dataclass(frozen=True)
class LogPlace:
    """Where the log of a training goes."""

    folder: Path
    name: str
    """Of the training, for people."""
    identity: str
    elsewhere: tuple[str, ...] = ()
    """Of `ELSEWHERE`."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Names and settings that a log elsewhere stands with."""


def check_elsewhere(names: Iterable[str]) -> None:
    """Raise `UsageError` for what `--log` does not take, or where its package is not installed."""
    for name in names:
        if name not in ELSEWHERE:
            raise unknown("log", name, ELSEWHERE, ALWAYS)
        spec = find_spec(name)
        if spec is None or spec.origin is None:  # a folder of that name is a package without an origin
            raise UsageError(
                f"--log {name}: its package is not installed. Install it: pip install 'medical-ssl-bench[{name}]', or "
                f"leave --log out. {ALWAYS}"
            )
