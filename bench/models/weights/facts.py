"""What `bench show` says about a file of weights, as data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench.data.published.known import pasts_of_format
from bench.engine.seeding import seed_all
from bench.models.build import build_backbone
from bench.models.weights.method import load_into, load_weights
from bench.models.weights.sources import WeightsEntry, default_name


def file_facts(file: Path, backbone: str | None = None) -> dict[str, Any]:
    """What a file holds and how it would be loaded; it is loaded once for the probe, from seed 0.

    `backbone` is the one it is loaded into; default: the one that it fits best.

    Raises:
        UsageError: no such file.
        StorageError: a file that cannot be used, with the reason.
    """
    loaded = load_weights(WeightsEntry(name="file", file=file), backbone)
    seed_all(0)
    record = load_into(build_backbone(loaded.match.backbone), loaded)
    facts = {"file": str(file), "default_name": default_name(file), "backbone": loaded.match.backbone}
    pasts = {one.name: one.facts for one in pasts_of_format(record.format)}
    more = {"known_pasts": pasts, "notices": list(loaded.notices)}
    return {**facts, **record.model_dump(exclude={"file"}), **more}
