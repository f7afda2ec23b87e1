"""The data a plan sees: read once, and of its own data sets alone."""

from dataclasses import replace

from bench.core.console import Report
from bench.data.dataset import read_data
from bench.data.splits import write_split
from bench.runs.world import World
from tasks.brain_tumor import BRAIN_TUMOR
from tasks.drive import DRIVE


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
