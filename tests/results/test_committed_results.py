"""What is committed under results/ follows from the records alone, and the documents show it."""

import re
import shutil
from itertools import takewhile
from pathlib import Path

import pandas as pd
import pytest

from bench.core.registry import tasks
from bench.results.ablation_text import tables_text
from bench.results.ablations import ablation_board
from bench.results.boards import regenerate, write_tables
from bench.results.index import read_frame
from bench.results.leaderboard import to_frame
from bench.results.published import PUBLISHED_NAMES
from bench.results.report.page import report_html
from bench.results.report.text import between
from bench.results.store import Store
from bench.results.tables import percent
from bench.runs.ablate import find_ablations

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """A copy of what tables are made of, and a cache that these tests share."""
    if not (REPOSITORY / "results" / "runs" / "real").is_dir():
        pytest.skip("no record of a real run is committed")
    results = tmp_path_factory.mktemp("results")
    for part in ("runs/real", "splits/real", "published"):
        shutil.copytree(REPOSITORY / "results" / part, results / part)
    return results, tmp_path_factory.mktemp("cache")


@pytest.fixture
def results(folders, monkeypatch):
    monkeypatch.setenv("BENCH_CACHE", str(folders[1]))
    return folders[0]


def test_committed_tables_are_what_the_committed_records_give(results):
    records, problems = Store(results).load()
    assert problems == []
    assert records
    assert {r.data for r in records} == {"real"}
    written = write_tables(results, to_frame(records, results))
    committed = {p.name for p in (REPOSITORY / "results" / "leaderboard").glob("real-*")}
    committed |= {p.name for p in (REPOSITORY / "results" / "leaderboard").glob("ablation-*-real-*")}
    assert {p.name for p in written} == committed
    for path in written:
        assert path.read_bytes() == (REPOSITORY / "results" / "leaderboard" / path.name).read_bytes(), path.name


def test_committed_records_come_from_clean_commits_and_name_existing_splits():
    records, _ = Store(REPOSITORY / "results").load()
    for record in (r for r in records if r.data == "real"):
        assert record.provenance["dirty"] is False
        assert (REPOSITORY / "results" / record.split.file).is_file()


def test_docs_show_the_committed_tables(results):
    """docs/results.md holds what `bench leaderboard --markdown` prints."""
    assert regenerate(results).markdown.strip() in (REPOSITORY / "docs" / "results.md").read_text()


def test_the_small_table_of_the_readme_is_of_the_committed_board():
    """README.md has all methods with their own settings on the grouped split, a column for each protocol."""
    board = pd.read_csv(REPOSITORY / "results" / "leaderboard" / "real-quick.csv").fillna({"settings": ""})
    ours = board[(board["split_used"] == "grouped") & ~board["settings"].str.contains("method.", regex=False)]
    rows = ours.to_dict("records")
    scores = {(row["method"], row["protocol"]): percent(row["mean"], row["std"]) for row in rows}
    lines = (REPOSITORY / "README.md").read_text().splitlines()
    head = next(number for number, line in enumerate(lines) if line.startswith("| method |"))
    protocols = re.findall(r"`(\w+)`", lines[head])
    shown = {}
    for line in takewhile(lambda line: line.startswith("|"), lines[head + 2 :]):
        method, *cells = (cell.strip() for cell in line.strip("|").split("|"))
        shown |= {(method, protocol): cell for protocol, cell in zip(protocols, cells, strict=True) if cell != "n/a"}
    assert shown == scores


def test_published_numbers_are_under_the_names_of_the_tasks():
    """Every task but detection, which the paper gives as a mean over both alone, has published numbers to join."""
    paper = pd.read_csv(REPOSITORY / "results" / "published" / "lvm_med_2023.csv").replace(PUBLISHED_NAMES)
    published = set(paper[["task", "protocol", "metric"]].itertuples(index=False, name=None))
    registry = tasks()
    ours = [t for t in map(registry.get, registry.plugins) if not t.data.stand_in_for and t.kind != "detection"]
    assert [t.name for t in ours if (t.data.name, t.protocol, t.metric) not in published] == []


def test_docs_show_the_committed_ablations(results):
    """docs/ablation.md holds, for each committed table, what `bench ablate ... --from-records --markdown` prints."""
    records, _ = Store(results).load()
    real = [r for r in records if r.data == "real"]
    files = sorted((REPOSITORY / "results" / "leaderboard").glob("ablation-*-real-*.csv"))
    if not files:
        pytest.skip("no ablation is committed")
    text = (REPOSITORY / "docs" / "ablation.md").read_text()
    for path in files:
        _, method, data_set, _, profile = path.stem.split("-")
        chosen = [r for r in real if (r.data_set, r.profile) == (data_set, profile)]
        board = ablation_board(chosen, method, find_ablations(method), results / "published")
        assert tables_text(board, markdown=True) in text, path.name


def test_no_document_has_a_figure_to_be_filled_in():
    documents = [REPOSITORY / "README.md", *(REPOSITORY / "docs").glob("*.md")]
    assert [p.name for p in documents if re.search(r"@[A-Z0-9]+@", p.read_text())] == []


def test_the_report_of_the_committed_records_is_one_small_file_with_the_numbers_of_their_board(results):
    frame, _ = read_frame(Store(results))
    text = report_html(frame, [], results / "report.html")
    assert 500_000 < len(text.encode()) < 5_000_000
    assert re.findall("https?:", text) == []
    board = pd.read_csv(REPOSITORY / "results" / "leaderboard" / "real-quick.csv")
    for row in board.to_dict("records"):
        assert f'<td data-key="{row["mean"]:.6g}">{percent(row["mean"], row["std"])}</td>' in text
        assert f">{between(row['ci95_low'], row['ci95_high'])}<br>" in text
