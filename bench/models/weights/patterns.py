"""The patterns of a TOML entry (`drop`, `allow_missing`): one that matches nothing is a mistake, and named."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase

from bench.core.errors import UsageError


def matches(name: str, patterns: Iterable[str]) -> bool:
    """Whether a name fits any of the patterns, which are those of `fnmatch`."""
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def require_used(key: str, patterns: Sequence[str], names: Sequence[str], others: Sequence[str], where: str) -> None:
    """Raise `UsageError` for a pattern of `key` that matches none of `names`; `others` are names that need none."""
    for pattern in patterns:
        if any(fnmatchcase(name, pattern) for name in names):
            continue
        idle = next((name for name in others if fnmatchcase(name, pattern)), None)
        why = f"nothing (its {idle} needs no pattern)" if idle else f"nothing{_closest(pattern, [*names, *others])}"
        raise UsageError(
            f"{where}: the pattern {pattern!r} of {key} matches {why}. Patterns are matched with names as they are "
            "after the prefix is stripped and the layout translated (docs/weights.md); correct it or take it out."
        )


def _closest(pattern: str, names: Sequence[str]) -> str:
    """` (close: ...)` with up to three near names or groups of names, or nothing."""
    parts = [name.split(".") for name in names]
    groups = {".".join(p[:n]) + ".*" for p in parts for n in range(1, len(p))}
    candidates = sorted(groups) if pattern.endswith("*") else [*names, *sorted(groups)]
    near = get_close_matches(pattern, candidates, n=3, cutoff=0.6)
    return f" (close: {', '.join(near)})" if near else ""
