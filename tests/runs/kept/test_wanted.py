"""Which task a kept model scores: of files of a user's own too, by what the model itself knows of its classes."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from bench.core import registry
from bench.core.errors import UsageError
from bench.runs.kept.wanted import kind_of, wanted_task
from bench.runs.request import declared_tasks
from tests.own_data import declare

RUN = SimpleNamespace(task="north", kind="classification", metric="accuracy", config={"task": {"image_size": 32}})
"""Of a record, what is read."""


@pytest.fixture
def declared(tmp_path):
    """The names of the tasks of files of some classes; what was declared is forgotten afterwards."""

    def call(**classes):
        files = [
            declare(tmp_path / f"{name}.toml", 'type = "class_folders"', f"classes = {list(found)}")
            for name, found in classes.items()
        ]
        return declared_tasks(files, None, here=False)

    yield call
    registry.tasks().declare({})


def test_the_task_of_a_file_is_scored_unless_it_is_the_runs_own(declared):
    names = declared(north="ab", south="ab")
    assert [wanted_task(RUN, None, n).name for n in (names, names[:1])] == ["south", "north"]
    assert wanted_task(RUN, "north", names).name == "north"
    with pytest.raises(UsageError, match=r"declare south, west\. Name the one to be scored: --task NAME"):
        wanted_task(RUN, None, declared(north="ab", south="ab", west="ab"))


def test_a_task_that_is_no_more_known_asks_for_its_file(declared):
    names = declared(south="ab")
    with pytest.raises(UsageError, match=r"'north', which is no task here\. Give the file that declares it \(--data"):
        wanted_task(RUN, None)
    south = wanted_task(RUN, None, names)
    assert kind_of(RUN, ["a", "b"], south).task.data.classes == ("a", "b")
    with pytest.raises(UsageError, match=r"adapted to north \(classification: a, c\), and south is .*: a, b\."):
        kind_of(RUN, ["a", "c"], south)
    with pytest.raises(UsageError, match="The classes of 'north' are unknown"):
        kind_of(RUN, None, south)


def test_a_model_knows_its_classes_better_than_a_file_of_the_same_name(declared):
    north = wanted_task(RUN, None, declared(north="ab"))
    assert kind_of(RUN, None, north).settings.image_size == 32
    with pytest.raises(UsageError, match=r"north \(classification: b, a\), and north is classification: a, b"):
        kind_of(RUN, ["b", "a"], north)
