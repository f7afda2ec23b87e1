"""A task is held against its kind before anything is trained."""

from dataclasses import replace

import pytest

from bench.core import registry
from bench.core.errors import DataError, PluginError
from bench.core.task import BoxTarget
from bench.data.contract.tasks import require_samples, require_sound
from bench.data.dataset import read_data
from bench.data.phantom import ensure_phantom
from bench.data.splits import draw_split
from tests.plugins_of import TASK, replaced, task_of


def test_every_task_of_this_project_is_sound():
    for task in registry.tasks().working().values():
        require_sound(task, registry.kinds().get(task.kind))


@pytest.mark.parametrize(
    ("task", "changes", "message"),
    [
        (
            "kvasir_det",
            {"metric": "ap75"},
            "'ap75', which is none of the kind's. Did you mean 'ap50'. Known: ap50, map",
        ),
        ("drive", {"metric": "dice/nerve"}, "'nerve' is no class. Known: vessel"),
        ("brain_tumor", {"kind": "segmentation_2d", "metric": "dice"}, "its reader ClassFolders lacks load_masks"),
    ],
)
def test_what_does_not_fit_the_kind(task, changes, message):
    wrong = replace(registry.tasks().get(task), **changes)
    with pytest.raises(PluginError, match=message):
        require_sound(wrong, registry.kinds().get(wrong.kind))


def test_a_metric_of_one_class():
    task = registry.tasks().get("jsrt")
    require_sound(replace(task, metric=f"dice/{task.data.classes[0]}"), registry.kinds().get(task.kind))


def test_targets_of_another_type(tmp_path):
    task, kind = task_of(tmp_path), registry.kinds().get("classification")
    data = read_data(task.data, ensure_phantom(task.data, tmp_path))
    require_sound(task, kind, data.cases)
    with pytest.raises(PluginError, match=r"the target of 000 is a BoxTarget, expected int. Correct Case.target"):
        require_sound(task, kind, [replace(data.cases[0], target=BoxTarget(3, 3, ()))])


def test_the_first_case_of_each_side_is_loaded(tmp_path):
    task = task_of(tmp_path, replaced(TASK, ('.convert("RGB")', "")))
    data = read_data(task.data, ensure_phantom(task.data, tmp_path))
    with pytest.raises(
        DataError, match=r"images.npz \(case .* of own_arrays\): Arrays.load_image gave an image of mode L"
    ):
        require_samples(task, draw_split(data, 0))
