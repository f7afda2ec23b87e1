"""Runs of weights that saw test cases: the record counts and names them, and boards mark the score."""

import json

import pandas as pd
import pytest
import torch
import torchvision

from bench.core.console import Report
from bench.data.content import content_keys
from bench.data.published.known import find_past
from bench.models.weights.method import Weights
from bench.results.store import Store
from bench.runs.recording.seen import find_seen, past_of, seen_notes
from bench.runs.world import World
from methods.random import Random
from tasks.brain_tumor import BRAIN_TUMOR
from tasks.mmwhs_ct import MMWHS_CT

SMALL = ("--set=task.image_size=32", "--seed", "0", "--device", "cpu")


class Released(Weights):
    name = "released"
    past = find_past("lvmmed").past

    def __init__(self):
        pass


def test_volumes_of_the_list_are_told_on_a_phantom(segmentation_root):
    world = World(segmentation_root, Report(quiet=True))
    seen = find_seen(Released(), MMWHS_CT, 0, world)
    everywhere = {case[-18:-13] for side in seen.sides.values() for case in side}
    assert everywhere == {"_1005", "_1008", "_1009"}
    tested = [case.id for case in world.split(MMWHS_CT, 0).test if case.id[-17:-13] in ("1005", "1008", "1009")]
    assert list(seen.test) == tested
    notes = seen_notes(seen, MMWHS_CT, 2)
    assert notes == ([] if not tested else [notes[0]])
    assert all("of 2 test cases (MM-WHS (CT))" in note for note in notes)


def test_methods_that_are_no_weights_have_no_past(segmentation_root):
    method = Random(Random.config_class())
    assert past_of(method) is None
    assert find_seen(method, MMWHS_CT, 0, World(segmentation_root, Report(quiet=True))) is None


@pytest.fixture
def weights(tmp_path):
    torch.manual_seed(5)
    torch.save(torchvision.models.resnet18(weights=None).state_dict(), tmp_path / "w.pth")
    return tmp_path


@pytest.fixture
def run(bench, phantom_root, tmp_path):
    def call(toml):
        return bench(
            "run", "-t", "brain_tumor_linear", "--protocol", "knn", "--checkpoint", toml, *SMALL,
            "--data-root", phantom_root,
            "--results", tmp_path / "r", "--cache", tmp_path / "c",
        )  # fmt: skip

    return call


def test_a_run_gives_the_score_without_them_and_the_board_marks_it(run, weights, phantom_root, tmp_path):
    world = World(phantom_root, Report(quiet=True))
    test = world.split(BRAIN_TUMOR, 0).test
    keys = content_keys(world.data(BRAIN_TUMOR), world.copies(BRAIN_TUMOR).contents)
    listed = {keys[case.id] for case in test[:4]}
    expected = {case.id for case in test if keys[case.id] in listed}
    (weights / "seen.txt").write_text("\n".join(listed))
    (weights / "w.toml").write_text(
        '[some]\nfile = "w.pth"\npretrained_on = ["seen.txt"]\n'
        '[whole]\nfile = "w.pth"\npretrained_on = ["brain_tumor"]\n'
        '[other]\nfile = "w.pth"\npast = "lvmmed"\n'
    )
    done = run(weights / "w.toml")
    assert done.code == 0, done.err
    assert f"the weights were pretrained on {len(expected)} of {len(test)} test cases (seen.txt)" in " ".join(
        done.err.split()
    )
    records, problems = Store(tmp_path / "r").load()
    assert problems == []
    of = {record.method: record for record in records}
    some = of["some"]
    assert some.seen.n_test == len(expected)
    assert some.seen.sources == {"seen.txt": len(expected)}
    named = json.loads((tmp_path / "r" / some.seen.file).read_text())
    assert set(named["test"]) == expected
    cases = Store(tmp_path / "r").cases(some)
    kept = cases[~cases["case"].isin(expected)]
    right = (kept["prediction"].map(lambda p: int(p.argmax())) == kept["target"]).mean()
    assert some.metrics_without_seen["accuracy"] == pytest.approx(right)
    assert any("pretrained on" in warning and "test cases (seen.txt)" in warning for warning in some.warnings)
    assert of["whole"].seen.n_test == len(test)
    assert of["whole"].metrics_without_seen == {}
    assert (of["other"].seen.n_test, of["other"].metrics_without_seen) == (0, of["other"].metrics)
    assert f"(pretrained on {len(expected)} of {len(test)}; without " in done.out
    assert f"(pretrained on {len(test)} of {len(test)}; none left)" in done.out
    board = pd.read_csv(tmp_path / "r" / "leaderboard" / "phantom-quick.csv").set_index("method")
    assert board.loc["some", "seen_cases"] == len(expected)
    assert board.loc["some", "mean_without_seen"] == pytest.approx(right)
    assert board.loc["other", "seen_cases"] == 0


def test_a_stored_run_without_the_past_is_said(run, weights):
    (weights / "w.toml").write_text('mine = "w.pth"\n')
    assert run(weights / "w.toml").code == 0
    (weights / "w.toml").write_text('[mine]\nfile = "w.pth"\npretrained_on = ["brain_tumor"]\n')
    again = run(weights / "w.toml")
    assert "Nothing to run" in again.out
    said = "1 stored runs of mine know another past of the weights than their entry names now, or none"
    assert said in " ".join(again.err.split())
