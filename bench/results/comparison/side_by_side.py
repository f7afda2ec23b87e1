"""Two contestants side by side on all that both were run on: paired differences, and what could have been shown."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from bench.core.errors import UsageError, closest
from bench.results.comparison.with_best import verdict
from bench.results.frame import CONTESTANT, GROUP
from bench.results.leaderboard import first
from bench.results.statistics.differences import Difference
from bench.results.statistics.evidence import Evidence
from bench.results.statistics.metric_facts import facts_of
from bench.results.statistics.seeds import holm
from bench.results.statistics.two_level import LEAST_SEEDS, Scores
from bench.results.written.chosen import Chosen


def compare(
    frame: pd.DataFrame, a: str, b: str, tasks: Sequence[str] = (), protocols: Sequence[str] = ()
) -> pd.DataFrame:
    """One row per group and pair of contestants: a - b, paired by seed and case; Holm-corrected over the rows.

    `a` and `b` are methods with their own settings, or a method and its changed settings, as in `lvmmed nodes=8`. Those
    with pretraining are paired where budget and corpus are equal; a pool of other images may have the same name, and
    another `corpus_hash`. `smallest_shown` is the difference that this design finds with 80 % power at 5 %,
    uncorrected. docs/statistics.md describes the columns.

    Raises:
        UsageError: nothing of that name, or nothing that both were run on.
        StorageError: a file of cases is missing or was changed.
    """
    chosen = _chosen(frame, a, b, tasks, protocols)
    rows = chosen.groupby(GROUP + CONTESTANT, sort=True).ngroup()
    top = first(chosen, rows)
    pairs = _pairs(top, a, b)
    if not pairs:
        raise UsageError(f"{a!r} and {b!r} have no records on the same task, protocol and pretraining budget.")
    evidence = Evidence(frame)
    contestants = evidence.contestants(chosen, rows)
    tests = evidence.differences([(contestants[i], contestants[j]) for i, j in pairs])
    margins = [facts_of(top["metric"][i]).margin for i, _ in pairs]
    zero = holm(np.array([test.p_of_zero() for test in tests]))
    outside = holm(np.array([test.p_outside(m) for test, m in zip(tests, margins, strict=True)]))
    lines = [
        top.loc[i, [*GROUP, "metric"]].to_dict()
        | {"a": a, "b": b, **{name: top[name][i] or top[name][j] for name in ("corpus", "corpus_hash")}}
        | {
            f"{column}_{side}": top[column][k]
            for column in ("settings", "pretraining_hash")
            for side, k in (("a", i), ("b", j))
        }
        | _tested(test, evidence.scores(contestants[i]))
        | {"p_holm": p, "margin": margin, "p_equivalence": outside, "tested": verdict(test, p, outside, margin)}
        for (i, j), test, margin, p, outside in zip(pairs, tests, margins, zero, outside, strict=True)
    ]
    evidence.cache.save()
    return pd.DataFrame(lines)


def _tested(test: Difference, scores: Scores) -> dict[str, Any]:
    """What a difference is, over how many seeds and cases, and what its design could have shown."""
    unit = "subjects" if scores.subjects_known else "cases"
    over = f"seeds and {unit}" if test.seeds >= LEAST_SEEDS else unit
    return {
        "seeds": test.seeds,
        "subjects": scores.n_subjects,
        "interval_over": over if np.isfinite(test.low) else "",
        "difference": test.value,
        "low": test.low,
        "high": test.high,
        "smallest_shown": test.smallest_shown,
        "p": test.p_of_zero(),
    }


def _chosen(frame: pd.DataFrame, a: str, b: str, tasks: Sequence[str], protocols: Sequence[str]) -> pd.DataFrame:
    frame = Chosen(task=tuple(tasks), protocol=tuple(protocols)).of(frame)
    for name in (a, b):
        methods = sorted(set(frame["method"])) if len(frame) else []
        if name.split()[0] not in methods:
            found = ", ".join(methods) or "none"
            raise UsageError(
                f"No records of the method {name.split()[0]!r}.{closest(name, methods)} There are: {found}."
            )
    named = _names(frame)
    return frame[(named == _plain(a)) | (named == _plain(b))]


def _names(rows: pd.DataFrame) -> pd.Series:
    """Method and its changed settings of each row, as `_plain` writes them."""
    own = rows["settings"].map(lambda text: [s for s in text.split() if s.startswith("method.")])
    return pd.Series(
        [_plain(" ".join([m, *s])) for m, s in zip(rows["method"], own, strict=True)], rows.index, dtype=object
    )


def _plain(name: str) -> str:
    method, *settings = name.split()
    return " ".join([method, *sorted(s.removeprefix("method.") for s in settings)])


def _pairs(top: pd.DataFrame, a: str, b: str) -> list[tuple[int, int]]:
    """Rows of a and of b that may be compared."""
    names = _names(top)
    found = []
    for _, group in top.groupby(GROUP, sort=True):
        sides = ([i for i in group.index if names[i] == _plain(name)] for name in (a, b))
        found += [(i, j) for i, j in product(*sides) if i != j and _comparable(top.loc[i], top.loc[j])]
    return found


def _comparable(one: pd.Series, other: pd.Series) -> bool:
    """Whether budget and corpus, to its images, are equal; one without pretraining is compared with every one."""
    if not one["corpus"] or not other["corpus"]:
        return True
    return all(one[name] == other[name] for name in ("budget", "corpus", "corpus_hash"))
