"""Training losses of the pretrainings whose logs are still in the cache."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable
from pathlib import Path

from bench.core.cache_folder import encoder_folder
from bench.core.reading import text_of
from bench.results.record import Record
from bench.results.report.extras import Curve

LOG_FILE = "log.csv"
"""As `bench.pretraining.log` names it, which needs torch."""
LOSS = "loss"


def curves_of(records: Iterable[Record], cache: Path) -> dict[str, Curve]:
    """Hash of a checkpoint -> its training loss; a log that is gone or damaged is left out."""
    found: dict[str, Curve] = {}
    for record in records:
        checkpoint = record.hashes.get("checkpoint", "")
        if record.corpus is None or checkpoint in found:
            continue
        curve = read_curve(encoder_folder(record.method, checkpoint, cache) / LOG_FILE)
        if curve is not None:
            found[checkpoint] = curve
    return found


def read_curve(log: Path) -> Curve | None:
    """The loss by step, from the rows that have both; None where there is none."""
    try:
        rows = list(csv.DictReader(io.StringIO(text_of(log), newline="")))
    except (OSError, UnicodeDecodeError, csv.Error):
        return None
    pairs = [(_number(row.get("step")), _number(row.get(LOSS))) for row in rows]
    known = [(step, loss) for step, loss in pairs if math.isfinite(step) and math.isfinite(loss)]
    if not known:
        return None
    steps, losses = zip(*known, strict=True)
    return Curve("loss of pretraining", steps, losses)


def _number(text: str | None) -> float:
    try:
        return float(text or "nan")
    except ValueError:
        return math.nan
