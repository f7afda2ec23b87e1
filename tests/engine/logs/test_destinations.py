"""CSV files and TensorBoard events of a training."""

import numpy as np
import pandas as pd
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from bench.engine.logs.destinations import CsvFiles, TensorBoard


def test_csv_files_have_steps_and_epochs_and_every_finished_epoch_is_in_them(tmp_path):
    files = CsvFiles(tmp_path, 0, 0)
    for step in range(4):
        files.step(step, {"loss": float(step)})
    files.epoch(1, 1, {"loss": 0.5})
    files.epoch(2, 3, {"loss": 2.5})
    assert list(pd.read_csv(tmp_path / "log.csv")["step"]) == [0, 1, 2, 3], "before it is closed"
    files.close()
    resumed = CsvFiles(tmp_path, 2, 1)
    resumed.picture("views", 2, Image.new("RGB", (1, 1)))
    resumed.close()
    assert list(pd.read_csv(tmp_path / "log.csv")["step"]) == [0, 1]
    assert list(pd.read_csv(tmp_path / "epochs.csv")["epoch"]) == [1]


def test_tensorboard_shows_the_scalars_of_a_resumed_training_once_and_its_pictures(tmp_path):
    for start in (0, 2):
        board = TensorBoard(tmp_path, start)
        for step in range(start, 4):
            board.step(step, {"loss": float(10 * start + step)})
            if step % 2:
                board.epoch(step // 2 + 1, step, {"loss": float(start)})
        board.picture("views", 3, Image.fromarray(np.full((2, 3), 7, np.uint8)))
        board.close()
    events = EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()
    assert [(e.step, e.value) for e in events.Scalars("loss")] == [(0, 0.0), (1, 1.0), (2, 22.0), (3, 23.0)]
    assert [(e.step, e.value) for e in events.Scalars("epoch/loss")] == [(1, 0.0), (3, 2.0)]
    assert [(e.width, e.height) for e in events.Images("views")][-1] == (3, 2)
