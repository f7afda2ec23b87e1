"""Pictures of validation cases for the log of an adaptation."""

import numpy as np
import pytest
import torch
from torch.utils.data import TensorDataset

from bench.core.kind import TaskKind
from bench.core.task import Case
from bench.data.splits import SplitCases
from bench.evaluation.pictures.sheet import NAMES
from bench.evaluation.pictures.validation import picture_of, picture_of_model, shown_cases
from tasks.brain_tumor import TASK
from tasks.kinds.classification import Classification, ClassificationSettings
from tests.evaluation.pictures.test_sheet import masks_width
from tests.tasks.segmentation import worlds as masks
from tests.tasks.segmentation.test_segmentation_3d import perfect_batches

KIND = Classification(TASK, ClassificationSettings(image_size=32))


@pytest.mark.parametrize(("n", "found"), [(0, []), (1, [0]), (2, [0, 1]), (4, [0, 1, 2, 3]), (10, [0, 3, 6, 9])])
def test_a_few_cases_evenly_spread(n, found):
    assert shown_cases(KIND, [None] * n) == found


def test_one_volume_and_nothing_of_a_kind_that_draws_none(monkeypatch):
    monkeypatch.setattr(Classification, "memory_mapped", True)
    assert shown_cases(KIND, [None] * 10) == [0]
    monkeypatch.setattr(Classification, "show", TaskKind.show)
    assert shown_cases(KIND, [None] * 10) == []
    assert picture_of(KIND, [], lambda folder: pytest.fail("predicted")) is None


def test_what_a_model_predicts_is_drawn_from_a_folder_that_goes(tmp_path):
    kind, folders = masks.kind_of(masks.DrawnVolumes(2)), []
    cases = masks.cases_of(tmp_path, ["v0"])
    logits = perfect_batches(kind, cases[0], 4)

    def collect(folder):
        folders.append(folder)
        return kind.collect(cases, [(logits, logits)], test=True, save=folder)

    picture = picture_of(kind, cases, collect)
    assert picture.width > NAMES + 3 * masks_width(kind, cases[0])
    assert not folders[0].exists()


def test_a_head_on_embeddings_predicts_the_same_cases_of_validation(tmp_path, monkeypatch):
    cases, seen = [Case(str(i), tmp_path / "a.png", 0, None) for i in range(5)], []

    def scores(kind, some, found):
        seen.append(([case.id for case in some], found))
        return [None] * len(some)

    monkeypatch.setattr(Classification, "case_scores", scores)
    monkeypatch.setattr(Classification, "show", lambda kind, case, prediction, saved: None)
    head = torch.nn.Linear(3, len(TASK.data.classes))
    data = TensorDataset(torch.arange(15.0).reshape(5, 3), torch.zeros(5))
    assert picture_of_model(KIND, SplitCases(cases, cases, [], "f", None), {"validation": data}, head) is None
    ((ids, found),) = seen
    assert ids == ["0", "1", "3", "4"]
    assert np.allclose(found, KIND.predict(head(data.tensors[0][[0, 1, 3, 4]])))
