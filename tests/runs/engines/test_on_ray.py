"""The engine `ray`: resources that a cluster has, failures that are tried again, and a real cluster of this machine."""

import json
import os
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

from bench.core.errors import TrainingError
from bench.results.store import Store
from bench.runs.engines.on_ray import fitting, lost
from bench.runs.engines.resources import Resources
from tests.commands import SMALL

NODES = [{"CPU": 4.0, "memory": 2.0**31}, {"CPU": 16.0, "GPU": 4.0, "memory": 2.0**33}]


def test_no_unit_asks_for_more_than_a_node_has():
    assert fitting(Resources(2, 0, 100, None), NODES) == Resources(2, 0, 100, None)
    assert fitting(Resources(40, 0, 10**6, None), NODES) == Resources(16, 0, 8192, None)
    assert fitting(Resources(9, 1, None, 5.0), NODES) == Resources(4, 1, None, 5.0), "CPUs for each of four GPUs"


def test_what_a_worker_says_is_final_and_its_end_is_not():
    said = lost("a", "run a", SimpleNamespace(cause=TrainingError("the loss is not finite")))
    assert (said.reason, said.again) == ("the loss is not finite", False)
    ended = lost("a", "run a", RuntimeError("it was killed"))
    assert (ended.reason, ended.again) == ("its worker ended: RuntimeError: it was killed", True)


SLOW = """
import time

from methods.simclr import SimCLR


class Slow(SimCLR):
    name = "slow"

    def after_step(self, module, progress):
        time.sleep(0.2 if progress.epoch else 0.0)


class Bad(SimCLR):
    name = "bad"

    def after_step(self, module, progress):
        raise ValueError("a mistake of the plugin")
"""


def command(root, tmp_path, methods):
    (tmp_path / "slow.py").write_text(SLOW)
    return [
        sys.executable, "-m", "bench", "run", "-m", methods, "--plugin", tmp_path / "slow.py", "-t", "brain_tumor",
        "--protocol", "knn", "--backbone", "vit_tiny_8", "--seeds", "2", "--data-root", root, "--engine", "ray",
        "--results", tmp_path / "r", "--cache", tmp_path / "c", "--device", "cpu", *SMALL, "--set=pretrain.epochs=4",
        "--json",
    ]  # fmt: skip


def pid_of_pretraining(cache, command):
    """The process that pretrains a method, after its first epoch."""
    while command.poll() is None:
        for owner in (cache / "checkpoints" / "slow").glob("*/pretraining.owner"):
            if (owner.with_name("last.ckpt")).exists():
                return json.loads(owner.read_text())["pid"]
        time.sleep(0.05)
    pytest.fail("it ended before a worker was killed")


@pytest.mark.slow
def test_a_grid_on_a_local_cluster_survives_a_killed_worker_and_a_failing_method(phantom_root, tmp_path):
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    whole = list(map(str, command(phantom_root, tmp_path, "slow,bad,random")))
    with (tmp_path / "err").open("w") as errors:
        running = subprocess.Popen(whole, env=environment, text=True, stdout=subprocess.PIPE, stderr=errors)
        os.kill(pid_of_pretraining(tmp_path / "c", running), signal.SIGKILL)
        out, _ = running.communicate(timeout=600)
    err = (tmp_path / "err").read_text()
    assert running.returncode == 5, err
    found = json.loads(out)
    assert found["made"] == 4
    assert sorted((run["method"], run["seed"]) for run in found["runs"]) == [
        (method, seed) for method in ("random", "slow") for seed in (0, 1)
    ]
    assert {one["what"] for one in found["failed"]} == {f"bad (vit_tiny_8, seed {n}): its pretraining" for n in (0, 1)}
    assert "a mistake of the plugin" in err
    records, problems = Store(tmp_path / "r").load()
    assert (len(records), problems) == (4, [])
    logs = list((tmp_path / "c" / "checkpoints" / "slow").glob("*/log.csv"))
    for log in logs:
        steps = [int(row.split(",")[0]) for row in log.read_text().splitlines()[1:]]
        assert steps == list(range(len(steps))), "one writer, and continued where the killed one was"
    assert len(logs) == 2
