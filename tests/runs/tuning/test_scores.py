"""Scores of trials: those that a run has on validation, without any look at a test case, and kept."""

import math
from dataclasses import replace

import pytest

from bench.core.console import Report
from bench.core.errors import DataError, StorageError
from bench.engine.compute import Compute
from bench.runs.plan import make_plan
from bench.runs.resolve import Options
from bench.runs.run import run_plan
from bench.runs.tuning import scores as scores_module
from bench.runs.tuning.scores import ValidationScores, without_test
from bench.runs.world import World
from tasks.kinds.classification import Classification

REPORT = Report(quiet=True)
SMALL = {"pretrain": {"epochs": 1, "image_size": 32}, "task": {"image_size": 32}}


@pytest.fixture
def options(tmp_path):
    return Options("quick", "task", tmp_path / "tuning", tmp_path / "cache", Compute("cpu", 0))


@pytest.fixture
def world(phantom_root, tmp_path):
    return World(phantom_root, REPORT, cache=tmp_path / "cache")


def plans(method="random", protocol="knn", settings=None):
    return make_plan(method, "brain_tumor", (protocol,), ("vit_tiny_8",), (1000,), "quick", settings or SMALL)[0]


QUICK = {"finetune": {"protocol": {"epochs": 1}}, "few_shot": {}}


@pytest.mark.parametrize("protocol", ["knn", "linear", "mlp", "few_shot", "finetune"])
def test_no_test_case_is_embedded_predicted_or_scored(world, options, monkeypatch, protocol):
    test = {case.id for case in world.split(plans()[0].task.data, 1000).test}
    seen = set()
    for name in ("dataset", "score"):
        own = getattr(Classification, name)

        def watched(self, cases, *arguments, _own=own, **more):
            seen.update(case.id for case in cases)
            return _own(self, cases, *arguments, **more)

        monkeypatch.setattr(Classification, name, watched)
    settings = SMALL | QUICK.get(protocol, {})
    (score,) = ValidationScores(options, world, REPORT)(plans(protocol=protocol, settings=settings))
    assert 0 <= score <= 1
    assert seen
    assert not seen & test


@pytest.mark.parametrize("protocol", ["knn", "linear"])
def test_the_score_is_what_a_run_has_on_validation(world, options, protocol):
    (score,) = ValidationScores(options, world, REPORT)(plans(protocol=protocol))
    (record,) = run_plan(plans(protocol=protocol), options, world, REPORT).records
    assert score == record.selection["validation_accuracy"]


def test_a_pretraining_for_a_trial_leaves_the_test_images_out(world, options, monkeypatch):
    corpora = []
    own = scores_module.pretrained_backbone
    monkeypatch.setattr(
        scores_module, "pretrained_backbone", lambda run, *more: corpora.append(run.corpus) or own(run, *more)
    )
    ValidationScores(options, world, REPORT)(plans("simclr"))
    split = world.split(plans()[0].task.data, 1000)
    (corpus,) = corpora
    hashes, contents = world.data(plans()[0].task.data).hashes, {image.content for image in corpus.images}
    assert contents & {hashes[case.id] for case in split.train}
    assert not contents & {hashes[case.id] for case in (*split.test, *split.validation)}


def test_what_was_scored_is_found_again_and_what_was_undefined_too(world, options, monkeypatch):
    one = ValidationScores(options, world, REPORT)
    found = one(plans())
    monkeypatch.setattr(scores_module, "evaluate", lambda *_, **more: pytest.fail("evaluated again"))
    assert ValidationScores(options, world, REPORT)(plans()) == found
    monkeypatch.setattr(ValidationScores, "_evaluate", lambda self, run: math.nan)
    other = plans(settings=SMALL | {"protocol": {"neighbours": 3}})
    assert math.isnan(one(other)[0])
    monkeypatch.setattr(ValidationScores, "_evaluate", lambda self, run: pytest.fail("evaluated again"))
    assert math.isnan(one(other)[0])


def test_a_damaged_score_is_an_error_and_removing_it_helps(world, options):
    one = ValidationScores(options, world, REPORT)
    found = one(plans())
    (file,) = options.results.rglob("*.json")
    text = file.read_text()
    for damaged in ("", text.replace('"seed"', '"sed"'), text.replace("identity", "identiti"), "\x00"):
        file.write_text(damaged)
        with pytest.raises(StorageError, match=rf"{file.name}: is no score of a trial: .*\n.*Remove the file"):
            one(plans())
    identity = text.partition('"identity":')[2].split('"')[1]
    file.write_text(text.replace(identity, "0" * 64))
    with pytest.raises(StorageError, match="it is of another run"):
        one(plans())
    file.unlink()
    assert one(plans()) == found


def test_a_split_without_test_cases_has_the_others(world):
    split = world.split(plans()[0].task.data, 1000)
    without = without_test(split)
    assert (without.train, without.validation, without.test) == (split.train, split.validation, split.validation)


def test_a_split_that_validates_on_its_test_cases_is_refused(world):
    split = world.split(plans()[0].task.data, 1000)
    with pytest.raises(DataError, match=r"selection sees the test set.*\n.*Tune on another split"):
        without_test(replace(split, validation=split.test))
