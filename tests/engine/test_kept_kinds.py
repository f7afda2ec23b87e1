"""Prepared cases of a task kind are named by all that they depend on, and by nothing else."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench.core import versions
from bench.core.settings import Settings
from bench.core.task import Case
from bench.data.cache import DiskCache
from bench.engine import kept
from bench.engine.kept import Memory, keep_cases
from tasks.brain_tumor import TASK
from tasks.kinds.classification import Classification


@pytest.fixture(autouse=True)
def _own_memory(monkeypatch):
    monkeypatch.setattr(kept, "MEMORY", Memory())


def another_process(monkeypatch):
    """Forget what this process has in memory."""
    monkeypatch.setattr(kept, "MEMORY", Memory())


class SizeSettings(Settings):
    size: int = 1
    flip: float = 0.5


class Sizes(Classification):
    """Prepares the size of the settings; `prepared` counts."""

    version = 1
    settings_class = SizeSettings
    prepared_by = ("size",)

    def prepare(self, case):
        prepared.append(case.id)
        return {"size": np.array([self.settings.size])}


prepared: list[str] = []
CASE = Case("a", Path("a.png"), 0, None, labels=(Path("masks/a.png"),))


def size_in(folder, kind=Sizes, case=CASE, content="1", task=TASK, **settings):
    """How often the case is prepared by a command of its own."""
    prepared.clear()
    kind = kind(task, SizeSettings(**settings))
    keep_cases(kind, {case.id: content}, DiskCache(folder))
    for _ in range(2):
        assert kind.kept(case)["size"].tolist() == [kind.settings.size]
    return len(prepared)


def test_whatever_prepared_cases_depend_on_makes_new_ones(tmp_path, monkeypatch):
    assert size_in(tmp_path) == 1
    other_data = replace(TASK, data=replace(TASK.data, classes=("x", "y")))
    changes = [
        {"size": 2},
        {"content": "2"},
        {"case": replace(CASE, id="b")},
        {"case": replace(CASE, labels=(Path("other/a.png"),))},
        {"kind": type("Sizes", (Sizes,), {"version": 2})},
        {"task": other_data},
        {"task": replace(TASK, data=replace(TASK.data, name="other"))},
    ]
    for change in changes:
        another_process(monkeypatch)
        assert size_in(tmp_path, **change) == 1, change
    for same in ({}, {"flip": 0.1}, {"case": replace(CASE, labels=(Path("/elsewhere/masks/a.png"),))}, *changes):
        another_process(monkeypatch)
        expected = 1 if "/elsewhere" in str(same) else 0  # of a path, three parts count
        assert size_in(tmp_path, **same) == expected, same
    monkeypatch.setitem(versions.PARTS, "images", 99)
    another_process(monkeypatch)
    assert size_in(tmp_path) == 1


def test_all_settings_count_where_a_kind_names_none(tmp_path, monkeypatch):
    kind = type("Sizes", (Sizes,), {"version": 1, "prepared_by": None})
    assert size_in(tmp_path, kind=kind) == 1
    another_process(monkeypatch)
    assert size_in(tmp_path, kind=kind, flip=0.1) == 1


def test_a_setting_that_does_not_exist_is_an_error():
    kind = type("Sizes", (Sizes,), {"prepared_by": ("side",)})
    with pytest.raises(TypeError, match=r"Sizes\.prepared_by: no setting is named side"):
        keep_cases(kind(TASK, SizeSettings()), {})
