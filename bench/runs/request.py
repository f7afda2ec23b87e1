"""What a user asked to run, from the command line or from Python."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bench.core.settings import Overrides

Names = str | Iterable[str] | None
"""One name, several, or none."""


@dataclass(frozen=True, kw_only=True)
class RunRequest:
    """A grid of runs and how to run them."""

    methods: tuple[str, ...] = ()
    """Names, or `all`."""
    tasks: tuple[str, ...] = ()
    """Names, or `all`."""
    protocols: tuple[str, ...] = ()
    """None: each task's own."""
    backbones: tuple[str, ...] = ()
    """None: the checkpoints' own, else the profile's."""
    seeds: tuple[int, ...] = (0, 1, 2)
    profile: str = "quick"
    settings: Overrides = field(default_factory=dict)
    """Section (`method`, `pretrain`, `task`, `protocol`) -> setting -> value."""
    corpus: str = "pool"
    data_root: Path | None = None
    plugins: tuple[Path, ...] = ()
    results: Path = Path("results")
    cache: Path | None = None
    device: str = "auto"
    workers: int | None = None
    compile: bool | None = None
    split: Path | None = None
    save_predictions: bool = False
    checkpoints: tuple[str, ...] = ()
    """Weights from files that take part, see `bench.models.weights.sources`."""


def names_of(names: Names) -> tuple[str, ...]:
    """One name, several or none, as a tuple of names without blanks around them; empty names are left out."""
    several: Iterable[str] = () if names is None else [names] if isinstance(names, str) else names
    return tuple(name.strip() for name in several if name.strip())


def seeds_of(seeds: int | Iterable[int]) -> tuple[int, ...]:
    """A number of seeds, as 0 to N-1, or the seeds themselves, once each."""
    return tuple(range(seeds)) if isinstance(seeds, int) else tuple(dict.fromkeys(seeds))


def paths_of(paths: Iterable[str | Path]) -> tuple[Path, ...]:
    """Several paths, as a tuple."""
    return tuple(map(Path, paths))


def sections_of(settings: Mapping[str, object]) -> list[tuple[str, str, object]]:
    """`{"method.temperature": 0.2}` and `{"method": {"temperature": 0.2}}` as (section, setting, value)."""
    rows: list[tuple[str, str, object]] = []
    for name, value in settings.items():
        if isinstance(value, Mapping):
            rows += [(name, str(key), item) for key, item in value.items()]
        else:
            section, _, key = name.partition(".")
            rows.append((section, key, value))
    return rows
