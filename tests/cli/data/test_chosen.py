"""The data sets that a command is about."""

import pytest

from bench.cli.data.chosen import found_data_set, found_data_sets
from bench.core.errors import DataError, UsageError


def test_all_is_what_lies_under_the_root(segmentation_root):
    root, data_sets = found_data_sets("all", segmentation_root)
    assert root == segmentation_root
    assert {"drive", "kvasir_seg"} <= {data_set.name for data_set in data_sets}
    assert found_data_sets("", segmentation_root)[1] == data_sets


def test_one_is_one(segmentation_root):
    assert found_data_set("drive", segmentation_root, None, None)[1].name == "drive"
    with pytest.raises(UsageError, match="Name one task; these are of the data sets drive, jsrt"):
        found_data_set("drive,jsrt", segmentation_root, None, None)


def test_without_a_data_root_or_data_the_advice_says_what_to_give(tmp_path, monkeypatch):
    monkeypatch.delenv("BENCH_DATA", raising=False)
    with pytest.raises(DataError, match="Give --data-root, or set BENCH_DATA"):
        found_data_sets("drive", None)
    (tmp_path / "other").mkdir()
    with pytest.raises(DataError, match="no known data set is in this data root"):
        found_data_sets("all", tmp_path)
