"""Records -> ablation tables: each setting of a method beside the method itself, seed by seed. Reads records only.

A *base* is what all runs of a table share: the user's settings of method and pretraining. A record whose method
settings are those of a base plus a declared ablation is a row of that base's table; methods with their own settings,
the same pretraining settings and the same corpus stand below.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bench import registry
from bench.config import settings_text
from bench.files import write_text
from bench.intervals import interval
from bench.leaderboard import summary, to_frame
from bench.records import Record
from bench.report import to_csv

FULL = "full"
TABLE = ["data", "profile", "data_set", "backbone", "base", "corpus", "source"]
COLUMN = ["task", "protocol", "evaluation", "evaluation_settings"]
ROW = ["order", "setting", "changes", "pretraining"]


def ablation_board(
    records: Sequence[Record], method: str, ablations: Mapping[str, Mapping[str, Any]], published: Path | None = None
) -> pd.DataFrame:
    """One row per table, protocol and setting; empty without a `full` and an ablation to compare it with.

    Columns: scores as in the leaderboard; `difference`: mean over common seeds of the setting's score less that of
    `full`, with Student's t interval of these paired differences (not corrected for the number of settings), on test
    and, as `validation_difference`, on validation;
    `pretext_*`: mean accuracy of the pretext task over the last tenth of the pretraining; `reported_*`: the paper's.
    """
    frame = _placed(records, method, {FULL: {}, **ablations})
    if frame.empty:
        return frame
    rows = []
    for key, runs in frame.groupby(TABLE + COLUMN, sort=True):
        full = runs[runs["setting"] == FULL]
        if len(full) == 0 or len(set(full["pretraining"])) > 1 or not (runs["changes"] != "").any():
            continue
        for own_key, own in runs.groupby(ROW, sort=True):
            names = dict(zip(TABLE + COLUMN + ROW, (*key, *own_key), strict=True))
            differences = _difference(own, full, "score") | _difference(own, full, "validation", "validation_")
            rows.append({**names, **summary(own), **differences, **_pretext(own)})
    board = pd.DataFrame(rows)
    if board.empty:
        return board
    board = board.sort_values([*TABLE, *COLUMN, *ROW], kind="stable").drop(columns="order").reset_index(drop=True)
    return _with_reported(board, method, published)


def _placed(records: Sequence[Record], method: str, ablations: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    """The leaderboard's frame of runs, each with its table and row; a run may belong to several tables."""
    own = [row for i, r in enumerate(records) if r.method == method for row in _own_places(i, r, ablations)]
    if not own:
        return pd.DataFrame()
    tables = {(row["base"], row["source"], row["budget"], row["corpus"]) for row in own}
    others: list[dict[str, Any]] = [
        {"index": i, "base": base, "source": source, "corpus": corpus}
        | {"order": len(ablations), "setting": r.method, "changes": ""}
        for i, r in enumerate(records)
        if r.method != method and not r.overrides.get("method")
        for base, source, budget, corpus in tables
        if r.corpus is None or (_text(r, "pretrain"), r.corpus.label) == (budget, corpus)
    ]
    places = pd.DataFrame(own + others).drop(columns="budget").set_index("index")
    facts = to_frame(records).drop(columns="corpus")
    facts["evaluation_settings"] = [_text(r, "task", "protocol") for r in records]
    facts["logged"] = pd.Series([r.logged for r in records], dtype=object)
    return places.join(facts)


def _own_places(index: int, record: Record, ablations: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    set_ = record.overrides.get("method", {})
    whole = _plain(record.config.get("method", {}) | set_)
    places = []
    for order, (name, changes) in enumerate(ablations.items()):
        # a value that is the profile's anyway is not among what was set
        if not changes or (changes.keys() & set_.keys() and _plain(changes).items() <= whole.items()):
            base = {k: v for k, v in set_.items() if k not in changes}
            overrides = {"method": base, "pretrain": record.overrides.get("pretrain", {})}
            places.append(
                {
                    "index": index,
                    "base": settings_text(overrides),
                    "budget": _text(record, "pretrain"),
                    "corpus": record.corpus.label if record.corpus else "",
                    "source": record.hashes.get("code", "")[:8],
                    "order": order,
                    "setting": name,
                    "changes": " ".join(f"{k}={v}" for k, v in changes.items()),
                }
            )
    return places


def _plain(values: Mapping[str, Any]) -> dict[str, str]:
    """Values as JSON, in which 8 and 8.0, or a list and a tuple, are the same."""
    return {k: json.dumps(float(v) if type(v) is int else v) for k, v in values.items()}


def _text(record: Record, *sections: str) -> str:
    return settings_text({s: record.overrides.get(s, {}) for s in sections})


def _difference(own: pd.DataFrame, full: pd.DataFrame, of: str, prefix: str = "") -> dict[str, float]:
    names = [f"{prefix}difference{end}" for end in ("", "_low", "_high")]
    if own["setting"].iloc[0] == FULL:
        return dict.fromkeys(names, np.nan)
    scores, reference = (runs.set_index("seed")[of] for runs in (own, full))
    common = scores.index.intersection(reference.index)
    difference = scores.loc[common] - reference.loc[common]
    return dict(zip(names, (float(difference.mean(skipna=False)), *interval(difference)), strict=True))


def _pretext(own: pd.DataFrame) -> dict[str, float]:
    """Accuracies that the method logged, over seeds: fractions, which are comparable across settings."""
    logged = pd.DataFrame(own["logged"].tolist())
    return {f"pretext_{k}": float(logged[k].mean(skipna=False)) for k in logged if "accuracy" in str(k)}


def _with_reported(board: pd.DataFrame, method: str, published: Path | None) -> pd.DataFrame:
    """The paper's ablations, whose score is a mean over data sets of which ours is one; real data only."""
    paper: dict[tuple[Any, ...], tuple[dict[Any, Any], str]] = {}
    for file in sorted(published.glob("*.csv")) if published else ():
        for row in pd.read_csv(file).query("family == 'ablation'").to_dict("records"):
            for data_set in re.findall(r"\w+", str(row["task"])):
                paper.setdefault((row["method"], data_set, row["protocol"], row["metric"]), (row, file.stem))
    found = [
        paper.get((method if s == FULL else f"{method}_{s}", d, p, m)) if kind == "real" else None
        for kind, s, d, p, m in board[["data", "setting", "data_set", "protocol", "metric"]].itertuples(index=False)
    ]
    return board.assign(
        reported_mean=[f[0]["mean"] / 100 if f else np.nan for f in found],
        reported_of=[f"{f[0]['task']}, {f[0]['backbone']}" if f else "" for f in found],
        reported_in=[f[1] if f else "" for f in found],
    )


def write_ablations(results: Path, records: Sequence[Record]) -> list[Path]:
    """Write results/leaderboard/ablation-<method>-<data set>-<data>-<profile>.csv from the records alone.

    Raises:
        StorageError: a file cannot be written.
    """
    written = []
    changed = sorted({r.method for r in records if r.overrides.get("method")} & set(registry.methods().plugins))
    for method in changed:
        ablations = registry.methods().get(method).ablations
        board = ablation_board(records, method, ablations, results / "published") if ablations else pd.DataFrame()
        for key, rows in board.groupby(["data_set", "data", "profile"], sort=True) if len(board) else ():
            path = results / "leaderboard" / f"ablation-{method}-{'-'.join(map(str, key))}.csv"
            write_text(path, to_csv(rows))
            written.append(path)
    return written
