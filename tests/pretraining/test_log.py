"""The log of a pretraining, which another process can continue."""

import pandas as pd

from bench.pretraining.log import TrainLog


def test_a_pretraining_that_stopped_before_its_first_step_leaves_a_log_that_the_next_can_read(tmp_path):
    for _ in range(2):  # the second start drops the step of the first and leaves an empty file, as a full disk does
        with TrainLog(tmp_path, 0) as log:
            log.write(0, {"loss": 1.0})
    (tmp_path / "log.csv").write_text("")
    with TrainLog(tmp_path, 0) as log:
        log.write(0, {"loss": 2.0})
    assert list(pd.read_csv(tmp_path / "log.csv")["loss"]) == [2.0]
