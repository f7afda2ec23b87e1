"""Curves of pretrainings and adaptations from the logs in the cache."""

import pytest

from bench.core.cache_folder import EPOCHS_FILE, LOG_FILE, encoder_folder, log_folder, of_rate
from bench.engine.logs.destinations import CsvFiles
from bench.results.store import place_of_record
from bench.runs.report.curves import curves_of
from tests.records_of import record

HASHES = {"evaluation": "e", "pretraining": "p", "checkpoint": "c" * 64}


def log(folder, values, epochs=3):
    files = CsvFiles(folder, 0, 0)
    for epoch in range(epochs):
        files.step(epoch, {"loss": 3.0 - epoch, "epoch": 0})
        files.epoch(epoch + 1, epoch, {name: value + epoch for name, value in values.items()})
    files.close()


def drawn(curve):
    return curve.x_name, {line.name: (line.steps, line.values) for line in curve.lines}


def test_the_log_of_a_pretraining_is_its_curve(tmp_path):
    log(encoder_folder("simclr", HASHES["checkpoint"], tmp_path), {"loss": 1.0})
    found = curves_of([record(hashes=HASHES), record("random", hashes=HASHES)], tmp_path)
    assert list(found) == [HASHES["checkpoint"]]
    (curve,) = found[HASHES["checkpoint"]]
    assert drawn(curve) == ("step", {"": ((0, 1, 2), (3.0, 2.0, 1.0))})


def test_an_adaptation_has_its_losses_and_the_headline_metric(tmp_path):
    one = record("random")
    log(log_folder(place_of_record(one), tmp_path), {"loss": 1.0, "validation_loss": 2.0, "validation_accuracy": -0.5})
    losses, score = curves_of([one, record("simclr")], tmp_path)[one.identity]
    epochs = (1, 2, 3)
    assert drawn(losses) == ("epoch", {"training": (epochs, (1, 2, 3)), "validation": (epochs, (2, 3, 4))})
    assert drawn(score) == ("epoch", {"": (epochs, (-50, 50, 150))})
    assert score.name == "accuracy on validation data (percent)"


def test_of_several_heads_the_chosen_one_is_drawn(tmp_path):
    one = record("random", selection={"rate": 0.001, "epoch": 2.0})
    columns = {of_rate(name, rate): rate for rate in (0.001, 0.01) for name in ("loss", "validation_loss")}
    log(log_folder(place_of_record(one), tmp_path), columns)
    (losses,) = curves_of([one], tmp_path)[one.identity]
    assert {values[0] for _, values in drawn(losses)[1].values()} == {0.001}


@pytest.mark.parametrize(
    "content", [b"", b"step,loss\n1,nan\n2\n,\n", b"\xff\xfe\x00", b"a,b\n1,2\n", b'epoch,loss\n"1']
)
def test_a_damaged_log_is_left_out(tmp_path, content):
    one = record(hashes=HASHES)
    for file in (
        encoder_folder(one.method, HASHES["checkpoint"], tmp_path) / LOG_FILE,
        log_folder(place_of_record(one), tmp_path) / EPOCHS_FILE,
    ):
        file.parent.mkdir(parents=True)
        file.write_bytes(content)
    assert curves_of([one], tmp_path) == {}
