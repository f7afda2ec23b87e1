"""Boards of many runs: parts that have nothing in common do not change each other, and no plugin is needed."""

import os
import random
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from bench.core.errors import StorageError
from bench.results.boards import regenerate, write_tables
from bench.results.comparison.mean_ranks import overall_board
from bench.results.leaderboard import board_of, task_board, to_frame
from bench.results.record import SplitRecord
from bench.results.store import Store
from bench.results.tables import leaderboard_texts
from tests.records_of import record
from tests.results.stores_of import add_run, three_methods

REPOSITORY = Path(__file__).parents[2]


def scattered(seed, **changes):
    """About 60 records: two tasks, four methods, variants, undefined scores, seeds that are not in common."""
    generator = random.Random(seed)
    records = []
    for task in ("brain_tumor", "drive"):
        for method, alpha in (("random", 0), ("simclr", 0), ("byol", 0), ("byol", 1), ("byol", 2)):
            overrides = {"method": {"alpha": alpha}} if alpha else {}
            hashes = {"evaluation": "e" * 64, "pretraining": f"{method} {alpha}"}
            for number in generator.sample(range(9), 6):
                score = generator.choice([0.125, 0.25, 0.5, 0.75, 0.75 + 1e-9, None if number == 0 else 0.5])
                split = SplitRecord(fingerprint=task, file="splits/x.csv", train=2, validation=1, test=1)
                facts = {"metrics": {"accuracy": score}, "task": task, "data_set": task, "split": split} | changes
                records.append(record(method, number, 0.5, overrides=overrides, hashes=hashes, **facts))
    return records


def boards(records):
    board = task_board(records)
    return board, overall_board(board)


@pytest.mark.parametrize("other", [{"data": "phantom"}, {"profile": "paper"}, {"backbone": "vit_b_16"}])
def test_boards_of_independent_records_are_the_boards_of_each(other):
    first, second = scattered(1), scattered(2, **other)
    parts = [boards(first), boards(second)]
    for both, *one in zip(boards(first + second), *parts, strict=True):
        own = (both[list(other)] == list(other.values())).all(axis=1)
        for found, expected in zip((both[~own], both[own]), one, strict=True):
            assert_frame_equal(found.reset_index(drop=True), expected[both.columns], check_exact=True)


def test_boards_do_not_depend_on_the_order_of_records():
    records = scattered(3)
    shuffled = random.Random(0).sample(records, len(records))
    for found, expected in zip(boards(shuffled), boards(records), strict=True):
        assert_frame_equal(found, expected, rtol=1e-12)


def test_a_large_board_is_what_each_contestant_and_group_gives_alone():
    records = [r for seed, name in enumerate("abcdefgh") for r in scattered(seed, backbone=name)]
    frame = to_frame(records)
    board = board_of(frame)
    assert len(board) == 8 * 2 * 5
    for row in board.to_dict("records"):
        same = frame[(frame["backbone"] == row["backbone"]) & (frame["task"] == row["task"])]
        own = same[(same["method"] == row["method"]) & (same["settings"] == row["settings"])]["score"]
        assert row["seeds"] == len(own) == 6
        expected = [own.mean(skipna=False), own.std(skipna=False)]
        assert [row["mean"], row["std"]] == pytest.approx(expected, nan_ok=True)
        plain = same[~same["settings"].str.startswith("method.")].groupby("method")["score"]
        above = sum(mean > own.mean() + 1e-12 for mean in plain.agg(lambda v: v.mean(skipna=False)))
        assert pd.isna(row["rank"]) if own.isna().any() else row["rank"] == 1 + above
    assert board["mean"].isna().any()


def test_means_that_are_equal_but_for_rounding_share_a_rank():
    records = [record("simclr", s, v) for s, v in enumerate((0.2, 0.3, 0.7))]
    records += [record("byol", s, v) for s, v in enumerate((0.7, 0.3, 0.2))] + [record("dino", 0, 0.4)]
    assert list(task_board(records)["rank"]) == [1, 1, 1]


def test_stand_ins_have_a_board_and_no_part_in_the_overall_ranks(tmp_path):
    records = scattered(1) + scattered(2, task="dr", data_set="dr", stand_in_for="fgadr")[:30]
    texts = leaderboard_texts(to_frame(records), tmp_path)
    assert "\nreal,quick,dr," in texts["real-quick.csv"]
    assert (
        texts["real-quick-overall.csv"] == leaderboard_texts(to_frame(scattered(1)), tmp_path)["real-quick-overall.csv"]
    )
    only = leaderboard_texts(to_frame([r for r in records if r.stand_in_for]), tmp_path)
    assert set(only) == {"real-quick.csv"}


def test_no_records_make_no_tables(tmp_path):
    assert leaderboard_texts(to_frame([]), tmp_path) == {}


@pytest.fixture
def sabotaged(tmp_path):
    """Run `bench` where methods, tasks and torch cannot be imported; gives the process and the modules it imported."""
    for name in ("torch", "sklearn", "methods", "tasks"):
        package = tmp_path / "path" / name
        package.mkdir(parents=True)
        (package / "__init__.py").write_text(f"raise RuntimeError('{name} is broken')\n")

    def call(*arguments):
        code = f"import sys; sys.path.insert(0, {str(tmp_path / 'path')!r}); from bench.cli.app import main; main()"
        command = [sys.executable, "-X", "importtime", "-c", code, *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"BENCH_CACHE": str(tmp_path)})
        return done, set(re.findall(r"^import time:.*\| +(\S+)$", done.stderr, re.MULTILINE))

    return call


def test_tables_are_made_where_no_plugin_can_be_loaded(sabotaged, tmp_path):
    results = three_methods(tmp_path).results
    (results / "published").symlink_to(REPOSITORY / "results" / "published")
    broken, _ = sabotaged("show", "simclr")
    assert (broken.returncode, "methods is broken" in broken.stderr) == (4, True), broken.stderr
    done, modules = sabotaged("leaderboard", "--results", results)
    assert done.returncode == 0, done.stderr
    assert "pandas" in modules
    assert (
        modules & {"torch", "sklearn", "scipy.stats", "methods", "tasks", "bench.runs.plan", "bench.runs.session"}
        == set()
    )
    board = pd.read_csv(results / "leaderboard" / "real-quick.csv")
    assert board["method"].tolist() == ["simclr", "byol", "random"]
    tables = {p.name: p.read_bytes() for p in (results / "leaderboard").iterdir()}
    again = write_tables(results, to_frame(Store(results).load()[0], results))
    assert {p.name: p.read_bytes() for p in again} == tables


def test_results_that_cannot_be_written_are_read(tmp_path, monkeypatch):
    add_run(Store(tmp_path))
    (tmp_path / "leaderboard").write_text("a file, so that no folder can be made")
    with pytest.raises(StorageError):
        regenerate(tmp_path)
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    found = regenerate(tmp_path)
    assert found.files == []
    assert "not brought up to date" in found.problems[-1]
    assert "simclr" in found.markdown
