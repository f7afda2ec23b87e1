"""Kept models: the record's own scores again under every sort of protocol and kind, and scores on other data."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from bench.api import grids, models
from bench.core import registry
from bench.core.errors import DataError, StorageError, UsageError
from bench.results.store import Store
from bench.runs.kept.predict import warnings_of

SMALL = {"pretrain.epochs": 1, "pretrain.image_size": 32, "task.image_size": 32}
EPOCH = {"protocol.epochs": 1}


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def keep(tmp_path, shared):
    """One run that keeps its model, and the places to find it again."""

    def call(method, task, protocol, settings, backbone="vit_tiny_8", **more):
        places = {"results": tmp_path / "results", "cache": shared, "device": "cpu", "quiet": True}
        runs = grids.run(
            method, task, protocol, backbones=backbone, seeds=1, settings=SMALL | settings, keep_model=True, **places,
            **more,
        )  # fmt: skip
        return runs.records[0], places | more

    return call


@pytest.mark.parametrize(
    ("method", "protocol", "settings"),
    [
        ("random", "finetune", EPOCH),
        ("random", "linear", {**EPOCH, "protocol.head": "paper"}),
        ("random", "linear", {}),
        ("random", "mlp", {}),
        ("pixels", "knn", {}),
        ("random", "few_shot_10pct", {}),
        ("simclr", "knn", {}),
    ],
)
def test_the_records_scores_come_out_again(keep, phantom_root, method, protocol, settings):
    record, places = keep(method, "brain_tumor", protocol, settings, data_root=phantom_root)
    found = models.predict(record, **places)
    assert found.same_cases
    assert found.metrics == record.metrics
    assert len(found.cases) == record.split.test
    assert found.lines[0].endswith("the run's own test cases: equal")


@pytest.mark.parametrize(
    ("task", "protocol", "settings"),
    [
        ("drive", "finetune", EPOCH),
        ("kvasir_det", "linear", {**EPOCH, "task.image_size": 64, "task.pyramid_channels": 16}),
        ("prostate", "linear", EPOCH),
        pytest.param("mmwhs_mri", "linear", EPOCH, marks=pytest.mark.slow),
    ],
)
def test_other_kinds_and_sites_too(keep, tmp_path, task, protocol, settings):
    record, places = keep("random", task, protocol, settings, backbone="resnet18")
    found = models.predict(record.identity[:8], save_predictions=True, **places)
    assert found.metrics == record.metrics
    assert found.domains == record.domains
    if task in ("drive", "kvasir_det"):
        assert found.folder is not None
        assert str(found.folder).startswith(str(tmp_path / "results" / "predictions" / "phantom" / "quick" / "random"))
        assert len(list(found.folder.rglob("*.png"))) == record.split.test + 1, "and the contact sheet"
    assert not any(line.startswith("Error") for line in found.lines)


@pytest.fixture
def other_site(phantom_root, tmp_path, monkeypatch):
    """A task of the same kind and classes on another data set: the same phantom with fewer training images."""
    root = tmp_path / "root"
    shutil.copytree(phantom_root, root)
    shutil.copytree(root / "brain_tumor", root / "other_site")
    for file in sorted((root / "other_site" / "Testing").rglob("*.*"))[::3]:
        file.unlink()
    task = registry.tasks().get("brain_tumor")
    data = replace(task.data, name="other_site", title="Another hospital", expected_counts={})
    return replace(task, name="other_site", data=data), root


def test_another_tasks_data_are_scored(keep, other_site, capsys):
    task, root = other_site
    record, places = keep("random", "brain_tumor", "knn", {}, data_root=root)
    found = models.predict(record, task, **places)
    every = models.predict(record, "other_site", every_case=True, **places)
    own = models.predict(record, every_case=True, **places | {"quiet": False})
    assert "training cases are among these" in capsys.readouterr().err
    assert not own.same_cases
    assert (found.task, found.same_cases) == ("other_site", False)
    assert 0 < len(found.cases) < record.split.test
    assert len(every.cases) > len(found.cases)
    assert found.metrics.keys() == record.metrics.keys()
    assert "the run's own test cases: " in found.lines[0]
    assert found.to_json()["equal"] is None
    with pytest.raises(UsageError, match=r"was adapted to brain_tumor .classification: .*and drive is segmentation_2d"):
        models.predict(record, "drive", **places)


def test_data_that_changed_are_said_and_missing_ones_are_an_error(keep, other_site, capsys):
    _, root = other_site
    record, places = keep("random", "brain_tumor", "knn", {}, data_root=root)
    (extra,) = sorted((root / "brain_tumor" / "Training" / "no_tumor").iterdir())[:1]
    extra.rename(extra.with_stem("renamed"))
    found = models.predict(record, **places | {"quiet": False})
    assert not found.same_cases
    assert "its content is not that of the run" in capsys.readouterr().err
    for file in (root / "brain_tumor" / "Testing" / "no_tumor").iterdir():
        file.unlink()
        break
    with pytest.raises(DataError, match=r"1 of the run's .* test cases are not there"):
        models.predict(record, **places)


def test_a_model_that_was_not_kept_or_is_damaged_is_an_error(keep, phantom_root, tmp_path):
    record, places = keep("random", "brain_tumor", "knn", {}, data_root=phantom_root)
    (file,) = (tmp_path / "results" / "models").rglob("*.safetensors")
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(bytes(content))
    with pytest.raises(StorageError, match="it is damaged"):
        models.predict(record, **places)
    file.unlink()
    with pytest.raises(StorageError, match="kept no model"):
        models.predict(record, **places)


def test_the_command_says_prints_and_writes(bench, keep, phantom_root, tmp_path):
    record, places = keep("random", "brain_tumor", "knn", {}, data_root=phantom_root)
    (path,) = (tmp_path / "results" / "runs").rglob("*.json")
    options = [f"--data-root={phantom_root}", f"--cache={places['cache']}", "--device=cpu"]
    done = bench("predict", path, *options, "--json", f"--output={tmp_path / 'cases.csv'}")
    assert done.code == 0, done.err
    found = json.loads(done.out)
    assert found["metrics"] == record.metrics
    assert found["equal"] is True
    assert len(pd.read_csv(tmp_path / "cases.csv")) == record.split.test
    text = bench("predict", record.identity[:6], f"--results={tmp_path / 'results'}", *options, "-q")
    assert text.out.startswith(f"accuracy {record.metrics['accuracy']:.4f} on {record.split.test} phantom cases")


def test_a_stored_run_without_a_model_is_said(bench, keep, phantom_root, tmp_path):
    _, places = keep("random", "brain_tumor", "knn", {}, data_root=phantom_root)
    run = [
        "run", "-m", "random", "-t", "brain_tumor", "--protocol=knn", "--backbone=vit_tiny_8", "--seed=0",
        f"--results={tmp_path / 'results'}", f"--cache={places['cache']}", f"--data-root={phantom_root}",
        *(f"--set={name}={value}" for name, value in SMALL.items()), "--keep-model",
    ]  # fmt: skip
    assert "kept no model" not in bench(*run).err
    shutil.rmtree(tmp_path / "results" / "models")
    assert "1 stored runs kept no model" in bench(*run).err


@pytest.mark.slow
def test_weights_from_a_file_need_no_file_afterwards(keep, phantom_root, shared):
    keep("simclr", "brain_tumor", "knn", {}, data_root=phantom_root)
    encoder = next(shared.rglob("encoder.safetensors"))
    record, places = keep(
        (), "brain_tumor", "linear", {}, backbone=None, data_root=phantom_root, checkpoints=[f"mine={encoder}"]
    )
    assert record.method == "mine"
    registry.methods.cache_clear()
    del places["checkpoints"]
    assert models.predict(record, **places).metrics == record.metrics


def test_a_data_set_that_was_pretrained_on_is_said():
    store = Store(Path(__file__).parents[3] / "results")
    record = store.read(next(path for path in store.paths() if "simclr" in path.parts))
    task = registry.tasks().get("brain_tumor")
    data = SimpleNamespace(fingerprint=record.fingerprints["data"], folder=Path("brain_tumor"))
    other = record.model_copy(update={"data_set": "another"})
    assert warnings_of(record, task, data, every=False) == []
    assert warnings_of(other, task, data, every=False) == []
    (line,) = warnings_of(other, task, data, every=True)
    assert "was pretrained on images of brain_tumor (task(brain_tumor))" in line
    old = record.model_copy(update={"versions": record.versions.model_copy(update={"evaluation": {}})})
    assert "Parts of the evaluation have changed since the run" in warnings_of(old, task, data, every=False)[0]
