"""The nouns of tasks: frozen, and readers that are told apart by what they can do."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest

from bench.core.task import Box, BoxTarget, Case, RemarkingReader, Task
from tasks.brain_tumor import TASK
from tasks.jsrt import JSRT


def test_a_case_and_a_task_cannot_be_changed():
    case = Case("a.png", Path("a.png"), 1, "train")
    assert (case.subject, case.labels, case.domain) == (None, (), None)
    for thing, name in ((case, "target"), (TASK, "metric"), (TASK.data, "classes"), (BoxTarget(4, 4, ()), "boxes")):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(thing, name, None)


def test_cases_and_boxes_are_values():
    assert Case("a", Path("a"), 1, None) == Case("a", Path("a"), 1, None) != Case("a", Path("a"), 2, None)
    assert Box(1, 0, 0, 2, 2)[1:] == (0, 0, 2, 2)


def test_a_reader_that_remarks_is_known_by_its_method():
    assert isinstance(JSRT.reader, RemarkingReader)
    assert not isinstance(TASK.data.reader, RemarkingReader)


def test_a_task_has_its_data_sets_settings_and_none_of_its_own_unless_said():
    task = Task("x", TASK.data, "classification", "linear", "accuracy")
    assert (task.settings, task.paper) == ({}, {})


def test_nouns_are_there_without_torch():
    code = "import sys, bench.core.task, bench.core.method, bench.core.kind; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
