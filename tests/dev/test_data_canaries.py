"""Canaries of decoding, splits and corpora notice a change of each."""

import numpy as np
import pytest

from bench.dev import data_canaries
from bench.dev.lock import compare


def ones(path):
    return np.ones((9, 8, 7), dtype=np.float32)


@pytest.mark.parametrize(
    ("canary", "place", "changed"),
    [
        (data_canaries.images, "bench.data.images._shallow", lambda path, image: image.convert("L").convert("RGB")),
        (
            data_canaries.volumes,
            "bench.pretraining.corpus_image.read_intensities",
            lambda path: np.ones((9, 8, 7), "f"),
        ),
        (data_canaries.split_cases, "bench.data.splits.TEST_SEED", 1),
        (data_canaries.split_cases, "bench.data.splits.TEST_FRACTION", 0.3),
        (data_canaries.corpus, "bench.pretraining.balance.KEPT_SHARE", (0.5, 0.6)),
    ],
)
def test_a_change_is_noticed(tmp_path, monkeypatch, canary, place, changed):
    before, after = tmp_path / "before", tmp_path / "after"
    before.mkdir()
    after.mkdir()
    locked = canary(before)
    monkeypatch.setattr(place, changed)
    assert list(compare(locked, canary(after)))
