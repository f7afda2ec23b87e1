"""The report as one HTML file, from the records alone and what `Extras` adds."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from bench.core.escape import one_line
from bench.results.comparison.all_pairs import all_pairs
from bench.results.comparison.mean_ranks import overall_board
from bench.results.leaderboard import detailed_board
from bench.results.published import join_published
from bench.results.report.case_tables import CaseTables
from bench.results.report.extras import Extras, Picture
from bench.results.report.groups import Group, groups_of
from bench.results.report.rows import anchor_of
from bench.results.report.run_pages import RunPage, relative_folder, run_page
from bench.results.store import Store

if TYPE_CHECKING:
    from jinja2 import Environment

CASES = 3
"""Worst, median and best cases of a run, each."""
Pictures = Mapping[Picture, str]
"""Picture -> its name in the file, which holds each once."""


@dataclass(frozen=True)
class MeanRank:
    """A contestant's mean rank over data sets."""

    scope: str
    label: str
    mean: str
    between: str
    data_sets: int


def report_html(
    frame: pd.DataFrame, problems: Sequence[str], output: Path, extras: Extras | None = None, cases: int = CASES
) -> str:
    """The file's text, from the frame of `read_frame`; the same records and extras give the same text.

    `problems` are lines of what is no record, `output` is where the file will lie, for its links to the records.

    Raises:
        ValueError: two records of one contestant share a seed.
        StorageError: a file that the records refer to is missing or was changed.
    """
    extras = extras or Extras()
    store = Store(Path(frame.attrs["results"]))
    details = detailed_board(frame)
    board = join_published(details, store.results / "published")
    records = {path: store.read(store.runs / path) for path in frame["path"]}
    paths = dict(zip(map(anchor_of, frame["identity"]), frame["path"], strict=True))
    tables, folder = CaseTables(store, records), relative_folder(store.runs, output)
    groups: list[Group] = []
    pages: list[RunPage] = []
    for group in groups_of(frame, board, all_pairs(frame, details), tables, extras.classes, cases):
        groups.append(group)
        own = [paths[run.anchor] for row in group.rows for run in row.runs]
        pages += [run_page(records[p], p, tables[p], extras, group.anchor, folder, cases) for p in own]
        tables.forget()
    return render(groups, pages, _mean_ranks(details), problems)


def render(
    groups: Sequence[Group], pages: Sequence[RunPage], overall: Sequence[MeanRank], problems: Sequence[str]
) -> str:
    """The templates, filled."""
    own = environment()
    style, script = (_source(name) for name in ("report.css", "report.js"))
    return own.get_template("page.html.j2").render(
        groups=groups,
        pages=pages,
        overall=overall,
        problems=problems,
        pictures=_pictures(pages),
        style=style,
        script=script,
        style_hash=_hash(style),
        script_hash=_hash(script),
    )


@cache
def environment() -> Environment:
    """Templates with everything escaped: markup as HTML, control characters as a message writes them."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("bench.results.report"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_printable,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _printable(value: Any) -> Any:
    """A text from outside on one line; markup, which a template made, as it is."""
    return value if hasattr(value, "__html__") or not isinstance(value, str) else one_line(value)


def _source(name: str) -> Any:
    """A file of this package as it is, safe to stand inside `style` and `script`."""
    from markupsafe import Markup

    return Markup((Path(__file__).parent / "templates" / name).read_text(encoding="utf-8"))


def _hash(text: str) -> str:
    """The source of a style or script that a content security policy lets through."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _pictures(pages: Sequence[RunPage]) -> Pictures:
    """Every picture that is shown, in the order of the runs."""
    shown = dict.fromkeys(line.picture for page in pages for line in page.cases.lines if line.picture)
    return {picture: f"picture-{number}" for number, picture in enumerate(shown, start=1)}


def _mean_ranks(board: pd.DataFrame) -> list[MeanRank]:
    """The overall board, as `bench leaderboard` has it."""
    overall = overall_board(board[~board["stand_in"]])
    found = []
    for r in overall.to_dict("records"):
        scope = " · ".join(str(r[name]) for name in ("data", "profile", "backbone", "budget") if r[name])
        label = " ".join(str(r[name]) for name in ("method", "settings", "corpus") if r[name])
        ends = "" if pd.isna(r["mean_rank_low"]) else f"{r['mean_rank_low']:.2f} to {r['mean_rank_high']:.2f}"
        mean = "none: cells are missing" if pd.isna(r["mean_rank"]) else f"{r['mean_rank']:.2f}"
        found.append(MeanRank(scope, label, mean, ends, int(r["data_sets"])))
    return found
