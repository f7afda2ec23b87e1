"""Tables as files: the same records give the same bytes."""

import math
import re

import pandas as pd
import pytest

from bench.results.board_text import to_markdown
from bench.results.leaderboard import task_board
from bench.results.tables import percent, to_csv
from tests.records_of import record, write_boards


def scores(method, values, **changes):
    return [record(method, seed, value, **changes) for seed, value in enumerate(values)]


def test_files_are_the_same_bytes_for_the_same_records_in_any_order(tmp_path):
    records = scores("simclr", [0.5, 0.6]) + scores("byol", [0.4, 0.7]) + scores("byol", [0.1], data="phantom")
    first = {p.name: p.read_bytes() for p in write_boards(tmp_path, records)}
    assert set(first) == {
        "real-quick.csv",
        "real-quick-overall.csv",
        "phantom-quick.csv",
        "phantom-quick-overall.csv",
    }
    assert {p.name: p.read_bytes() for p in write_boards(tmp_path, records[::-1])} == first


def test_tables_without_records_any_more_are_removed(tmp_path):
    write_boards(tmp_path, scores("simclr", [0.5], data="phantom") + scores("simclr", [0.5]))
    write_boards(tmp_path, scores("simclr", [0.5]))
    assert not list((tmp_path / "leaderboard").glob("phantom*"))


def test_a_table_without_any_settings_is_read_back_from_its_file(tmp_path):
    [_, path] = write_boards(tmp_path, scores("random", [0.5], overrides={}))
    assert "| random | 50.0 |" in to_markdown(pd.read_csv(path))


@pytest.mark.parametrize(
    ("mean", "std", "text"),
    [(0.7654, 0.0216, "76.5 ± 2.2"), (0.5, math.nan, "50.0"), (math.nan, math.nan, "n/a"), (None, None, "n/a")],
)
def test_scores_are_percent(mean, std, text):
    assert percent(mean, std) == text


def test_csv_has_six_decimals_and_unix_line_ends():
    assert to_csv(pd.DataFrame({"a": [1 / 3, None], "b": ["x", ""]})) == "a,b\n0.333333,x\n,\n"


def test_names_are_no_formulas_and_break_no_table(tmp_path):
    corpus = record().corpus.model_copy(update={"label": "=1+1(x)"})
    odd = [record("a|b<i>\x1b", seed, 0.5, corpus=corpus, task="@cmd") for seed in (0, 1)]
    texts = {p.name: p.read_text() for p in write_boards(tmp_path, odd)}
    rows = pd.read_csv(tmp_path / "leaderboard" / "real-quick.csv")
    assert (rows["corpus"][0], rows["task"][0], rows["method"][0]) == ("'=1+1(x)", "'@cmd", r"a|b<i>\x1b")
    assert not any(re.search(r"(?:^|,)\"?[=@+]|\x1b", text, re.MULTILINE) for text in texts.values())
    note, _, head, _, row = to_markdown(task_board(odd)).splitlines()
    assert "task @cmd, protocol finetune" in note
    assert row.startswith(r"| a\|b&lt;i&gt;\x1b |")
    assert len(re.findall(r"(?<!\\)\|", row)) == len(re.findall(r"\|", head))
