"""The log of a pretraining, which another process can continue."""

import pandas as pd

from bench.pretraining.log import TrainLog, final_values


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


def test_final_values_are_means_over_the_last_tenth(tmp_path):
    rows = pd.DataFrame({"step": range(20), "epoch": 0, "loss": [9.0] * 18 + [1.0, 2.0], "accuracy": [None] * 20})
    rows.to_csv(tmp_path / "log.csv", index=False)
    assert final_values(tmp_path / "log.csv") == {"loss": 1.5}
    rows.head(3).assign(loss=[1, 2, 3]).to_csv(tmp_path / "log.csv", index=False)
    assert final_values(tmp_path / "log.csv") == {"loss": 3}, "at least one step"
    assert final_values(tmp_path / "none.csv") == {}
