"""Parts of a grid, for machines that know nothing of each other: one shard of several, or one unit by its name."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from bench.core.digest import digest
from bench.core.errors import UsageError

UNIT_DIGITS = 16
"""Of the hash of a checkpoint that name a unit; as many as its folder in the cache has."""


@dataclass(frozen=True)
class Shard:
    """Part `number` (from 1) of `total`."""

    number: int
    total: int

    @classmethod
    def parse(cls, text: str) -> Shard:
        """`2/4` -> the second of four. Raises `UsageError`."""
        found = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text.strip())
        shard = cls(int(found[1]), int(found[2])) if found else cls(0, 0)
        if not 1 <= shard.number <= shard.total:
            raise UsageError(f"--shard {text}: expected i/n with i from 1 to n, for example --shard 1/4.")
        return shard

    def __str__(self) -> str:
        return f"{self.number}/{self.total}"


@dataclass(frozen=True)
class Part:
    """What of a grid a command carries out: all of it, a shard, or one unit by the first digits of its key."""

    shard: Shard | None = None
    unit: str = ""

    @classmethod
    def of(cls, shard: str, unit: str) -> Part:
        """As a command names it. Raises `UsageError`."""
        if shard and unit:
            raise UsageError("--shard and --unit exclude each other. Leave one of them out.")
        return cls(Shard.parse(shard) if shard else None, unit)


def cut(costs: Mapping[str, float | None], total: int) -> list[list[str]]:
    """Units, by their keys and the seconds that each should take, in `total` shards of about equal length.

    The longest first, each to the shard that has least (Graham 1969); equal ones by key, so that the same units and
    costs give the same shards everywhere. Where nothing is known of a unit, it counts as the median of the others.
    """
    known = [seconds for seconds in costs.values() if seconds]
    middle = median(known) if known else 1.0
    weights = {key: seconds or middle for key, seconds in costs.items()}
    shards: list[list[str]] = [[] for _ in range(total)]
    loads = [0.0] * total
    for key in sorted(weights, key=lambda key: (-weights[key], key)):
        lightest = loads.index(min(loads))
        shards[lightest].append(key)
        loads[lightest] += weights[key]
    return shards


def cut_name(shards: Sequence[Sequence[str]]) -> str:
    """A short name of a cut, which shards that were started apart can be compared by."""
    return digest([sorted(shard) for shard in shards])[:8]


def unit_named(keys: Sequence[str], name: str) -> str:
    """The key of the unit that a command names by its first digits. Raises `UsageError`."""
    found = [key for key in keys if key.startswith(name)] if len(name) >= 6 else []
    if len(found) != 1:
        raise UsageError(
            f"--unit {name}: {len(found) or 'no'} units of this grid have this name. Settings, versions or data are "
            "others than when the script was made; make it again: bench plan --slurm with the options of this grid."
        )
    return found[0]
