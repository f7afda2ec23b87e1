"""What pretrainings and adaptations logged, as far as their logs are still in the cache."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from bench.core.cache_folder import EPOCHS_FILE, LOG_FILE, encoder_folder, log_folder, of_rate
from bench.core.reading import text_of
from bench.results.record import Record
from bench.results.report.extras import Curve, CurveLine
from bench.results.store import place_of_record

LOSS = "loss"
SIDES = {"training": LOSS, "validation": f"validation_{LOSS}"}
"""Name of a line -> column of it."""
Rows = Sequence[Mapping[str, str]]


def curves_of(records: Iterable[Record], cache: Path) -> dict[str, tuple[Curve, ...]]:
    """Hash of a checkpoint, or identity of a run -> its curves; a log that is gone or damaged is left out."""
    found: dict[str, tuple[Curve, ...]] = {}
    for record in records:
        checkpoint = record.hashes.get("checkpoint", "")
        if record.corpus is not None and checkpoint not in found:
            log = encoder_folder(record.method, checkpoint, cache) / LOG_FILE
            found[checkpoint] = _pretraining(_rows(log))
        found[record.identity] = _adaptation(_rows(log_folder(place_of_record(record), cache) / EPOCHS_FILE), record)
    return {key: curves for key, curves in found.items() if curves}


def _pretraining(rows: Rows) -> tuple[Curve, ...]:
    line = _line(rows, "step", LOSS)
    return (Curve("loss of pretraining", "step", (line,)),) if line else ()


def _adaptation(rows: Rows, record: Record) -> tuple[Curve, ...]:
    """Losses, of several heads that of the chosen one, and the headline metric where every epoch was scored."""
    rate = record.selection.get("rate")
    lines = [_line(rows, "epoch", c if rate is None else of_rate(c, rate), name) for name, c in SIDES.items()]
    score = _line(rows, "epoch", f"validation_{record.metric}", scale=100)
    curves = (
        Curve("loss of adaptation", "epoch", tuple(line for line in lines if line)),
        Curve(f"{record.metric} on validation data (percent)", "epoch", (score,) if score else ()),
    )
    return tuple(curve for curve in curves if curve.lines)


def _rows(log: Path) -> Rows:
    try:
        return list(csv.DictReader(io.StringIO(text_of(log), newline="")))
    except (OSError, UnicodeDecodeError, csv.Error):
        return []


def _line(rows: Rows, x: str, column: str, name: str = "", scale: float = 1) -> CurveLine | None:
    """A column, from the rows that have both; None where there is none."""
    pairs = [(_number(row.get(x)), scale * _number(row.get(column))) for row in rows]
    known = [(step, value) for step, value in pairs if math.isfinite(step) and math.isfinite(value)]
    if not known:
        return None
    steps, values = zip(*known, strict=True)
    return CurveLine(name, steps, values)


def _number(text: str | None) -> float:
    try:
        return float(text or "nan")
    except ValueError:
        return math.nan
