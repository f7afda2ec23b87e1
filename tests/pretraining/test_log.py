"""The log of a pretraining, which another process can continue."""

import pandas as pd
import pytest

from bench.pretraining.log import LastTenth, TrainLog


def test_a_pretraining_that_stopped_before_its_first_step_leaves_a_log_that_the_next_can_read(tmp_path):
    for _ in range(2):  # the second start drops the step of the first and leaves an empty file, as a full disk does
        with TrainLog(tmp_path, 0) as log:
            log.write(0, {"loss": 1.0})
    (tmp_path / "log.csv").write_text("")
    with TrainLog(tmp_path, 0) as log:
        log.write(0, {"loss": 2.0})
    assert list(pd.read_csv(tmp_path / "log.csv")["loss"]) == [2.0]


def test_rows_from_the_start_of_a_resumed_part_are_written_anew(tmp_path):
    with TrainLog(tmp_path, 0) as log:
        for step in range(4):
            log.write(step, {"loss": float(step)})
    with TrainLog(tmp_path, 2) as log:
        for step in (2, 3):
            log.write(step, {"loss": 10.0 + step})
    rows = pd.read_csv(tmp_path / "log.csv")
    assert (list(rows["step"]), list(rows["loss"])) == ([0, 1, 2, 3], [0, 1, 12, 13])


def test_means_over_the_last_tenth_of_the_steps():
    last = LastTenth(20)
    for step in range(20):
        last.add({"epoch": 0.0, "loss": 9.0 if step < 18 else step - 17.0, "late": float("nan")})
    assert last.means() == {"loss": 1.5}
    one = LastTenth(3)
    for loss in (1.0, 2.0, 3.0):
        one.add({"loss": loss})
    assert one.means() == {"loss": 3}, "at least one step"
    assert LastTenth(5).means() == {}


@pytest.mark.parametrize("tail", ["\0\0\0\0", "2,9,\0", "garbage\n", "7\n", "\ufffd,1.0\n", '"2,5'])
def test_a_log_that_a_crash_damaged_is_read_as_far_as_it_goes(tmp_path, tail):
    with TrainLog(tmp_path, 0) as log:
        for step in range(2):
            log.write(step, {"loss": float(step)})
    with (tmp_path / "log.csv").open("a") as file:
        file.write(tail)
    with TrainLog(tmp_path, 2) as log:
        log.write(2, {"loss": 5.0})
    rows = pd.read_csv(tmp_path / "log.csv")
    assert (list(rows["step"]), list(rows["loss"])) == ([0, 1, 2], [0, 1, 5])


def test_a_log_of_zeros_is_begun_anew(tmp_path):
    (tmp_path / "log.csv").write_bytes(bytes(300))
    with TrainLog(tmp_path, 4) as log:
        log.write(4, {"loss": 1.0})
    assert list(pd.read_csv(tmp_path / "log.csv")["step"]) == [4]
