"""Segmentation tasks from the command line, on phantoms: one run each, and what the record and the tables say."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from bench.engine.kept import Memory
from bench.evaluation.pictures.sheet import FILE
from bench.results.record import Record
from bench.results.store import Store
from tasks.kinds.segmentation import Segmentation2D

FAST = ("--set", "protocol.epochs=1", "--set", "task.image_size=32", "--seed", "0", "--cache")


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """A cache of their own: the pool of other tests holds what lies in the shared one."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def run_task(bench, cache, tmp_path):
    def call(task, *options):
        arguments = ("run", "-m", "random", "-t", task, "--results", tmp_path / "r")
        done = bench(*arguments, *FAST, cache, "--quiet", *options)
        assert done.code == 0, done.err
        assert done.err == "", "no warnings"
        (path,) = sorted((tmp_path / "r" / "runs").rglob("*.json"))
        return Record.model_validate_json(path.read_bytes()), tmp_path / "r"

    return call


def masks_of(results: Path) -> dict[str, np.ndarray]:
    folder = results / "predictions"
    return {p.name: np.asarray(Image.open(p)) for p in folder.rglob("*.png") if p.name != FILE}


@pytest.mark.parametrize("task", ["drive", "kvasir_seg", "jsrt"])
def test_images(run_task, task):
    record, results = run_task(task, "--save-predictions")
    assert (record.kind, record.metric, record.distribution, record.domains) == ("segmentation_2d", "dice", "in", {})
    assert {"dice", "iou", "hd95_px"} <= set(record.metrics)
    assert 0 <= record.metrics["dice"] <= 1
    cases = Store(results).cases(record)
    assert len(cases) == record.split.test
    assert not {"prediction", "target"} & set(cases)
    assert record.metrics["dice"] == pytest.approx(cases["metric:dice"].mean(), abs=1e-4)
    assert set(cases.dropna(axis=1, how="all")) >= {"metric:dice", "metric:iou", "metric:hd95_px"}
    assert len(list((results / "predictions").rglob(FILE))) == 1
    masks = masks_of(results)
    n_structures = sum(name.startswith("dice/") for name in record.metrics)
    assert len(masks) == record.split.test * n_structures
    assert all(set(np.unique(mask)) <= {0, 255} for mask in masks.values())


@pytest.mark.parametrize("task", ["brats", pytest.param("mmwhs_mri", marks=pytest.mark.slow)])
def test_volumes(run_task, task):
    record, results = run_task(task, "--save-predictions")
    assert (record.kind, record.metric) == ("segmentation_3d", "iou_3d")
    assert len(list((results / "predictions").rglob(FILE))) == 1
    assert {"iou_3d", "dice_3d", "hd95_mm", "dice"} <= set(record.metrics)
    assert record.metrics["hd95_mm"] > 0


def test_prostate_scores_every_site(run_task):
    record, results = run_task("prostate")
    assert (record.metric, record.distribution, record.trained_domain) == ("dice", "in+out", "BMC")
    assert set(record.domains) == {"BMC", "RUNMC", "BIDMC", "HK"}
    sites = {site: scores["dice"] for site, scores in record.domains.items()}
    assert record.metrics["dice"] == pytest.approx(np.mean(list(sites.values())))
    assert Store(results).cases(record).groupby("domain")["metric:dice"].mean().to_dict() == pytest.approx(
        sites, abs=1e-4
    )
    rows = (results / record.split.file).read_text().splitlines()[1:]
    assert {row.split("/")[0] for row in rows if not row.endswith(",test")} == {"BMC"}
    board = pd.read_csv(results / "leaderboard" / "phantom-quick.csv").iloc[0]
    outside = np.mean([sites[s] for s in ("RUNMC", "BIDMC", "HK")])
    assert board["in_distribution"] == pytest.approx(sites["BMC"], abs=1e-5)
    assert board["out_of_distribution"] == pytest.approx(outside, abs=1e-5)
    assert board["drop"] == pytest.approx(sites["BMC"] - outside, abs=1e-5)
    assert {site: board[f"site:{site}"] for site in sites} == pytest.approx(sites, abs=1e-5)
    assert not [c for c in board.index if c.startswith("reported_")], "phantom scores stand beside no paper's"


def test_second_run_decodes_nothing_and_scores_the_same(run_task, cache, monkeypatch):
    monkeypatch.setattr("bench.engine.kept.MEMORY", Memory())
    first, results = run_task("drive")
    assert list((cache / "decoded").rglob("*.npy"))
    for path in (results / "runs").rglob("*.json"):
        path.unlink()
    monkeypatch.setattr("bench.engine.kept.MEMORY", Memory())
    monkeypatch.setattr(Segmentation2D, "prepare", lambda self, case: pytest.fail(f"decoded {case.id} again"))
    again, _ = run_task("drive")
    assert again.identity == first.identity
    assert again.metrics == first.metrics


def test_linear_protocol_and_its_json(bench, cache, tmp_path):
    common = ("run", "-m", "random", "-t", "drive", "--results", tmp_path)
    done = bench(*common, "--protocol", "linear", *FAST, cache, "--json")
    assert done.code == 0, done.err
    (run,) = json.loads(done.out)["runs"]
    assert run["protocol"] == "linear"
    assert 0 <= run["metrics"]["dice"] <= 1


def test_unknown_architecture_is_one_error(bench, cache, tmp_path):
    arguments = ("run", "-m", "random", "-t", "drive", "--cache", cache, "--results", tmp_path)
    done = bench(*arguments, "--set", "task.architecture=deeplab")
    assert done.code == 2
    assert (
        "task.architecture: Input should be 'unet', 'unetplusplus', 'unet_attention', 'unet_scse' or 'transunet' "
        "(found 'deeplab')" in done.err
    )
