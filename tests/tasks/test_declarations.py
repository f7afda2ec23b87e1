"""One suite over every task that is installed: what a declaration must have."""

import inspect
import subprocess
import sys
from importlib.metadata import entry_points

import pytest

from bench.core.kind import TaskKind
from bench.core.task import Task
from bench.evaluation.protocols import PROTOCOLS
from bench.evaluation.settings import MlpSettings, ProtocolSettings

ENTRIES = {entry.name: entry for entry in entry_points(group="bench.tasks") if entry.module.startswith("tasks.")}
KINDS = {entry.name: entry for entry in entry_points(group="bench.kinds")}


SEGMENTATION = ("brats", "buid", "drive", "isic2018", "jsrt", "kvasir_seg", "mmwhs_ct", "mmwhs_mri", "prostate")


def test_there_are_tasks():
    classified = {"brain_tumor", "brain_tumor_linear", "fgadr", "fgadr_linear"}
    assert classified | {*SEGMENTATION, "kvasir_det", "vindr"} <= set(ENTRIES)


def kind_of(task: Task) -> type[TaskKind]:
    return KINDS[task.kind].load()


@pytest.fixture(params=sorted(ENTRIES))
def task(request) -> Task:
    loaded = ENTRIES[request.param].load()
    assert loaded.name == request.param == ENTRIES[request.param].module.removeprefix("tasks.")
    return loaded


def test_names_are_known(task):
    kind = kind_of(task)
    assert issubclass(kind, TaskKind)
    assert kind.name == task.kind
    assert task.metric in kind.metrics
    assert task.protocol in PROTOCOLS


def test_paper_settings_are_valid(task):
    assert set(task.paper) <= {"task", "protocol"}
    (MlpSettings if task.kind == "classification" else ProtocolSettings).model_validate(task.paper["protocol"])
    kind_of(task).settings_class.model_validate(task.paper["task"])


def test_classes_and_counts_agree(task):
    data = task.data
    assert len(set(data.classes)) == len(data.classes) >= (2 if task.kind == "classification" else 1)
    assert set(data.expected_counts) == set(data.domains) or set(data.expected_counts) <= {"train", "test", "all"}
    names = data.classes if task.kind == "classification" else ("cases",)
    assert all(tuple(counts) == names for counts in data.expected_counts.values())
    assert 0 < data.validation_fraction < 1


def test_readers_know_the_classes(task):
    data = task.data
    if task.kind == "classification":
        assert dict(data.reader.classes) == {name: i for i, name in enumerate(data.classes)}
    elif task.kind == "segmentation_2d":
        assert data.reader.structures == data.classes
        assert all(len(part.labels) == len(data.classes) for part in data.reader.parts)
    elif task.kind == "detection":
        assert data.reader.labels == data.classes
    else:
        assert set((data.reader.values or {1: 1}).values()) == set(range(1, len(data.classes) + 1))


def test_a_declaration_is_short(task):
    assert len(inspect.getsource(sys.modules[ENTRIES[task.name].module]).splitlines()) <= 40


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
    modules += [
        "bench.data",
        "bench.data.volumes",
        "bench.data.splits",
        "bench.data.duplicates",
        "bench.data.decoding.images",
    ]
    code = f"import sys, {', '.join(modules)}; sys.exit('torch' in sys.modules or 'sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
