"""`bench leaderboard`: files that stay whole, rows that are printed, formats and files; boards on a terminal."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import sys
from pathlib import Path

import pytest

import bench as package
from bench.cli.boards import say_board
from bench.core.errors import UsageError
from bench.results.leaderboard import task_board
from tests.records_of import record
from tests.results.stores_of import add_run, three_methods


def tree(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_leaderboard_is_regenerated_byte_for_byte_and_skips_foreign_files(bench, run, tmp_path):
    run("random", "brain_tumor_linear", "--seeds", "2")
    before = tree(tmp_path / "results" / "leaderboard")
    shutil.rmtree(tmp_path / "results" / "leaderboard")
    (tmp_path / "results" / "runs" / "broken.json").write_text("{")
    done = bench("leaderboard", "--results", tmp_path / "results")
    assert done.code == 0
    assert "broken.json is not a valid record and was not counted" in done.err
    assert tree(tmp_path / "results" / "leaderboard") == before
    text = bench("leaderboard", "--results", tmp_path / "results", "--markdown").out
    assert "All rows: data phantom, profile quick, task brain_tumor_linear, protocol linear" in text


@pytest.fixture
def stored(tmp_path, monkeypatch):
    """A results folder with three methods under two protocols."""
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))
    store = three_methods(tmp_path)
    for seed in range(3):
        add_run(store, "random", seed, 0.5, protocol="knn", backbone="resnet50")
    return store.results


def test_options_choose_what_is_printed_and_the_files_stay_whole(bench, stored):
    whole = bench("leaderboard", "--results", stored).out.splitlines()
    before = tree(stored / "leaderboard")
    done = bench(
        "leaderboard", "--results", stored, "--method", "byol,random", "--protocol", "finetune", "--format", "csv"
    )
    rows = list(csv.DictReader(io.StringIO(done.out)))
    assert [(row["method"], row["protocol"], row["rank"]) for row in rows] == [
        ("byol", "finetune", "2"), ("random", "finetune", "3"),
    ]  # fmt: skip
    assert len(whole) == 1 + len(before)
    assert tree(stored / "leaderboard") == before
    one = bench(
        "leaderboard", "--results", stored, "--backbone", "resnet50", "--task", "brain_tumor", "--format", "json"
    )
    assert [(row["protocol"], row["rank"]) for row in json.loads(one.out)] == [("knn", 1)]
    named = bench("leaderboard", "--results", stored, "--method", "byol").out
    assert named.splitlines()[0].split()[0] == "method", "without a format: the table of a terminal"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--method", "simcrl"], "No records of the method 'simcrl'. Did you mean 'simclr'?"),
        (["--task", "brain_tumr"], "Did you mean 'brain_tumor'?"),
        (["--protocol", "kn"], "Did you mean 'knn'?"),
        (["--backbone", "resnet19"], "Did you mean 'resnet18'?"),
        (["--format", "latx"], "Unknown format 'latx'. Did you mean 'latex'?"),
        (["--method", "byol", "--protocol", "knn"], "together"),
    ],
)
def test_unknown_names_give_the_closest(bench, stored, options, message):
    done = bench("leaderboard", "--results", stored, *options)
    assert (done.code, done.out) == (2, "")
    assert message in " ".join(done.err.split())


@pytest.mark.parametrize(
    ("name", "begins"), [("a.tex", "% needs"), ("a.md", "**real"), ("a.json", "["), ("a.csv", "data,")]
)
def test_output_is_a_file_in_the_format_that_its_name_says(bench, stored, tmp_path, name, begins):
    file = tmp_path / "new" / name
    done = bench("leaderboard", "--results", stored, "--output", file)
    assert (done.code, done.out) == (0, f"{file}\n")
    assert file.read_text().startswith(begins)
    formats = {".tex": "latex", ".md": "markdown", ".json": "json", ".csv": "csv"}
    assert package.leaderboard(stored, format=formats[file.suffix]) == file.read_text()
    assert bench("leaderboard", "--results", stored, "--format", formats[file.suffix]).out == file.read_text()


def test_an_output_that_cannot_be_written_is_said_so(bench, stored):
    done = bench("leaderboard", "--results", stored, "--output", stored / "leaderboard")
    assert done.code == 6
    assert done.err.count("Error:") == 1


def test_python_takes_the_same(stored, tmp_path):
    board = package.leaderboard(stored, method=["byol", "random"], protocol="finetune")
    assert board["rank"].tolist() == [2, 3]
    assert package.leaderboard(stored)["rank"].dtype == "Int64"
    text = package.leaderboard(stored, format="latex", backbone="resnet50", output=tmp_path / "b.tex")
    assert (tmp_path / "b.tex").read_text() == text
    with pytest.raises(UsageError, match="Did you mean 'byol'"):
        package.leaderboard(stored, method="byoll")
    with pytest.raises(UsageError, match="needs a format"):
        package.leaderboard(stored, output=tmp_path / "b.tex")
    with pytest.raises(UsageError, match="Make some with bench run"):
        package.leaderboard(tmp_path / "none", format="csv")
    assert package.leaderboard(tmp_path / "none").empty


def test_a_terminal_gets_a_table_and_a_file_the_same_as_text(monkeypatch, capsys):
    board = task_board([record("simclr", 0, 0.5), record("random", 0, 0.25)])
    say_board(board)
    text = capsys.readouterr().out
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    say_board(board)
    shown = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out)
    assert shown.split() == text.split()
    assert "simclr" in text
    assert max(map(len, text.splitlines())) <= 80


def test_commands_of_the_documents_run_as_they_stand(bench, stored, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BENCH_RESULTS", str(stored))
    text = (Path(__file__).parents[2] / "docs" / "records.md").read_text()
    section = text.partition("## Print and share a board")[2].partition("\n## ")[0]
    commands = re.findall(r"^    (bench leaderboard.*)$", section, re.MULTILINE)
    assert len(commands) == 5
    for command in commands:
        done = bench(*command.split()[1:])
        assert (done.code, done.err) == (0, ""), command
        assert done.out
    assert "\\toprule" in (tmp_path / "board.tex").read_text()
