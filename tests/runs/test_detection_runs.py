"""Detection from the command line, on phantoms: what the record and the tables say, and what is refused."""

import json
import shutil
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bench.core import registry
from bench.core.task import Box, BoxTarget
from bench.results.record import Record
from bench.results.store import Store
from tasks.kinds.detection.scores import coco_scores

FAST = (
    *("--set", "protocol.epochs=1", "--set", "task.image_size=64", "--set", "task.pyramid_channels=16"),
    *("--seed", "0", "--quiet", "--cache"),
)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def run_task(bench, cache, tmp_path):
    def call(task, *options):
        done = bench("run", "-m", "random", "-t", task, "--results", tmp_path / "r", *FAST, cache, *options)
        assert done.code == 0, done.err
        (path,) = sorted((tmp_path / "r" / "runs").rglob("*.json"))
        return Record.model_validate_json(path.read_bytes()), tmp_path / "r", done.err

    return call


def from_cases(record: Record, cases: pd.DataFrame) -> dict[str, float | None]:
    """The metrics again, from the stored cases and the sizes of the images (which do not matter for boxes)."""
    truth = [BoxTarget(9999, 9999, tuple(Box(int(k), *b) for k, *b in rows)) for rows in cases["target"]]
    tables = [np.array(rows.tolist()).reshape(-1, 6) for rows in cases["prediction"]]
    found = [{"labels": t[:, 0].astype(int), "scores": t[:, 1], "boxes": t[:, 2:]} for t in tables]
    return coco_scores(truth, found, registry.tasks().get(record.task).data.classes)


def test_kvasir_det(run_task):
    record, results, warnings = run_task("kvasir_det", "--save-predictions")
    assert warnings == ""
    assert (record.kind, record.metric, record.data) == ("detection", "ap50", "phantom")
    assert set(record.metrics) == {"ap50", "map", "ar100"}
    assert record.provenance["detection"]["engine"] == "torchvision"
    assert record.provenance["detection"]["norm"] == "batch", "the encoder is random"
    assert record.config["task"]["engine"] == "torchvision"
    cases = Store(results).cases(record)
    assert len(cases) == record.split.test == 5
    assert all(len(rows) <= 100 and all(row[1] >= 0.05 for row in rows) for rows in cases["prediction"])
    assert from_cases(record, cases) == pytest.approx(record.metrics, abs=1e-6)
    assert len(list((results / "predictions").rglob("*.png"))) == 5 + 1, "and the contact sheet"
    (row,) = pd.read_csv(results / "leaderboard" / "phantom-quick.csv").to_dict("records")
    assert (row["task"], row["metric"], row["mean"]) == (
        "kvasir_det",
        "ap50",
        pytest.approx(record.metrics["ap50"], abs=1e-5),
    )


def test_vindr_has_scores_per_finding_and_says_what_was_cut(run_task):
    record, results, _ = run_task("vindr", "--protocol", "linear")
    (warning,) = record.warnings
    assert warning.startswith("vindr: boxes that reach over the edge of their image")
    assert record.provenance["detection"]["norm"] == "frozen"
    assert {"ap50/Cardiomegaly", "map/Nodule/Mass"} <= set(record.metrics)
    assert record.metrics["ap50/Pneumothorax"] is None, "no image of the phantom has one"
    assert from_cases(record, Store(results).cases(record)) == pytest.approx(record.metrics, abs=1e-6)


def test_a_pretrained_encoder_keeps_its_norms(bench, cache, tmp_path):
    pretraining = ("--set", "pretrain.epochs=1", "--set", "pretrain.image_size=32")
    arguments = ("run", "-m", "simclr", "-t", "kvasir_det", "--results", tmp_path, *FAST, cache, *pretraining)
    done = bench(*arguments)
    assert done.code == 0, done.err
    (path,) = (tmp_path / "runs").rglob("*.json")
    record = Record.model_validate_json(path.read_bytes())
    assert record.provenance["detection"]["norm"] == "frozen"
    assert record.corpus.sources == {"kvasir_det": record.split.train}


def test_bad_boxes_are_one_error_and_nothing_is_stored(bench, cache, tmp_path):
    root = Path(bench("data", "phantom", "kvasir_det", "--cache", tmp_path / "c").out.strip())
    shutil.copytree(root / "kvasir", tmp_path / "data" / "kvasir")
    path = tmp_path / "data" / "kvasir" / "Kvasir-SEG" / "kavsir_bboxes.json"
    entries = json.loads(path.read_text())
    name = sorted(entries)[3]
    entries[name]["bbox"][0]["xmax"] = entries[name]["bbox"][0]["xmin"] - 1
    path.write_text(json.dumps(entries))
    arguments = ("run", "-m", "random", "-t", "kvasir_det", "--results", tmp_path / "r", *FAST, cache)
    done = bench(*arguments, "--data-root", tmp_path / "data")
    assert done.code == 3
    assert f"{path}, image '{name}', box 1: this box is inverted or has no area" in done.err
    assert not (tmp_path / "r").exists()


@pytest.mark.skipif(find_spec("detectron2") is not None, reason="detectron2 is installed")
def test_detectron2_missing_is_one_error_before_any_work(bench, cache, tmp_path):
    arguments = ("run", "-m", "random", "-t", "kvasir_det", "--results", tmp_path / "r", *FAST, cache)
    done = bench(*arguments, "--set", "task.engine=detectron2")
    assert done.code == 2
    assert "detectron2 is not installed" in done.err
    assert "pip install --no-build-isolation 'git+https://github.com/facebookresearch/detectron2.git'" in done.err
    assert not (tmp_path / "r").exists()


@pytest.mark.skipif(find_spec("detectron2") is None, reason="detectron2 is not installed (tox -e detectron2)")
def test_detectron2_is_another_run_of_the_same_data(run_task):
    record, results, warnings = run_task("kvasir_det", "--set", "task.engine=detectron2")
    assert warnings == ""
    assert record.provenance["detection"]["engine"] == "detectron2"
    assert record.config["task"]["engine"] == "detectron2"
    assert from_cases(record, Store(results).cases(record)) == pytest.approx(record.metrics, abs=1e-6)


def test_unknown_engine_and_what_show_says(bench, cache, tmp_path):
    arguments = ("run", "-m", "random", "-t", "vindr", "--cache", cache, "--results", tmp_path)
    done = bench(*arguments, "--set", "task.engine=mmdet")
    assert done.code == 2
    assert "task.engine: Input should be 'torchvision' or 'detectron2' (found 'mmdet')" in done.err
    shown = bench("show", "vindr").out
    for part in (
        "engine: torchvision",
        "min_score: 0.05",
        "Pulmonary fibrosis",
        "train/{case}.{jpg,jpeg,png}",
        "ap50",
        "encoder and the task's head (linear layer, decoder or detector) trained together",
    ):
        assert part in shown
    assert "Kvasir-SEG, bounding boxes · detection · finetune · ap50" in bench("list", "tasks").out
