"""Training losses from the logs in the cache."""

import pytest

from bench.core.cache_folder import encoder_folder
from bench.pretraining import log
from bench.runs.report.curves import LOG_FILE, curves_of, read_curve
from tests.records_of import record

HASHES = {"evaluation": "e", "pretraining": "p", "checkpoint": "c" * 64}


def test_the_log_of_a_pretraining_is_its_curve(tmp_path):
    assert log.LOG_FILE == LOG_FILE
    folder = encoder_folder("simclr", HASHES["checkpoint"], tmp_path)
    folder.mkdir(parents=True)
    with log.TrainLog(folder, 0) as written:
        for step in range(3):
            written.write(step, {"loss": 3.0 - step, "epoch": 0})
    found = curves_of([record(hashes=HASHES), record("random", hashes=HASHES)], tmp_path)
    assert list(found) == [HASHES["checkpoint"]]
    assert (found[HASHES["checkpoint"]].steps, found[HASHES["checkpoint"]].values) == ((0, 1, 2), (3.0, 2.0, 1.0))


@pytest.mark.parametrize(
    "content", [b"", b"step,loss\n1,nan\n2\n,\n", b"\xff\xfe\x00", b"a,b\n1,2\n", b'step,loss\n"1']
)
def test_a_damaged_log_is_left_out(tmp_path, content):
    (tmp_path / LOG_FILE).write_bytes(content)
    assert read_curve(tmp_path / LOG_FILE) is None
    assert read_curve(tmp_path / "missing.csv") is None
