"""The log of a pretraining: for people in a file, for the record in memory."""

import pandas as pd
import pytest

from bench.core.errors import StorageError
from bench.pretraining.log import LastTenth, TrainLog


def write(folder, start, *rows, total=100):
    with TrainLog(folder, start, LastTenth(total)) as log:
        for step, loss in enumerate(rows, start):
            log.write(step, {"loss": loss})


def test_a_pretraining_that_stopped_before_its_first_step_leaves_a_log_that_the_next_can_read(tmp_path):
    for _ in range(2):  # the second start drops the step of the first and leaves an empty file, as a full disk does
        write(tmp_path, 0, 1.0)
    (tmp_path / "log.csv").write_text("")
    write(tmp_path, 0, 2.0)
    assert list(pd.read_csv(tmp_path / "log.csv")["loss"]) == [2.0]


def test_rows_from_the_start_of_a_resumed_part_are_written_anew(tmp_path):
    write(tmp_path, 0, 0.0, 1.0, 2.0, 3.0)
    write(tmp_path, 2, 12.0, 13.0)
    rows = pd.read_csv(tmp_path / "log.csv")
    assert (list(rows["step"]), list(rows["loss"])) == ([0, 1, 2, 3], [0, 1, 12, 13])


DAMAGE = {
    "a NUL tail": (lambda b: b[:-6] + bytes(6), [0, 1, 2]),
    "half a row": (lambda b: b[:-6], [0, 1, 2]),
    "garbage within": (lambda b: b.replace(b"2,2.0", b"\xff\xfe,x"), [0, 1]),
    "a row of another form": (lambda b: b.replace(b"2,2.0", b"2,2.0,5"), [0, 1]),
    "a zeroed head": (lambda b: bytes(8) + b[8:], []),
    "only zeros": (lambda b: bytes(len(b)), []),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_log_is_kept_as_far_as_it_goes(tmp_path, damage):
    change, kept = DAMAGE[damage]
    write(tmp_path, 0, 0.0, 1.0, 2.0, 3.25)
    path = tmp_path / "log.csv"
    path.write_bytes(change(path.read_bytes()))
    write(tmp_path, 4, 4.0)
    rows = pd.read_csv(path)
    assert list(rows["step"]) == [*kept, 4]
    assert list(rows["loss"]) == [*kept, 4]


def test_a_log_that_is_no_file_is_an_error(tmp_path):
    (tmp_path / "log.csv").mkdir()
    with pytest.raises(StorageError, match=r"log\.csv: cannot be read: it is a directory\.\nDelete it"):
        TrainLog(tmp_path, 0, LastTenth(1))


def test_final_values_are_means_over_the_last_tenth(tmp_path):
    final = LastTenth(20)
    with TrainLog(tmp_path, 0, final) as log:
        for step, loss in enumerate([9.0] * 18 + [1.0, 2.0]):
            log.write(step, {"loss": loss, "accuracy": float("nan"), "lr": 1 / 3, "epoch": 0.0, "wide": float("inf")})
    assert final.means() == {"loss": 1.5, "lr": 0.333333}
    few = LastTenth(3)
    for step in range(3):
        few.add(step, {"loss": step + 1.0})
    assert few.means() == {"loss": 3}, "at least one step"
    assert LastTenth(5).means() == {}


def test_what_is_continued_has_the_means_of_all_its_steps():
    values = [0.1 * step for step in range(100)]
    whole, first = LastTenth(100), LastTenth(100)
    for step, value in enumerate(values):
        whole.add(step, {"loss": value})
        if step < 94:
            first.add(step, {"loss": value})
    second = LastTenth(100, first.sums)
    for step in range(94, 100):
        second.add(step, {"loss": values[step]})
    assert second.sums == whole.sums
    assert whole.means() == {"loss": 9.45}
