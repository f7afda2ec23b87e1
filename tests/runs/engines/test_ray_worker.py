"""A worker's part, in this process: it plans the grid again, and refuses runs that are others where it is."""

import pickle

import pytest

from bench.core.errors import BenchError, UsageError
from bench.results.store import Store
from bench.runs.engines.ray_progress import Events
from bench.runs.engines.ray_worker import Cell, Grid, carry_out_unit
from bench.runs.request import request_of
from bench.runs.session import contestants_of, prepare_world
from tests.runs.engines.test_ray_progress import sender


@pytest.fixture
def sent(grid, phantom_root, tmp_path):
    """A grid of two seeds as it arrives, and its runs."""
    made = grid(seeds=(0, 1))
    request = request_of(results=tmp_path / "results", cache=tmp_path / "cache", data_root=phantom_root, device="cpu")
    whole = Grid.of(request, [run.plan for run in made.runs], contestants_of, prepare_world)
    return pickle.loads(pickle.dumps(whole)), made.runs


def test_a_cell_is_sent_by_the_name_of_its_task(sent):
    whole, runs = sent
    assert [cell.planned() for cell in whole.cells] == [run.plan for run in runs]
    assert Cell.of(runs[0].plan).task == "brain_tumor"


def test_a_worker_makes_the_runs_of_its_unit_alone(sent, tmp_path):
    whole, runs = sent
    events = Events()
    (done,) = carry_out_unit(whole, [runs[1].identity], [1], 1, sender(events))
    (record,) = Store(tmp_path / "results").load()[0]
    assert (done.identity, record.identity, record.seed) == (runs[1].identity, runs[1].identity, 1)
    assert any(sort == "say" and str(what).startswith("stored ") for _, sort, what in events.take())


def test_another_identity_or_a_missing_folder_is_refused(sent, tmp_path):
    whole, runs = sent
    with pytest.raises(BenchError, match="is another run on"):
        carry_out_unit(whole, ["0" * 64], [0], 1, sender(Events()))
    elsewhere = Grid(**vars(whole) | {"folder": tmp_path / "nowhere"})
    with pytest.raises(UsageError, match="a folder that all nodes share"):
        carry_out_unit(elsewhere, [runs[0].identity], [0], 1, sender(Events()))
