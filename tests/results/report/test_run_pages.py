"""A run's page: its record's fields, scores and link."""

import pandas as pd

from bench.results.report.extras import Curve, CurveLine, Extras
from bench.results.report.run_pages import relative_folder, run_page, score_text
from tests.records_of import record


def page_of(one, extras=None):
    return run_page(one, "a/b c.json", pd.DataFrame(), extras or Extras(), "group-1", "../results/runs", 3)


def test_every_field_of_the_record_is_shown():
    one = record(score=0.5)
    page = page_of(one)
    shown = {name for name, _ in page.fields} | {"metrics", "sweep"}
    missing = set(one.model_dump()) - shown
    assert missing == {"metrics_without_duplicates", "metrics_without_near_duplicates"}, "they stand in the scores"
    assert page.scores == (("accuracy", "50.0", "40.0", "30.0"), ("macro_auroc", "n/a", "n/a", "n/a"))
    assert dict(page.fields)["identity"].startswith(page.anchor.removeprefix("run-"))
    assert page.link == "../results/runs/a/b%20c.json"


def test_the_curve_is_that_of_the_runs_checkpoint():
    one = record(hashes={"evaluation": "e", "pretraining": "p", "checkpoint": "c"})
    extras = Extras(curves={"c": (Curve("loss", "step", (CurveLine("", (0, 1), (1.0, 0.5)),)),)})
    assert [plot.title for plot in page_of(one, extras).plots] == ["loss"]
    assert page_of(one.model_copy(update={"corpus": None}), extras).plots == ()


def test_records_are_found_from_where_the_report_lies(tmp_path):
    assert relative_folder(tmp_path / "results/runs", tmp_path / "docs/report.html") == "../results/runs"
    assert relative_folder(tmp_path / "results/runs", tmp_path / "report.html") == "results/runs"


def test_distances_are_no_percentages():
    assert score_text("hd95_px/left lung", 48.325) == "48.3 px"
    assert score_text("hd95_mm", 2.0) == "2.0 mm"
    assert score_text("quadratic_kappa", 0.5) == score_text("of_a_plugin", 0.5) == "50.0"
    assert score_text("hd95_px", None) == "n/a"
