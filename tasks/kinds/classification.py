"""Classification: one label per image, a linear head on the pooled embedding, scores over all cases."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
from PIL import Image
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torchvision import transforms as T

from bench.core.errors import TrainingError
from bench.core.kind import Features, Shown, TaskKind
from bench.core.settings import Settings
from bench.core.task import Case
from bench.data.contract.loads import load_image
from bench.engine.datasets import KeptDataset
from bench.engine.images import MEAN, STD, shrink

_TO_TENSOR = (T.ToTensor(), T.Normalize(MEAN, STD))


class ClassificationSettings(Settings):
    """How images are prepared."""

    image_size: int = Field(224, ge=16, description="Side of the input in pixels; images are resized to a square.")
    min_crop: float = Field(0.7, gt=0, le=1, description="Smallest share of the area that a training crop keeps.")
    flip: float = Field(0.5, ge=0, le=1, description="Probability of a left-right flip in training.")


class LinearHead(nn.Module):
    """One linear layer from the pooled embedding (B, D) to logits (B, number of classes)."""

    def __init__(self, embedding_dim: int, n_classes: int) -> None:
        super().__init__()
        self.linear = nn.Linear(embedding_dim, n_classes)

    def forward(self, features: Features) -> Tensor:
        """Logits (B, number of classes); feature maps are not read."""
        logits: Tensor = self.linear(features.pooled)
        return logits


class LabelledImages(KeptDataset):
    """Images (3, H, W), ImageNet-normalised, with their class index."""

    def __init__(
        self,
        kept: Callable[[Case], Mapping[str, np.ndarray]],
        cases: Sequence[Case],
        settings: ClassificationSettings,
        *,
        train: bool,
    ) -> None:
        super().__init__(kept, cases)
        self.targets = [int(case.target) for case in cases]
        self.transform = _train_transform(settings) if train else _test_transform(settings)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        image = Image.fromarray(self.kept(self.cases[index])["image"])
        return self.transform(image), self.targets[index]


def _train_transform(settings: ClassificationSettings) -> T.Compose:
    """Random crops of the image squashed to a square, and left-right flips."""
    size = settings.image_size
    crop = T.RandomResizedCrop(size, scale=(settings.min_crop, 1.0))
    return T.Compose([T.Resize((2 * size, 2 * size)), crop, T.RandomHorizontalFlip(settings.flip), *_TO_TENSOR])


def _test_transform(settings: ClassificationSettings) -> T.Compose:
    return T.Compose([T.Resize((settings.image_size, settings.image_size)), *_TO_TENSOR])


class Classification(TaskKind):
    """Single-label classification with cross-entropy. Images are squashed to a square, not cropped to one."""

    name = "classification"
    version: ClassVar[int] = 1
    metrics_version: ClassVar[int] = 1
    settings_class = ClassificationSettings
    metrics = ("accuracy", "balanced_accuracy", "macro_auroc", "macro_f1", "quadratic_kappa")
    target: ClassVar[type] = int
    pooled_only: ClassVar[bool] = True
    prepared_by: ClassVar[tuple[str, ...]] = ("image_size",)
    settings: ClassificationSettings

    def prepare(self, case: Case) -> dict[str, np.ndarray]:
        """`image` (H, W, 3), uint8, RGB: its shorter side at most twice the input size, so that crops stay sharp."""
        image = load_image(self.task.data, case)
        return {"image": np.asarray(shrink(image, 2 * self.settings.image_size))}

    def build_head(self, backbone: nn.Module) -> nn.Module:
        """`LinearHead` of `backbone.embedding_dim` inputs."""
        embedding_dim: int = backbone.embedding_dim  # type: ignore[assignment]
        return LinearHead(embedding_dim, len(self.task.data.classes))

    def dataset(self, cases: Sequence[Case], *, train: bool) -> LabelledImages:
        """Images with their class index; `train` adds random resized crops and left-right flips.

        An image that cannot be decoded raises `DataError` when it is first used.
        """
        return LabelledImages(self.kept, cases, self.settings, train=train)

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        """Mean cross-entropy of logits (B, number of classes) and class indices (B,)."""
        return cross_entropy(output, target)

    def predict(self, output: Tensor) -> np.ndarray:
        """Class probabilities (B, number of classes), float32, from logits."""
        probabilities: np.ndarray = output.detach().float().softmax(dim=1).cpu().numpy()
        return probabilities

    def score(self, cases: Sequence[Case], predictions: np.ndarray) -> dict[str, float | None]:
        """Metrics in [0, 1] (kappa in [-1, 1]) of probabilities (number of cases, number of classes).

        Quadratic kappa only where the data set's classes are ordered.

        Raises:
            TrainingError: a probability is not finite.
            ValueError: the predictions do not have one row per case and one column per class.
        """
        data_set = self.task.data
        if predictions.shape != (len(cases), len(data_set.classes)):
            raise ValueError(f"predictions {predictions.shape} for {len(cases)} cases, {len(data_set.classes)} classes")
        if not np.isfinite(predictions).all():
            raise TrainingError("Predictions are not finite: the model diverged. Lower protocol.lr and run it again.")
        target = np.array([case.target for case in cases], dtype=np.int64)
        scores = score_classes(target, predictions)
        if data_set.ordered_classes:
            scores["quadratic_kappa"] = quadratic_kappa(target, predictions.argmax(axis=1), len(data_set.classes))
        return scores

    @property
    def case_score_name(self) -> str:
        """The probability of the true class."""
        return "p(truth)"

    def case_scores(self, cases: Sequence[Case], predictions: np.ndarray) -> list[float | None]:
        """The probability of each case's true class."""
        return [float(row[case.target]) for case, row in zip(cases, predictions, strict=True)]

    def show(self, case: Case, prediction: np.ndarray, saved: Path) -> Shown:
        """The image, its class, and the three likeliest classes with their probabilities."""
        names, likeliest = self.task.data.classes, np.argsort(-prediction, kind="stable")[:3]
        found = "\n".join(f"{names[i]} {prediction[i]:.3f}" for i in likeliest)
        return Shown(load_image(self.task.data, case), names[case.target], found)

    def sample_predictions(self, cases: Sequence[Case]) -> np.ndarray:
        """Probabilities of every class, in favour of the true one for most cases."""
        logits = np.random.default_rng(0).normal(size=(len(cases), len(self.task.data.classes)))
        logits[np.arange(len(cases)), [case.target for case in cases]] += 1.5
        exponents = np.exp(logits)
        return exponents / exponents.sum(axis=1, keepdims=True)


def score_classes(target: np.ndarray, probabilities: np.ndarray) -> dict[str, float | None]:
    """Accuracy, balanced accuracy, macro AUROC and macro F1 of targets (N,) and probabilities (N, C).

    Balanced accuracy is the mean recall over the classes that occur in `target`; macro F1 is the mean over the classes
    that occur in `target` or are predicted. AUROC is one class against the rest, and None unless every class occurs
    in `target`. All are None for no cases.
    """
    from sklearn.metrics import f1_score, recall_score, roc_auc_score

    if not len(target):
        return dict.fromkeys(("accuracy", "balanced_accuracy", "macro_auroc", "macro_f1"))
    predicted = probabilities.argmax(axis=1)
    present = np.unique(target)
    auroc = None
    if len(present) == probabilities.shape[1] > 1:
        auroc = float(np.mean([roc_auc_score(target == c, probabilities[:, c]) for c in present]))
    return {
        "accuracy": float(np.mean(predicted == target)),
        "balanced_accuracy": float(recall_score(target, predicted, labels=present, average="macro")),
        "macro_auroc": auroc,
        "macro_f1": float(f1_score(target, predicted, average="macro", zero_division=0)),
    }


def quadratic_kappa(target: np.ndarray, predicted: np.ndarray, n_classes: int) -> float | None:
    """Cohen's kappa with quadratic weights; None where it is 0/0 (one and the same class everywhere) or no cases."""
    from sklearn.metrics import cohen_kappa_score

    if len(np.union1d(target, predicted)) < 2:
        return None
    return float(cohen_kappa_score(target, predicted, labels=np.arange(n_classes), weights="quadratic"))
