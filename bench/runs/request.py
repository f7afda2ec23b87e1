"""What a user asked to run, as the command line read it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class RunRequest:
    """The command `bench run` as it was typed."""

    methods: str = ""
    tasks: str = ""
    protocols: str | None
    backbones: str | None
    seeds: tuple[int, ...]
    profile: str
    overrides: tuple[str, ...]
    corpus: str
    data_root: Path | None
    plugins: tuple[Path, ...]
    results: Path
    cache: Path | None
    device: str
    workers: int | None
    compile: bool | None
    split: Path | None = None
    save_predictions: bool = False
    checkpoints: tuple[str, ...] = ()
    """Weights from files that take part, see `bench.models.weights.sources`."""
