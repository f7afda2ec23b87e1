"""From predictions to scores of a record."""

from bench.runs.recording.scores import mean_over


def test_means_are_over_parts_and_undefined_where_one_is():
    parts = {"A": {"dice": 0.5, "hd95": None}, "B": {"dice": 0.7, "hd95": 3.0}}
    assert mean_over(parts) == {"dice": 0.6, "hd95": None}


def test_a_metric_that_one_part_lacks_is_undefined_and_no_parts_have_none():
    assert mean_over({"A": {"dice": 0.5}, "B": {"dice": 0.7, "iou": 0.2}}) == {"dice": 0.6, "iou": None}
    assert mean_over({}) == {}
