"""`bench plan` against `bench run`: what it says is what happens, it changes nothing, and it lists all errors."""

from __future__ import annotations

import pytest

from bench.api import grids
from bench.core.errors import BenchError
from bench.runs.studies.planning import preview

SMALL = {"pretrain.epochs": 1, "pretrain.image_size": 32, "task.image_size": 32}


@pytest.fixture
def options(phantom_root, tmp_path):
    return {
        "data_root": phantom_root, "results": tmp_path / "results", "cache": tmp_path / "cache", "device": "cpu",
        "backbones": "vit_tiny_8", "settings": SMALL, "quiet": True,
    }  # fmt: skip


def test_a_plan_is_what_a_run_does(options, tmp_path):
    names = (["random", "simclr"], "brain_tumor", ["knn", "linear"])
    before = grids.plan(*names, seeds=1, **options)
    assert [cell.state for cell in before.cells] == 4 * ["to run"]
    assert [len(cells) for cells in before.pretrainings] == [2]
    assert before.lines[-1].startswith("estimate: none")
    assert not (tmp_path / "results").exists()
    assert not list((tmp_path / "cache").rglob("encoder.safetensors"))
    runs = grids.run(*names, seeds=1, **options)
    assert runs.made == 4
    after = grids.plan(*names, seeds=2, **options)
    assert [cell.state for cell in after.cells] == 4 * ["stored"] + 4 * ["to run"]
    assert {cell.record for cell in after.cells[:4]} == {
        str(path) for path in (tmp_path / "results").glob("runs/**/*.json")
    }
    assert "hours (pretraining" in after.lines[-1]
    more = grids.plan("simclr", "brain_tumor", "few_shot_10pct", seeds=1, **options)
    assert more.pretrainings[0][0].encoder_there, "another protocol of the same encoder"


def test_the_same_run_under_two_settings_is_one_cell(options):
    found = grids.plan("random", "brain_tumor", "knn", seeds=[3, 3], **options)
    assert len(found.cells) == 1


def test_everything_that_is_wrong_is_listed(options, tmp_path):
    found = grids.plan(["simcrl", "random"], "drve", "knn", seeds=1, corpus="nowhere.csv", **options)
    texts = [str(problem) for problem in found.problems.found]
    assert [text.split(".")[0] for text in texts[:2]] == ["Unknown method 'simcrl'", "Unknown task 'drve'"]
    assert "nowhere.csv: no such file" in texts[2]
    with pytest.raises(BenchError, match="3 problems"):
        found.problems.raise_all()


def test_settings_of_all_cells_are_checked_before_any_run(options, tmp_path):
    text = "[method.simclr]\ntemperature = -1\n[method.byol]\nmomentum = 7\n"
    (tmp_path / "s.toml").write_text(text)
    names = (["random", "simclr", "byol"], ["brain_tumor", "drive"], "linear")
    found = grids.plan(*names, seeds=2, config=tmp_path / "s.toml", **options)
    texts = [str(problem) for problem in found.problems.found]
    assert len(texts) == 3, texts
    assert all(any(name in text for text in texts) for name in ("method.temperature", "method.momentum", "drive"))
    assert [cell.state for cell in found.cells if cell.run.method == "random"].count("to run") == 2
    with pytest.raises(BenchError, match="3 problems"):
        grids.run(*names, seeds=2, config=tmp_path / "s.toml", **options)
    assert not (tmp_path / "results").exists()


def test_data_that_are_not_there_make_every_cell_wrong(options, tmp_path):
    found = grids.plan("random", "brain_tumor", "knn", seeds=2, **options | {"data_root": tmp_path / "nowhere"})
    assert [cell.state for cell in found.cells] == ["wrong", "wrong"]
    assert found.lines[0] == "2 runs: 0 stored, 0 to run, 2 wrong"
    assert len(found.problems.found) == 1
    assert "does not exist" in str(found.problems.found[0])


def test_a_corpus_that_cannot_be_used_is_wrong_for_methods_that_pretrain_alone(options, tmp_path):
    (tmp_path / "images.csv").write_text("path\nnowhere.png\n")
    names = (["simclr", "random"], "brain_tumor", "knn")
    found = grids.plan(*names, seeds=1, corpus=str(tmp_path / "images.csv"), **options)
    assert {cell.run.method: cell.state for cell in found.cells} == {"simclr": "wrong", "random": "to run"}


def test_without_data_nothing_but_records_is_read(tmp_path, monkeypatch):
    from bench.runs import session

    monkeypatch.setattr(session, "prepare_world", lambda *a: pytest.fail("read data"))
    found = grids.plan("random", "brain_tumor", "knn", from_records=True, results=tmp_path, quiet=True)
    assert [cell.state for cell in found.cells] == 3 * ["to run"]


def test_preview_is_what_the_function_calls():
    assert grids.preview is preview
