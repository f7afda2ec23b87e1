"""Tables as files: the same records give the same bytes."""

import math

import pandas as pd
import pytest

from bench.results.board_text import to_markdown
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
    assert "| random |  |" in to_markdown(pd.read_csv(path))


@pytest.mark.parametrize(
    ("mean", "std", "text"),
    [(0.7654, 0.0216, "76.5 ± 2.2"), (0.5, math.nan, "50.0"), (math.nan, math.nan, "n/a"), (None, None, "n/a")],
)
def test_scores_are_percent(mean, std, text):
    assert percent(mean, std) == text


def test_csv_has_six_decimals_and_unix_line_ends():
    assert to_csv(pd.DataFrame({"a": [1 / 3, None], "b": ["x", ""]})) == "a,b\n0.333333,x\n,\n"
