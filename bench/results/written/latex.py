r"""Boards as LaTeX tables with booktabs: best bold, and what the tests cannot tell from it marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from bench.core.escape import latex_cell
from bench.results.frame import GROUP
from bench.results.leaderboard import is_variant
from bench.results.written.columns import Row, interval_cell, plain_rows, rank_cell, score_cell, site_cells
from bench.results.written.keys import Keys, keys_of

SAME, UNTESTED = r"$^{\dagger}$", r"$^{\ddagger}$"
PREAMBLE = "% needs \\usepackage{booktabs}\n"
TEXTS = {
    SAME: "not told apart from the best of its group, or equivalent to it (paired by seed and test case; "
    "$p \\geq 0.05$, or within the margin of equivalence, after Holm's correction for all pairs of the group)",
    UNTESTED: "not tested (fewer than three common seeds, or no common cases)",
}
"""Mark -> what the caption says that it means."""


def to_latex(board: pd.DataFrame, name: str) -> str:
    """The task board as a LaTeX table in percent, best first in each group; variants are left out.

    `name` is that of the board's file. The tests are those of the whole board, whichever of its rows are given.
    """
    shown = plain_rows(board)
    shown = shown[~is_variant(shown)]
    if shown.empty:
        return f"% {name}: no rows but of methods with changed settings\n"
    keys = keys_of(shown, latex_cell)
    rows = shown.to_dict("records")
    columns = keys.columns | {
        r"mean $\pm$ std": [_score(row) for row in rows],
        r"95\,\% interval": [latex_cell(interval_cell(row)) for row in rows],
        **{latex_cell(heading): [*map(latex_cell, cells)] for heading, cells in site_cells(shown).items()},
        "seeds": [str(row["seeds"]) for row in rows],
        "rank": [latex_cell(rank_cell(row)) for row in rows],
    }
    groups = shown.groupby(GROUP, sort=False, dropna=False).ngroup().tolist()
    missing = [group for _, group in shown.groupby(GROUP, sort=False, dropna=False) if not (group["rank"] == 1).any()]
    return _table(columns, groups, caption_of(keys, rows, len(missing)), latex_cell(name))


def mark_of(row: Row) -> str:
    """What the tests of the board say of a row beside the best of its group; nothing where the two differ."""
    tested = str(row["tested"])
    if tested.startswith(("not told apart", "equivalent")):
        return SAME
    return UNTESTED if is_best(row) is False and (not tested or tested.startswith("not tested")) else ""


def is_best(row: Row) -> bool:
    """Whether a row has the best mean of its group; several may."""
    return bool(pd.notna(row["rank"]) and row["rank"] == 1)


def caption_of(keys: Keys, rows: Sequence[Row], without_best: int = 0) -> str:
    """What the table shows, what its rows share, and what bold and marks mean."""
    marks = {mark_of(row) for row in rows}
    parts = ["Percent; mean and standard deviation over seeds with the 95\\,\\% interval of the mean."]
    parts += [latex_cell(keys.note)] if keys.note else []
    parts += ["Bold: the best of its group."] if any(map(is_best, rows)) else []
    parts += [f"{mark}: {text}." for mark, text in TEXTS.items() if mark in marks]
    parts += ["A score without a mark differs from the best."] if SAME in marks else []
    parts += [f"The best of {without_best} group(s) is not among these rows."] if without_best else []
    return " ".join([*parts, "Ranks and tests count every contestant of the board."])


def _score(row: Row) -> str:
    text = latex_cell(score_cell(row))
    return (rf"\textbf{{{text}}}" if is_best(row) else text) + mark_of(row)


def _table(columns: Mapping[str, Sequence[str]], groups: Sequence[int], caption: str, label: str) -> str:
    """The table environment; a rule between groups."""
    lines = [" & ".join(columns) + r" \\", r"\midrule"]
    cells = list(zip(*columns.values(), strict=True))
    for number, row in enumerate(cells):
        if number and groups[number] != groups[number - 1]:
            lines.append(r"\midrule")
        lines.append(" & ".join(row) + r" \\")
    head = [r"\begin{table}", r"\centering", rf"\caption{{{caption}}}", rf"\begin{{tabular}}{{{'l' * len(columns)}}}"]
    lines = [*head, r"\toprule", *lines, r"\bottomrule", r"\end{tabular}", r"\end{table}"]
    return f"% {label}\n" + "\n".join(lines) + "\n"
