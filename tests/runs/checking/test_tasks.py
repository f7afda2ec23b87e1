"""A task's declaration and its data are checked, on its phantom or under a data root."""

from dataclasses import replace

import pytest

from bench.core.errors import BenchError, DataError, PluginError
from bench.runs.checking.tasks import check_task
from tests.plugins_of import TASK, replaced, task_of


def test_a_sound_task_on_its_phantom_and_on_data(tmp_path):
    task = task_of(tmp_path)
    assert check_task(task).passed[-1].startswith("24 cases of the phantom: read")
    root = tmp_path / "root" / "own_arrays"
    root.mkdir(parents=True)
    task.data.phantom(root, 1)
    assert check_task(task, root.parent).passed[-1].startswith("24 cases of the data set")
    without = replace(task, data=replace(task.data, phantom=None))
    assert "no phantom" in check_task(without).passed[-1]


MISTAKES = {
    "metric": (('metric="accuracy"', 'metric="acuracy"'), "Did you mean 'accuracy'"),
    "kind": (('kind="classification"', 'kind="clasification"'), "Unknown kind 'clasification'"),
    "protocol": (('protocol="linear"', 'protocol="probe"'), "its protocol 'probe' is unknown"),
    "setting": (('metric="accuracy"', 'metric="accuracy", settings={"imagesize": 3}'), "names 'imagesize'"),
    "paper": (
        ('metric="accuracy"', 'metric="accuracy", paper={"task": {"image_size": 1}}'),
        "paper is not valid: image_size",
    ),
    "label out of range": (("int(label), None", "int(label) + 1, None"), "its label 2 is none of the 2 classes"),
    "text as label": (("int(label), None", "str(label), None"), "the target of 000 is a str, expected int"),
    "one id": (('Case(f"{i:03d}"', 'Case("x"'), "24 cases|ids are those of several cases, as 'x'"),
    "grey images": (('.convert("RGB")', ""), "gave an image of mode L; expected 8-bit RGB"),
    "load fails": (('["images"][int', '["pictures"][int'), "Arrays.load_image cannot load it: .*pictures"),
    "read fails": (('["labels"]\n        return', '["targets"]\n        return'), "as a phantom: .*targets"),
    "no case": (("return [Case", "return [] and [Case"), "Arrays.read found no case|found no case"),
    "the phantom fails": (("np.savez(folder", "np.savez(nowhere"), "its phantom cannot be written: NameError"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "message"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_one_error(tmp_path, change, message):
    with pytest.raises(BenchError, match=message):
        check_task(task_of(tmp_path, replaced(TASK, change)))


def test_more_problems_of_the_data_are_counted(tmp_path):
    with pytest.raises(DataError, match=r"mode L.*\n.*\n... and 23 more: bench data verify"):
        check_task(task_of(tmp_path, replaced(TASK, ('.convert("RGB")', ""))))


def test_what_is_no_task():
    with pytest.raises(PluginError, match=r"is a str, expected a bench.Task"):
        check_task("drive")
