"""Records -> ablation tables: each setting of a method beside the method itself, seed by seed. Reads records only.

A *base* is what all runs of a table share: the user's settings of method and pretraining. A record whose method
settings are those of a base plus a declared ablation is a row of that base's table; methods with their own settings,
the same pretraining settings and the same corpus stand below.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bench.core.files import write_text
from bench.core.settings import settings_text
from bench.results.frame import located, path_of, to_frame
from bench.results.leaderboard import first, summary
from bench.results.published import read_published
from bench.results.record import Record
from bench.results.statistics.evidence import Evidence
from bench.results.statistics.seeds import holm, means, seed_intervals
from bench.results.tables import to_csv

FULL = "full"
FLOORS = {"noise_floor": "score", "validation_noise_floor": "validation"}
NULL = "null"
"""How names of ablations begin under which the method is the same algorithm: their differences are the noise floor."""
TABLE = ["data", "profile", "data_set", "backbone", "base", "corpus", "source_hash"]
COLUMN = ["task", "protocol", "evaluation_hash", "evaluation_settings"]
ROW = ["order", "setting", "changes", "pretraining_hash"]
Declared = Sequence[tuple[str, Mapping[str, Any]]]
"""Name and changes of each ablation; the same name may stand for other changes in older records."""


def ablation_board(
    records: Sequence[Record], method: str, ablations: Mapping[str, Mapping[str, Any]], published: Path | None = None
) -> pd.DataFrame:
    """One row per table, protocol and setting; empty without a `full` and an ablation to compare it with.

    Columns: scores as in the leaderboard; `difference`: mean over common seeds of the setting's score less that of
    `full`, paired by seed and case, with its interval and `p_holm`, corrected for the settings of the table's column;
    `validation_difference`: the same on validation, whose cases no record holds, with Student's t interval over seeds;
    `noise_floor`, `validation_noise_floor`: root mean square of the differences of single seeds in the rows of the
    column whose names begin with `null`, the same algorithm as `full`; NaN without such rows;
    `pretext_*`: mean accuracy of the pretext task over the last tenth of the pretraining; `reported_*`: the paper's.

    `published` is the folder `published` of the results folder that holds the records; without it nothing is reported,
    and there are no intervals on test.
    """
    frame = to_frame(records, published.parent if published else None)
    return ablation_board_of(frame, method, list(ablations.items()), published)


def ablation_board_of(
    frame: pd.DataFrame, method: str, declared: Declared, published: Path | None = None
) -> pd.DataFrame:
    """The same from the frame of `to_frame`. Raises `StorageError` for cases that are missing or were changed."""
    runs = _placed(frame, method, [(name, changes) for name, changes in declared if name != FULL])
    if runs.empty:
        return pd.DataFrame()
    keys = TABLE + COLUMN + ROW
    rows = runs.groupby(keys, sort=True).ngroup()
    evidence = Evidence(frame)
    scores = summary(runs, rows, evidence).drop(columns=["sample", "metrics"])
    differences = [_differences(runs, rows, evidence), _validation_differences(runs, rows), _noise_floors(runs, rows)]
    names = first(runs, rows)[keys].drop(columns="order")
    board = pd.concat([names, scores, *differences, _pretext(runs, rows)], axis=1)
    evidence.cache.save()
    return _with_reported(board, method, published)


def _placed(frame: pd.DataFrame, method: str, declared: Declared) -> pd.DataFrame:
    """The runs of all tables, each with its table and row; a run may belong to several tables."""
    own = pd.DataFrame(_own_places(frame[frame["method"] == method], declared)) if len(frame) else frame
    if own.empty:
        return own
    facts = frame.drop(columns=["changed", "method_settings", "ablations"])
    own = own.set_index("index").join(facts)
    own = own[_comparable(own)]
    others = _others(facts[(frame["method"] != method) & ~frame["changed"].astype(bool)], own)
    return pd.concat([own, *(part.assign(order=len(declared) + 1) for part in others)], ignore_index=True)


def _own_places(runs: pd.DataFrame, declared: Declared) -> Iterable[dict[str, Any]]:
    ablations = [(name, changes, _plain(changes)) for name, changes in declared]
    facts = runs[["changed", "method_settings", "budget"]].itertuples(name=None)
    for index, set_, settings, budget in facts:
        yield {"index": index, "base": _base(set_, {}, budget), "order": 0, "setting": FULL, "changes": ""}
        for order, (name, changes, wanted) in enumerate(ablations if set_ else (), start=1):
            # a value that is the profile's anyway is not among what was set
            if changes.keys() & set_.keys() and _plain(settings, changes).items() >= wanted.items():
                text = " ".join(f"{k}={v}" for k, v in changes.items())
                base = _base(set_, changes, budget)
                yield {"index": index, "base": base, "order": order, "setting": name, "changes": text}


def _base(set_: Mapping[str, Any], changes: Mapping[str, Any], budget: str) -> str:
    own = settings_text({"method": {k: v for k, v in set_.items() if k not in changes}})
    return " ".join(filter(None, [own, budget]))


def _plain(values: Mapping[str, Any], only: Iterable[str] | None = None) -> dict[str, str]:
    """Values as JSON, in which 8 and 8.0, or a list and a tuple, are the same."""
    chosen = values if only is None else [k for k in only if k in values]
    return {k: json.dumps(float(values[k]) if type(values[k]) is int else values[k]) for k in chosen}


def _comparable(own: pd.DataFrame) -> pd.Series:
    """Whether a run's table has, in its column, one `full` and something to compare it with."""
    columns = own.groupby(TABLE + COLUMN).ngroup()
    full = own["pretraining_hash"].where(own["setting"] == FULL)
    changed = own["changes"] != ""
    return (full.groupby(columns).transform("nunique") == 1) & changed.groupby(columns).transform("any")


def _others(plain: pd.DataFrame, own: pd.DataFrame) -> list[pd.DataFrame]:
    """Runs of other methods with their own settings, in each table that they may stand in."""
    tables = own[[*TABLE, *COLUMN, "budget"]].drop_duplicates()
    plain = plain.drop(columns="source_hash").assign(setting=plain["method"], changes="")
    shared = ["data", "profile", "data_set", "backbone", *COLUMN]
    trained = plain["corpus"] != ""
    return [
        tables.merge(plain[trained], on=[*shared, "budget", "corpus"]),
        tables.merge(plain[~trained].drop(columns=["budget", "corpus"]), on=shared),
    ]


def _differences(runs: pd.DataFrame, rows: pd.Series, evidence: Evidence) -> pd.DataFrame:
    """Each row's difference to `full` on test, with interval and corrected p; NaN for `full` and without pairs.

    Without the records' cases there is the mean over common seeds alone.
    """
    table = _paired(runs, rows, "score").rename(columns={"mean": "difference"})[["difference"]]
    table = table.assign(difference_low=np.nan, difference_high=np.nan, p_holm=np.nan)
    contestants = evidence.contestants(runs, rows)
    top = first(runs, rows)
    for _, column in top.groupby(TABLE + COLUMN) if contestants else ():
        full = column.index[column["setting"] == FULL]
        others = column.index.drop(full)
        tests = evidence.differences([(contestants[row], contestants[full[0]]) for row in others])
        table.loc[others, "difference_low"] = [test.low for test in tests]
        table.loc[others, "difference_high"] = [test.high for test in tests]
        table.loc[others, "p_holm"] = holm(np.array([test.p_of_zero() for test in tests]))
    return table


def _validation_differences(runs: pd.DataFrame, rows: pd.Series) -> pd.DataFrame:
    """Each row's difference to `full` on validation with Student's t interval over common seeds."""
    ends = {"mean": "", "low": "_low", "high": "_high"}
    table = _paired(runs, rows, "validation")
    return pd.DataFrame({f"validation_difference{end}": table[name] for name, end in ends.items()})


def _paired(runs: pd.DataFrame, rows: pd.Series, of: str) -> pd.DataFrame:
    """Mean and interval of each row's differences to `full` over common seeds; NaN for `full` and without pairs."""
    pairs = _pairs(runs, rows, of)
    return seed_intervals(pairs["difference"], pairs["row"]).reindex(np.arange(rows.max() + 1))


def _pairs(runs: pd.DataFrame, rows: pd.Series, of: str) -> pd.DataFrame:
    """`difference` to `full` of each run of another row, on the same seed, with its `row`, `column` and `setting`."""
    facts = pd.DataFrame({"row": rows, "column": runs.groupby(TABLE + COLUMN).ngroup(), "setting": runs["setting"]})
    facts = facts.assign(seed=runs["seed"], score=runs[of])
    full = runs["setting"] == FULL
    pairs = facts[~full].merge(facts[full], on=["column", "seed"], suffixes=("", "_of_full"))
    return pairs.assign(difference=pairs["score"] - pairs["score_of_full"])


def _noise_floors(runs: pd.DataFrame, rows: pd.Series) -> pd.DataFrame:
    """`noise_floor` and `validation_noise_floor` of the column of each row, see `ablation_board`."""
    column_of = first(pd.DataFrame({"column": runs.groupby(TABLE + COLUMN).ngroup()}), rows)["column"]
    floors = {}
    for name, of in FLOORS.items():
        pairs = _pairs(runs, rows, of)
        null = pairs[pairs["setting"].str.startswith(NULL)]
        squares = (null["difference"] ** 2).groupby(null["column"]).mean()
        floors[name] = column_of.map(np.sqrt(squares)).astype(float)
    return pd.DataFrame(floors)


def _pretext(runs: pd.DataFrame, rows: pd.Series) -> pd.DataFrame:
    """Accuracies that the method logged, over seeds: fractions, which are comparable across settings."""
    rows = rows.sort_values(kind="stable")  # the first row that logged a name decides where its column stands
    logged = [{k: v for k, v in values.items() if "accuracy" in k} for values in runs.loc[rows.index, "logged"]]
    return means(pd.DataFrame(logged, index=rows.index, dtype=float), rows).add_prefix("pretext_")


def _with_reported(board: pd.DataFrame, method: str, published: Path | None) -> pd.DataFrame:
    """The paper's ablations, whose score is a mean over data sets of which ours is one; real data only."""
    paper: dict[tuple[Any, ...], tuple[dict[Any, Any], str]] = {}
    for table in read_published(published)[0]:
        for row in table[table["family"] == "ablation"].to_dict("records"):
            for data_set in re.findall(r"\w+", str(row["task"])):
                key = (row["method"], data_set, row["protocol"], row["metric"])
                paper.setdefault(key, (row, row["reported_in"]))
    found = [
        paper.get((method if s == FULL else f"{method}_{s}", d, p, m)) if kind == "real" else None
        for kind, s, d, p, m in board[["data", "setting", "data_set", "protocol", "metric"]].itertuples(index=False)
    ]
    return board.assign(
        reported_mean=[f[0]["mean"] / 100 if f else np.nan for f in found],
        reported_of=[f"{f[0]['task']}, {f[0]['backbone']}" if f else "" for f in found],
        reported_in=[f[1] if f else "" for f in found],
    )


def write_ablations(results: Path, frame: pd.DataFrame) -> list[Path]:
    """Write results/leaderboard/ablation-<method>-<data set>-<data>-<profile>.csv from the records alone.

    A frame that does not say where its records lie is of those in `results`, where there are any.

    Raises:
        StorageError: a file cannot be written, or a file of cases is missing or was changed.
    """
    if not frame.attrs and (results / "runs").is_dir():
        frame = located(frame, [path_of(row, results) for row in frame.to_dict("records")], results)
    texts = ablation_texts(frame, results / "published") if len(frame) else {}
    paths = [results / "leaderboard" / name for name in texts]
    for path, text in zip(paths, texts.values(), strict=True):
        write_text(path, text)
    return paths


def ablation_texts(frame: pd.DataFrame, published: Path | None = None) -> dict[str, str]:
    """File name -> CSV text of the ablation tables of every method, from the frame of `to_frame`."""
    texts = {}
    for method, runs in frame[frame["changed"].astype(bool)].groupby("method", sort=True):
        declared = _declared(runs["ablations"])
        board = ablation_board_of(frame, str(method), declared, published) if declared else pd.DataFrame()
        for key, rows in board.groupby(["data_set", "data", "profile"], sort=True) if len(board) else ():
            texts[f"ablation-{method}-{'-'.join(map(str, key))}.csv"] = to_csv(
                rows.drop(columns=[c for c in FLOORS if rows[c].isna().all()])
            )
    return texts


def _declared(of_runs: pd.Series) -> Declared:
    """The ablations that the records of a method state, in the order of their declaration."""
    each = [a for run in of_runs for a in run]
    stated = {(a["order"], a["name"], json.dumps(a["changes"], sort_keys=True)): a["changes"] for a in each}
    return [(name, stated[order, name, text]) for order, name, text in sorted(stated)]
