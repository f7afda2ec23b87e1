"""The log of a training, which never ends the training."""

import errno

import pandas as pd
import pytest
import torch
from PIL import Image

from bench.core.console import Report
from bench.engine.logs import destinations
from bench.engine.logs.place import LogPlace
from bench.engine.logs.run_log import RunLog
from bench.engine.logs.table import LogTable
from bench.engine.seeding import rng_state
from tests.engine.logs import fake_wandb


@pytest.fixture
def place(tmp_path):
    return LogPlace(tmp_path / "log", "simclr", "ab" * 32)


def train(place, report=None):
    with RunLog(place, report or Report(), "adaptation") as log:
        for step in range(2):
            log.step(step, {"loss": 1.0})
        log.epoch(1, 1, {"loss": 1.0})
        log.picture("views", 1, lambda: Image.new("RGB", (2, 2)))
    return log


def test_it_says_where_it_is_and_draws_no_random_number(place, capsys):
    before = rng_state()
    train(place)
    after = rng_state()
    assert torch.equal(before.pop("torch"), after.pop("torch"))
    assert before == after
    assert capsys.readouterr().err == f"  log of the adaptation: {place.folder}\n"
    assert len(pd.read_csv(place.folder / "log.csv")) == 2
    assert list(place.folder.glob("tensorboard/events*"))


def test_without_a_place_nothing_is_written_said_or_drawn(capsys):
    assert not RunLog(None, Report()).on
    with RunLog(None, Report()) as log:
        log.step(0, {"loss": 1.0})
        log.picture("views", 0, lambda: pytest.fail("made"))
    assert capsys.readouterr().err == ""


def test_a_full_disk_is_one_warning_and_the_rest_goes_on(place, monkeypatch, capsys):
    def full(self, row):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(LogTable, "write", full)
    train(place)
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "Warning" in line]
    assert line.endswith("The log of the adaptation goes on without its CSV files: [Errno 28] No space left on device")
    assert list(place.folder.glob("tensorboard/events*"))


def test_a_file_in_place_of_the_folder_is_a_warning_for_each(place, capsys):
    place.folder.write_text("a file where a folder should be")
    assert not train(place).on
    lines = capsys.readouterr().err.splitlines()
    assert [("without its CSV files" in line, "without its TensorBoard" in line) for line in lines] == [
        (True, False),
        (False, True),
    ]


def test_a_picture_that_cannot_be_made_or_is_none_leaves_the_log_as_it_is(place, capsys):
    with RunLog(place, Report()) as log:
        log.picture("views", 0, lambda: None)
        log.picture("views", 0, lambda: 1 / 0)
        assert log.on
        log.step(0, {"loss": 1.0})
    assert "without its views: division by zero" in capsys.readouterr().err
    assert len(pd.read_csv(place.folder / "log.csv")) == 1


def test_wandb_has_it_too_where_that_is_asked_for(tmp_path, monkeypatch, capsys):
    runs = fake_wandb.install(monkeypatch)
    train(LogPlace(tmp_path, "simclr", "ab" * 32, ("wandb",)))
    assert [step for step, _ in runs[0].logged] == [0, 1, 1, 1]
    assert f"{tmp_path}, offline-folder" in capsys.readouterr().err


def test_a_tensorboard_that_fails_later_is_a_warning(place, monkeypatch, capsys):
    def broken(self, step, values):
        raise RuntimeError("its thread has ended")

    monkeypatch.setattr(destinations.TensorBoard, "step", broken)
    train(place)
    assert "without its TensorBoard: its thread has ended" in capsys.readouterr().err
    assert len(pd.read_csv(place.folder / "epochs.csv")) == 1
