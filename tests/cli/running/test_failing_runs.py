"""Runs that fail, equal commands side by side, parts of a grid, signals to a process group: as a user sees them."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest

from bench.results.store import Store
from tests.commands import SMALL

BAD = """
from methods.simclr import SimCLR


class Bad(SimCLR):
    name = "bad"

    def after_step(self, module, progress):
        if progress.step == 3:  # later than a pretraining is tried
            raise ValueError("a mistake of the plugin")


class Long(SimCLR):
    name = "long"
"""
TINY = ("--protocol", "knn", "--backbone", "vit_tiny_8")
FOUR = ("--set=pretrain.epochs=4", "--set=pretrain.batch_size=16")


@pytest.fixture
def plugin(tmp_path):
    path = tmp_path / "bad.py"
    path.write_text(BAD)
    return path


def test_the_others_go_on_and_the_end_says_what_failed(run, plugin, tmp_path):
    done = run("bad,random", "brain_tumor", "--seed", "0", *TINY, *FOUR, "--plugin", plugin)
    assert done.code == 5
    assert re.search(r"^random +\d", done.out, re.MULTILINE), "the board of the others"
    error = done.err[done.err.index("Error: ") :]
    assert error.startswith("Error: 1 of 2 runs failed; the others are stored, and the same command tries these again.")
    assert "- bad (vit_tiny_8, seed 0): its pretraining failed (1 run needs it: bad on brain_tumor" in error
    assert "an error that nobody expected: ValueError: a mistake of the plugin" in error
    report = re.search(r"the file (\S+) has the details", error)
    assert "in after_step" in open(report[1]).read()  # noqa: PTH123, SIM115
    assert "Traceback" not in done.err
    assert [r.method for r in Store(tmp_path / "results").load()[0]] == ["random"]


def test_with_fail_fast_and_where_nothing_is_left_there_is_no_board(run, plugin, tmp_path):
    done = run("bad,random", "brain_tumor", "--seed", "0", *TINY, *FOUR, "--plugin", plugin, "--fail-fast")
    assert (done.code, done.out) == (70, "")
    done = run("bad", "brain_tumor", "--seed", "0", *TINY, *FOUR, "--plugin", plugin)
    assert (done.code, done.out) == (5, "")
    assert not (tmp_path / "results" / "leaderboard").exists()


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (("--shard", "5/4"), "expected i/n"),
        (("--unit", "ffffffff"), "no units of this grid"),
        (("--engine", "rai"), "Did you mean 'ray'"),
        (("--shard", "1/2", "--unit", "abcdef"), "exclude each other"),
    ],
)
def test_a_part_or_an_engine_that_there_is_not_is_an_error(run, tmp_path, option, message):
    done = run("random", "brain_tumor", "--seed", "0", *TINY, *option)
    assert (done.code, message in done.err) == (2, True), done.err
    assert not (tmp_path / "results").exists()


@pytest.mark.slow
def test_a_task_of_an_array_script_runs_its_unit_and_then_nothing(bench, phantom_root, tmp_path):
    options = [
        "-m", "random", "-t", "brain_tumor", "--seeds", "2", *TINY, "--data-root", phantom_root,
        "--results", tmp_path / "r", "--cache", tmp_path / "c", "--device", "cpu", *SMALL,
    ]  # fmt: skip
    script = bench("plan", *options, "--slurm")
    assert script.code == 0, script.err
    assert "#SBATCH --array=0-1" in script.out
    environment = {**os.environ, "SLURM_ARRAY_TASK_ID": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    for expected in (True, False):
        done = subprocess.run(
            ["bash"], input=script.out, env=environment, capture_output=True, text=True, timeout=300, check=False
        )
        assert done.returncode == 0, done.stderr
        assert ("stored " in done.stderr) == expected
        assert ("already in" in done.stderr) != expected
        assert [record.seed for record in Store(tmp_path / "r").load()[0]] == [1]
    again = bench("plan", *options, "--slurm")
    assert "#SBATCH --array=0-0" in again.out
    assert "seed 0" in again.out


def arguments(root, tmp_path, method, *more):
    return [
        sys.executable, "-m", "bench", "run", "-m", method, "-t", "brain_tumor", *TINY, "--data-root", str(root),
        "--results", str(tmp_path / "r"), "--cache", str(tmp_path / "c"), "--device", "cpu", *SMALL, *more,
    ]  # fmt: skip


@pytest.mark.slow
def test_two_equal_commands_side_by_side_pretrain_once_and_end_alike(phantom_root, tmp_path):
    command = [*arguments(phantom_root, tmp_path, "simclr", "--seed", "0", "--set=pretrain.epochs=3"), "--json"]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    ends = [one.communicate(timeout=600) for one in both]
    assert [one.returncode for one in both] == [0, 0], ends
    first, second = (json.loads(out) for out, _ in ends)
    assert first["runs"] == second["runs"]
    assert first["leaderboard"] == second["leaderboard"]
    assert first["made"] + second["made"] == 1
    (log,) = (tmp_path / "c" / "checkpoints" / "simclr").glob("*/log.csv")
    steps = [int(row.partition(",")[0]) for row in log.read_text().splitlines()[1:]]
    assert steps == list(range(len(steps)))
    records, problems = Store(tmp_path / "r").load()
    assert (len(records), problems) == (1, [])


@pytest.mark.slow
def test_sigterm_to_the_process_group_is_a_clean_stop_with_loading_processes(phantom_root, plugin, tmp_path):
    more = ("--plugin", str(plugin), "--seed", "0", "--workers", "2", "--set=pretrain.epochs=400")
    running = subprocess.Popen(
        arguments(phantom_root, tmp_path, "long", *more), stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    deadline = time.monotonic() + 300
    while not list((tmp_path / "c" / "checkpoints").glob("long/*/last.ckpt")):
        assert running.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.1)
    os.killpg(running.pid, signal.SIGTERM)
    _, err = running.communicate(timeout=60)
    assert running.returncode == 130, err
    assert "Interrupted: stopped. Finished runs and the last epoch are kept; the same command continues." in err
    assert "Traceback" not in err
    assert "DataLoader" not in err
