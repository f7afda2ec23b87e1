from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from bench.core.console import Report
from bench.core.errors import DataError, TrainingError
from bench.core.kind import Features
from bench.core.task import Case
from bench.engine.datasets import fill
from bench.engine.kept import keep_cases
from tasks.brain_tumor import TASK
from tasks.kinds.classification import Classification, ClassificationSettings, quadratic_kappa, score_classes


class Backbone(torch.nn.Module):
    embedding_dim = 6


def kind(ordered: bool = False, **settings) -> Classification:
    task = replace(TASK, data=replace(TASK.data, ordered_classes=ordered))
    return Classification(task, ClassificationSettings(**settings))


def one_hot(predicted: list[int], n: int) -> np.ndarray:
    return np.eye(n, dtype=np.float32)[predicted]


def cases_of(targets: list[int]) -> list[Case]:
    return [Case(str(i), Path(str(i)), t, "test") for i, t in enumerate(targets)]


@pytest.fixture
def image_cases(tmp_path) -> list[Case]:
    cases = []
    for i in range(4):
        path = tmp_path / f"{i}.png"
        Image.new("RGB", (40 + i, 30), (0, 0, 60 * i)).save(path)
        cases.append(Case(path.name, path, i, "train"))
    return cases


def test_metrics_by_hand():
    # Confusion (rows: target): [[3, 1, 0], [1, 1, 0], [0, 0, 2]]
    target = np.array([0, 0, 0, 0, 1, 1, 2, 2])
    scores = score_classes(target, one_hot([0, 0, 0, 1, 0, 1, 2, 2], 3))
    assert scores["accuracy"] == pytest.approx(6 / 8)
    assert scores["balanced_accuracy"] == pytest.approx((3 / 4 + 1 / 2 + 1) / 3)
    assert scores["macro_f1"] == pytest.approx((3 / 4 + 1 / 2 + 1) / 3)
    # AUROC of a hard decision: (sensitivity + specificity) / 2
    assert scores["macro_auroc"] == pytest.approx(((3 / 4 + 3 / 4) / 2 + (1 / 2 + 5 / 6) / 2 + 1) / 3)


def test_auroc_ranks_probabilities():
    positive = np.array([0.9, 0.4, 0.6, 0.1])
    scores = score_classes(np.array([1, 1, 0, 0]), np.stack([1 - positive, positive], axis=1))
    assert scores["macro_auroc"] == pytest.approx(3 / 4)  # one of the four pairs is in the wrong order


def test_class_absent_from_the_targets():
    scores = score_classes(np.array([0, 0, 1, 1]), one_hot([0, 2, 1, 1], 3))
    assert scores["macro_auroc"] is None
    assert scores["balanced_accuracy"] == pytest.approx((1 / 2 + 1) / 2)
    assert scores["macro_f1"] == pytest.approx((2 / 3 + 1 + 0) / 3)


def test_no_cases_and_a_single_class():
    assert set(score_classes(np.array([], dtype=int), np.zeros((0, 3))).values()) == {None}
    scores = score_classes(np.array([1, 1]), one_hot([1, 1], 3))
    assert (scores["accuracy"], scores["macro_auroc"]) == (1.0, None)


def test_quadratic_kappa_by_hand():
    target, predicted = np.array([0, 1, 2, 2]), np.array([0, 1, 2, 0])
    # observed squared distance: 4 / 4; expected: mean over all pairs of marginals
    expected = np.mean([(t - p) ** 2 for t in target for p in predicted])
    assert quadratic_kappa(target, predicted, 3) == pytest.approx(1 - 1 / expected)
    assert quadratic_kappa(np.array([1, 1]), np.array([1, 1]), 3) is None


def test_kappa_only_for_ordered_classes():
    probabilities = one_hot([0, 1, 2, 3], 4)
    plain = kind().score(cases_of([0, 1, 2, 3]), probabilities)
    assert set(plain) == set(Classification.metrics) - {"quadratic_kappa"}
    assert kind(ordered=True).score(cases_of([0, 1, 2, 3]), probabilities)["quadratic_kappa"] == pytest.approx(1)


def test_score_refuses_what_is_no_prediction():
    with pytest.raises(TrainingError, match="not finite"):
        kind().score(cases_of([0]), np.full((1, 4), np.nan))
    with pytest.raises(ValueError, match="4 classes"):
        kind().score(cases_of([0, 1]), np.zeros((2, 3)))


def test_head_loss_and_prediction():
    head = kind().build_head(Backbone())
    logits = head(Features([], torch.randn(5, 6)))
    assert logits.shape == (5, 4)
    probabilities = kind().predict(logits)
    assert probabilities.dtype == np.float32
    assert probabilities.sum(axis=1) == pytest.approx(np.ones(5), abs=1e-6)
    loss = kind().loss(torch.zeros(2, 4), torch.tensor([0, 3]))
    assert loss.item() == pytest.approx(np.log(4))


def test_evaluation_images_are_normalised_and_fixed(image_cases):
    data = kind(image_size=32).dataset(image_cases, train=False)
    image, target = data[2]
    assert (tuple(image.shape), image.dtype, target, len(data)) == ((3, 32, 32), torch.float32, 2, 4)
    expected = [(0 - 0.485) / 0.229, (0 - 0.456) / 0.224, (120 / 255 - 0.406) / 0.225]
    assert image.mean(dim=(1, 2)).tolist() == pytest.approx(expected, abs=1e-4)
    assert torch.equal(data[2][0], image)


def test_training_images_follow_torchs_seed(tmp_path):
    path = tmp_path / "a.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (50, 50, 3), dtype=np.uint8)).save(path)
    data = kind(image_size=32).dataset([Case("a", path, 0, "train")], train=True)

    def seeded(seed):
        torch.manual_seed(seed)
        return data[0][0]

    assert seeded(1).shape == (3, 32, 32)
    assert torch.equal(seeded(1), seeded(1))
    assert not torch.equal(seeded(1), seeded(2))


def ramp_crops(tmp_path, **settings):
    """Brightness at the left and right end of the first row of training images of a left-to-right ramp."""
    ramp = np.broadcast_to(np.arange(128, dtype=np.uint8)[None, :, None] * 2, (128, 128, 3)).copy()
    Image.fromarray(ramp).save(tmp_path / "ramp.png")
    case = Case("ramp", tmp_path / "ramp.png", 0, "train")
    data = kind(image_size=64, **settings).dataset([case], train=True)
    torch.manual_seed(0)
    images = [data[0][0][0] * 0.229 + 0.485 for _ in range(100)]
    return [(float(i[0, 0]) * 255 / 254, float(i[0, -1]) * 255 / 254) for i in images]


def test_flip_and_crop_follow_the_settings(tmp_path):
    assert all(left > right for left, right in ramp_crops(tmp_path, min_crop=1.0, flip=1.0))
    widths = [right - left for left, right in ramp_crops(tmp_path, min_crop=0.5, flip=0.0)]
    assert min(widths) >= (0.5 * 3 / 4) ** 0.5 - 0.05
    assert min(widths) < 0.75
    assert max(widths) > 0.93


def test_bad_image_is_an_error_that_names_it(image_cases):
    image_cases[3].image.write_bytes(image_cases[3].image.read_bytes()[:60])
    broken = kind()
    keep_cases(broken, {case.id: case.id for case in image_cases})
    with pytest.raises(DataError, match=r"3\.png.*cannot be decoded"):
        fill(broken.dataset(image_cases, train=True), "train", Report(quiet=True))


@dataclass(frozen=True)
class Films:
    """A reader that decodes files of its own form: two rows of bytes, three columns."""

    layout: str = "none"

    def load_image(self, case: Case) -> Image.Image:
        return Image.fromarray(np.frombuffer(case.image.read_bytes(), np.uint8).reshape(2, 3)).convert("RGB")


def test_images_are_decoded_by_the_reader_where_it_does(tmp_path):
    (tmp_path / "a.raw").write_bytes(bytes(range(6)))
    task = replace(TASK, data=replace(TASK.data, reader=Films()))
    films = Classification(task, ClassificationSettings(image_size=32))
    image = films.prepare(Case("a", tmp_path / "a.raw", 0, "train"))["image"]
    assert image.tolist() == [[[value] * 3 for value in row] for row in ([0, 1, 2], [3, 4, 5])]


def test_prepared_images_have_twice_the_input_size(tmp_path):
    Image.new("RGB", (300, 200)).save(tmp_path / "a.png")
    prepared = kind(image_size=32).prepare(Case("a", tmp_path / "a.png", 0, "train"))
    assert prepared["image"].shape == (64, 96, 3)
