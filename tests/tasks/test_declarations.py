"""One suite over every task that is installed: what a declaration must have."""

import subprocess
import sys
from importlib.metadata import entry_points

import pytest

from bench.interfaces import Task, TaskKind
from bench.protocols import PROTOCOLS, ProtocolSettings

ENTRIES = {entry.name: entry for entry in entry_points(group="bench.tasks") if entry.module.startswith("tasks.")}
KINDS = {entry.name: entry for entry in entry_points(group="bench.kinds")}


def test_there_are_tasks():
    assert {"brain_tumor", "brain_tumor_linear"} <= set(ENTRIES)


@pytest.fixture(params=sorted(ENTRIES))
def task(request) -> Task:
    loaded = ENTRIES[request.param].load()
    assert loaded.name == request.param == ENTRIES[request.param].module.removeprefix("tasks.")
    return loaded


def test_names_are_known(task):
    kind = KINDS[task.kind].load()
    assert issubclass(kind, TaskKind)
    assert kind.name == task.kind
    assert task.metric in kind.metrics
    assert task.protocol in PROTOCOLS


def test_paper_settings_are_valid(task):
    assert set(task.paper) <= {"task", "protocol"}
    KINDS[task.kind].load().settings_class.model_validate(task.paper["task"])
    ProtocolSettings.model_validate(task.paper["protocol"])


def test_classes_and_counts_agree(task):
    data = task.data
    assert len(set(data.classes)) == len(data.classes) >= 2
    assert set(data.expected_counts) <= {"train", "test", "all"}
    assert all(tuple(counts) == data.classes for counts in data.expected_counts.values())
    assert dict(data.reader.classes) == {name: i for i, name in enumerate(data.classes)}
    assert 0 < data.validation_fraction < 1


def test_provenance_is_given(task):
    for text in (task.data.title, task.data.citation, task.data.licence, task.data.obtain, task.data.modality):
        assert text.strip()
    assert task.data.reader.layout


def test_published_numbers_of_brain_tumor():
    data = ENTRIES["brain_tumor"].load().data
    assert sum(data.expected_counts["train"].values()) == 2870
    assert sum(data.expected_counts["test"].values()) == 394
    assert data is ENTRIES["brain_tumor_linear"].load().data


def test_declarations_and_data_modules_do_not_import_torch():
    modules = [entry.module for entry in ENTRIES.values()]
    modules += ["bench.data", "bench.splits", "bench.overlap", "bench.images"]
    code = f"import sys, {', '.join(modules)}; sys.exit('torch' in sys.modules or 'sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
