"""The data a plan sees: read once, and of its own data sets alone."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from bench.core import registry
from bench.core.console import Report
from bench.core.errors import BenchError, DataError
from bench.data.dataset import read_data
from bench.data.grouped_split import GROUPED_VERSION
from bench.data.near_duplicates import groups
from bench.data.splits import write_split
from bench.engine.compute import Compute
from bench.runs.plan import PlannedRun
from bench.runs.resolve import Options, resolve
from bench.runs.world import World
from tasks.brain_tumor import BRAIN_TUMOR
from tasks.drive import DRIVE
from tests.plugins_of import TASK, install, replaced, task_of


def test_a_phantom_world_counts_its_own_data_sets_only(tmp_path):
    World.phantom([DRIVE], tmp_path, Report(quiet=True))
    world = World.phantom([BRAIN_TUMOR], tmp_path, Report(quiet=True))
    assert set(world.corpus("pool", BRAIN_TUMOR, 0).sources) == {"brain_tumor"}


def test_each_thing_is_made_once(phantom_root, monkeypatch):
    read = []
    monkeypatch.setattr("bench.runs.world.read_data", lambda *a: read.append(a) or read_data(*a))
    world = World(phantom_root, Report(quiet=True))
    assert world.data(BRAIN_TUMOR) is world.data(BRAIN_TUMOR)
    assert world.split(BRAIN_TUMOR, 1) is world.split(BRAIN_TUMOR, 1)
    assert world.overlap(BRAIN_TUMOR, 1) is world.overlap(BRAIN_TUMOR, 1)
    assert world.corpus("pool", BRAIN_TUMOR, 1) is world.corpus("pool", BRAIN_TUMOR, 1)
    assert world.split(BRAIN_TUMOR, 1) is not world.split(BRAIN_TUMOR, 2)
    assert len(read) == 1


def test_a_given_split_is_that_of_every_seed_and_its_own_data_set(phantom_root, tmp_path):
    drawn = World(phantom_root, Report(quiet=True)).split(BRAIN_TUMOR, 5)
    write_split(drawn, tmp_path / "s.csv")
    world = World(phantom_root, Report(quiet=True), given_splits={"brain_tumor": tmp_path / "s.csv"})
    assert world.split(BRAIN_TUMOR, 0).train == world.split(BRAIN_TUMOR, 1).train == drawn.train
    assert world.split(BRAIN_TUMOR, 0).given is not None
    other = World(phantom_root, Report(quiet=True), given_splits={"drive": tmp_path / "s.csv"})
    assert other.split(BRAIN_TUMOR, 0).given is None


def test_warnings_of_a_data_set_are_said_once(phantom_root, capsys):
    world = World(phantom_root, Report())
    for _ in range(2):
        world.data(replace(BRAIN_TUMOR, stand_in_for="another"))
    assert capsys.readouterr().err.count("a stand-in for another") == 1


@pytest.fixture(scope="module")
def planted_root(phantom_root, tmp_path_factory):
    """The phantom, with mirrored copies of some training images in other places, written without loss."""
    root = tmp_path_factory.mktemp("planted") / "data"
    shutil.copytree(phantom_root, root)
    folder = root / "brain_tumor"
    for number, path in enumerate(sorted(folder.glob("Training/*/*"))[::3]):
        with Image.open(path) as image:
            ImageOps.mirror(image).save(path.parent / f"mirror{number}.png")
    return root


def test_a_grouped_split_and_its_corpus_hold_no_copies_of_what_is_evaluated_on(planted_root, tmp_path):
    grouped = World(planted_root, Report(quiet=True), given_splits={"brain_tumor": Path("grouped")}, cache=tmp_path)
    usual = World(planted_root, Report(quiet=True))
    split, groups = grouped.split(BRAIN_TUMOR, 0), grouped.copies(BRAIN_TUMOR).near
    assert sum(any("mirror" in name for name in group) for group in groups) >= 20
    sides = {case.id: side for side, cases in split.sides.items() for case in cases}
    assert all(len({sides[i] for i in group}) == 1 for group in groups)
    assert split.given == GROUPED_VERSION
    assert usual.split(BRAIN_TUMOR, 0).given is None
    corpus, other = (world.corpus("pool", BRAIN_TUMOR, 0) for world in (grouped, usual))
    assert corpus.origin != other.origin
    hashes = grouped.data(BRAIN_TUMOR).hashes
    assert {hashes[case.id] for case in split.train} == {image.content for image in corpus.images}


def test_a_grouped_split_keeps_copies_in_a_manifest_out(planted_root, tmp_path):
    world = World(planted_root, Report(quiet=True), given_splits={"brain_tumor": Path("grouped")})
    split = world.split(BRAIN_TUMOR, 0)
    with Image.open(split.test[0].image) as held_out:
        held_out.save(tmp_path / "same.png")
        ImageOps.mirror(held_out).resize((50, 50)).save(tmp_path / "mirror.png")
    Image.effect_noise((60, 60), 90).save(tmp_path / "own.png")
    (tmp_path / "list.csv").write_text("path\nsame.png\nmirror.png\nown.png\n")
    corpus = world.corpus(str(tmp_path / "list.csv"), BRAIN_TUMOR, 0)
    assert ([image.path.name for image in corpus.images], corpus.excluded) == (["own.png"], 2)


def test_without_grouping_copies_of_test_images_stay_out_too(planted_root, tmp_path):
    world = World(planted_root, Report(quiet=True))
    with Image.open(world.split(BRAIN_TUMOR, 0).test[0].image) as held_out:
        held_out.save(tmp_path / "same.png")
        ImageOps.mirror(held_out).resize((50, 50)).save(tmp_path / "mirror.png")
    (tmp_path / "list.csv").write_text("path\nsame.png\nmirror.png\n")
    with pytest.raises(DataError, match="no image left to pretrain on"):
        world.corpus(str(tmp_path / "list.csv"), BRAIN_TUMOR, 0)
    pool = world.corpus("pool", BRAIN_TUMOR, 0)
    data, split = world.data(BRAIN_TUMOR), world.split(BRAIN_TUMOR, 0)
    label = world.copies(BRAIN_TUMOR).labels(data, near=True)
    drawn = {label[c.id] for c in data.cases if c.image in {i.path for i in pool.images}}
    assert not drawn & {label[c.id] for c in (*split.validation, *split.test)}
    assert any("mirror" in name for group in world.copies(BRAIN_TUMOR).near for name in group)


def test_runs_with_and_without_grouping_never_share_an_identity(phantom_root, tmp_path):
    for method in ("random", "simclr"):
        plan = PlannedRun(method, registry.tasks().get("brain_tumor"), "knn", "resnet18", 0)
        options = Options("quick", "pool", tmp_path, tmp_path, Compute("cpu"))
        given = ({}, {"brain_tumor": Path("grouped")})
        usual, grouped = (
            resolve(plan, options, World(phantom_root, Report(quiet=True), given_splits=splits)) for splits in given
        )
        assert usual.identity != grouped.identity
        assert usual.hashes["evaluation"] != grouped.hashes["evaluation"], "another group of the leaderboard"
        assert grouped.facts.given_split == GROUPED_VERSION
        assert (usual.hashes["pretraining"] == grouped.hashes["pretraining"]) == (method == "random")


BROKEN = {
    "a package that cannot be imported": ("case_broken", "no_such_module_here:TASK", ""),
    "a reader that fails to list": ("own_arrays", "", '["labels"]\n        return'),
    "a reader that fails to load": ("own_arrays", "", '["images"][int'),
}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "value", "broken"), BROKEN.values(), ids=BROKEN)
def test_a_plugin_that_nobody_asked_for_is_one_warning(
    phantom_root, tmp_path, monkeypatch, capsys, name, value, broken
):
    root = shutil.copytree(phantom_root, tmp_path / "root")
    if value:
        install(monkeypatch, name, value)
        registry.tasks.cache_clear()
    else:
        (root / "own_arrays").mkdir()
        task_of(tmp_path).data.phantom(root / "own_arrays", 0)
        registry.tasks().add_own(task_of(tmp_path, replaced(TASK, (broken, broken.replace('["', '["no ')))))
    world = World(root, Report())
    try:
        for seed in range(2):
            assert set(world.corpus("pool", BRAIN_TUMOR, seed).sources) == {"brain_tumor"}
        said = capsys.readouterr().err
        assert said.count(f"left out: The task {name!r}" if value else f"the corpus goes without {name}") == 1
        with pytest.raises(BenchError, match=name if value else "Arrays|own_arrays"):
            world.split(registry.tasks().get(name).data, 0)
    finally:
        monkeypatch.undo()
        registry.tasks.cache_clear()


@pytest.mark.slow
def test_many_cases_of_one_file_are_split_and_pretrained_on(tmp_path):
    task = task_of(tmp_path)
    (tmp_path / "root/own_arrays").mkdir(parents=True)
    task.data.phantom(tmp_path / "root/own_arrays", 0)
    registry.tasks().add_own(task)
    world = World(tmp_path / "root", Report(quiet=True))
    split, corpus = world.split(task.data, 0), world.corpus("pool", task.data, 0)
    assert len(set(world.data(task.data).hashes.values())) == 24
    assert len(corpus.images) == len(split.train)
    assert len({image.content for image in corpus.images}) == len(split.train)
    shown = {tuple(np.asarray(image.read()).ravel()[:30]) for image in corpus.images}
    assert len(shown) == len(split.train)


def test_a_split_whose_validation_is_its_test_set_is_noted(phantom_root, tmp_path):
    drawn = World(phantom_root, Report(quiet=True)).split(BRAIN_TUMOR, 0)
    write_split(replace(drawn, validation=drawn.test), tmp_path / "s.csv")
    world = World(phantom_root, Report(quiet=True), given_splits={"brain_tumor": tmp_path / "s.csv"})
    assert world.split(BRAIN_TUMOR, 0).validation == drawn.test
    assert "selection sees the test set" in world.copies_note(BRAIN_TUMOR, 0)[0]


def test_copies_of_what_is_evaluated_on_are_found_once_by_all_commands(planted_root, tmp_path, monkeypatch):
    scans = tmp_path / "scans"
    shutil.copytree(planted_root / "brain_tumor" / "Testing", scans)
    Image.new("RGB", (20, 20), (9, 8, 7)).save(scans / "own.png")
    read, own = [], groups.read_contents
    monkeypatch.setattr(groups, "read_contents", lambda sources, *a: read.append(len(sources)) or own(sources, *a))
    corpora = []
    for cache in (None, tmp_path / "cache", tmp_path / "cache"):
        world = World(planted_root, Report(quiet=True), cache=cache)
        corpora.append([world.corpus(str(scans), None, seed) for seed in (0, 1)])
    assert [[image.path.name for image in corpus.images] for corpus in corpora[0]] == [["own.png"]] * 2
    told = [[(c.origin, c.fingerprint, c.excluded) for c in found] for found in corpora]
    assert told[0] == told[1] == told[2]
    of_data_set, of_all = sorted(set(read))
    assert read == [of_data_set, of_all, of_data_set, of_all, of_data_set], "the third command knew"
