"""What `bench show` says about a weight format and about a file of weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench.backbones import build_backbone
from bench.seeding import seed_all
from bench.weights.formats import Format
from bench.weights.layouts import LAYOUTS
from bench.weights.method import load_into, load_weights
from bench.weights.sources import WeightsEntry, default_name


def format_facts(form: Format) -> dict[str, Any]:
    """How a format packs an encoder, and the layouts that may be inside."""
    return {
        "format": f"{form.name}: {form.summary}",
        "looked for in": ", ".join("/".join(container) or "the file itself" for container in form.containers),
        "prefixes stripped": ", ".join(prefix or "none" for prefix in form.prefixes),
        "layouts": {layout.name: f"{layout.summary}; known by {layout.anchor}" for layout in LAYOUTS},
    }


def file_facts(file: Path) -> dict[str, Any]:
    """What a file holds and how it would be loaded; it is loaded once for the probe, from seed 0.

    Raises:
        UsageError: no such file.
        StorageError: a file that cannot be used, with the reason.
    """
    loaded = load_weights(WeightsEntry(name="file", file=file))
    seed_all(0)
    record = load_into(build_backbone(loaded.match.backbone), loaded)
    facts = {"weights": str(file), "default name": default_name(file), "backbone": loaded.match.backbone}
    notices = {"notices": " ".join(loaded.notices)} if loaded.notices else {}
    return {**facts, **record.model_dump(exclude={"file"}), **notices}
