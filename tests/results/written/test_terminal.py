"""The table at the end of a run: 80 columns, the same on a terminal and as plain text."""

import io

import pytest
from rich.console import Console

from bench.results.leaderboard import task_board
from bench.results.written.terminal import VARIANTS, WIDTH, board_lines, board_view
from tests.records_of import record


def board():
    records = [record(m, s, 0.5 + s / 10) for m in ("simclr", "random") for s in (0, 1)]
    return task_board([*records, record("simclr", 0, 0.25, task="brain_tumor_linear", protocol="few_shot_10pct")])


def test_rows_have_keys_score_and_rank_and_the_caption_what_they_share():
    lines = board_lines(board())
    text = " ".join(" ".join(lines).split())
    assert lines[0].split() == ["task", "protocol", "method", "mean", "95", "%", "seeds", "rank"]
    assert "55.0 ± 7.1" in text
    assert "backbone resnet18" in text
    assert "n/a" in text, "no interval without cases"


@pytest.mark.parametrize("width", [WIDTH, 60])
def test_no_line_is_wider_than_the_terminal_and_nothing_is_cut_off(width):
    name = "a_method_with_a_name_that_is_longer_than_any_terminal_is_wide_" * 2
    lines = board_lines(task_board([record(name, 0, 0.5), record("b", 0, 0.5)]), width)
    assert max(map(len, lines)) <= width
    assert name in "".join(line.split("  ")[0].strip() for line in lines)


def test_a_terminal_shows_the_same_table():
    screen = Console(file=io.StringIO(), width=WIDTH, force_terminal=True, color_system=None)
    screen.print(board_view(board()))
    shown = [line.rstrip() for line in screen.file.getvalue().splitlines()]
    assert [line for line in shown if "simclr" in line] == [line for line in board_lines(board()) if "simclr" in line]


def test_names_control_no_terminal_and_are_no_markup():
    text = "\n".join(board_lines(task_board([record("[bold]x\x1b[2J", 0, 0.5)])))
    assert "\x1b" not in text
    assert "[bold]x" in text


def test_no_rows_are_no_lines():
    assert board_lines(task_board([])) == []


def test_scores_without_copies_have_columns_where_there_are_copies():
    duplicates = record().duplicates.model_copy(update={"n_affected_test_cases": 1, "n_near_affected_test_cases": 1})
    lines = board_lines(task_board([record("simclr", 0, 0.5, duplicates=duplicates)]))
    assert "no copies" in lines[0]
    assert lines[1].split()[:5] == ["simclr", "50.0", "n/a", "40.0", "30.0"]


def test_a_variant_has_no_rank_of_its_own():
    hashes = {"evaluation": "e" * 64, "pretraining": "1"}
    changed = record("simclr", 0, 0.9, overrides={"method": {"alpha": 1}}, hashes=hashes)
    lines = board_lines(task_board([changed, record("byol", 0, 0.5)]))
    assert [line.split("  ")[-1].strip() for line in lines[1:3]] == ["1", "as 1"]
    assert VARIANTS in " ".join(" ".join(lines).split())
    assert "as N" not in " ".join(board_lines(board()))


def test_sites_are_shown_by_what_is_lost_between_them():
    domains = {"a": {"accuracy": 0.75}, "b": {"accuracy": 0.5}}
    lines = board_lines(task_board([record("simclr", 0, 0.625, domains=domains, trained_domain="a")]))
    assert lines[0].split()[-5:] == ["in", "out", "drop", "seeds", "rank"]
    assert lines[1].split()[-5:] == ["75.0", "50.0", "25.0", "1", "1"]
    assert "in and out of distribution" in " ".join(" ".join(lines).split())


def test_settings_stand_as_letters_that_are_explained():
    two = [record("simclr", 0, 0.5 + n / 10, overrides={"pretrain": {"epochs": n}}, hashes=of(n)) for n in (2, 3)]
    lines = board_lines(task_board([*two, record("random", 0, 0.1)]))
    assert [line.split()[:2] for line in lines[1:3]] == [["simclr", "(a)"], ["simclr", "(b)"]]
    assert lines[-2:] == ["(a) pretrain.epochs=3", "(b) pretrain.epochs=2"]


def of(number):
    return {"evaluation": "e" * 64, "pretraining": str(number)}
