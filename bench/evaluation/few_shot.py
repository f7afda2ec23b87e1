"""The `few_shot` protocols: a linear probe on the embeddings of few labelled training images, in several draws."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from bench.core.console import Report
from bench.core.kind import TaskKind
from bench.data.splits import SplitCases
from bench.engine.meter import Meter
from bench.evaluation.embeddings import Embeddings
from bench.evaluation.protocols import FewShotSettings
from bench.evaluation.supervised import Adaptation, Draw, headline_score

_MOST_ITERATIONS = 1000
"""Of L-BFGS; the objective is strongly convex, so that it ends long before."""
_LEAST_PROBABILITY = 1e-12
"""Probability of a class that no labelled image has."""


def wanted_per_class(sizes: np.ndarray, settings: FewShotSettings) -> np.ndarray:
    """How many images of each class (C,) keep their label, of `sizes` (C,) training images.

    A fraction is rounded per class, and leaves at least one image of every class that has any; a class with fewer
    images than `per_class` keeps all of them.
    """
    if settings.per_class is not None:
        return np.minimum(sizes, settings.per_class)
    assert settings.fraction is not None
    return np.minimum(sizes, np.maximum(1, np.rint(settings.fraction * sizes).astype(int)))


def draw_labelled(classes: np.ndarray, n_classes: int, settings: FewShotSettings, seed: int, draw: int) -> np.ndarray:
    """Indices (sorted) of the training images that keep their label in one draw, from class indices (N,).

    The draw depends on seed, draw and class only: the images of a smaller fraction are among those of a larger one,
    and every method sees the same.
    """
    sizes = np.bincount(classes, minlength=n_classes)
    chosen = []
    for c, wanted in enumerate(wanted_per_class(sizes, settings)):
        order = np.random.default_rng((seed, draw, c)).permutation(np.flatnonzero(classes == c))
        chosen.append(order[:wanted])
    return np.sort(np.concatenate(chosen))


@dataclass(frozen=True)
class Probe:
    """Logistic regression with L2 penalty on embeddings scaled to zero mean and unit variance."""

    n_classes: int
    inverse_regularisation: float

    def log_probabilities(self, bank: np.ndarray, classes: np.ndarray, queries: np.ndarray) -> np.ndarray:
        """Fit on embeddings (N, D) and classes (N,); logarithms of the probabilities of the queries (M, n_classes).

        A class that no embedding has gets a probability of 1e-12; where there is one class only, it gets all.
        """
        logs = np.full((len(queries), self.n_classes), np.log(_LEAST_PROBABILITY))
        present = np.unique(classes)
        if len(present) == 1:
            logs[:, present[0]] = 0.0
            return logs
        regression = LogisticRegression(C=self.inverse_regularisation, max_iter=_MOST_ITERATIONS)
        model = make_pipeline(StandardScaler(), regression)
        model.fit(bank.astype(np.float64), classes)
        logs[:, model.classes_] = model.predict_log_proba(queries.astype(np.float64))
        return np.maximum(logs, np.log(_LEAST_PROBABILITY))


class FewShot:
    """One evaluation with few labels: one probe per draw. Validation is scored beside, and selects nothing."""

    def __init__(
        self,
        embeddings: Embeddings,
        kind: TaskKind,
        split: SplitCases,
        settings: FewShotSettings,
        seed: int,
        meter: Meter,
        report: Report,
    ) -> None:
        self.embeddings, self.kind, self.split, self.settings = embeddings, kind, split, settings
        self.seed, self.meter, self.report = seed, meter, report
        self.probe = Probe(len(kind.task.data.classes), settings.inverse_regularisation)

    @property
    def probe_parameters(self) -> int:
        """Weights and biases of one probe."""
        return self.probe.n_classes * (self.embeddings["train"].tensors[0].shape[1] + 1)

    def fit(self, name: str) -> Adaptation:
        """Fit one probe per draw and predict the test split once with each."""
        classes = self.embeddings["train"].tensors[1].numpy()
        self._say_what_is_short(classes)
        draws, scores = [], []
        with self.report.stage(name, self.settings.draws) as advance:
            for number in range(self.settings.draws):
                chosen = draw_labelled(classes, self.probe.n_classes, self.settings, self.seed, number)
                labelled = tuple(self.split.train[i].id for i in chosen)
                draws.append(Draw(labelled, self._predict(chosen, "test")))
                predictions = self._predict(chosen, "validation")
                scores.append(headline_score(self.kind, self.split.validation, predictions, undefined=float("nan")))
                advance("")
        mean = np.mean([draw.predictions for draw in draws], axis=0)
        return Adaptation(mean, None, float(np.mean(scores)), self.meter.cost(), tuple(draws))

    def _predict(self, chosen: np.ndarray, name: str) -> np.ndarray:
        bank, classes = self.embeddings["train"].tensors
        queries = self.embeddings[name].tensors[0]
        logs = self.probe.log_probabilities(bank.numpy()[chosen], classes.numpy()[chosen], queries.numpy())
        self.meter.tick(len(queries))
        return self.kind.predict(torch.from_numpy(logs))

    def _say_what_is_short(self, classes: np.ndarray) -> None:
        names, per_class = self.kind.task.data.classes, self.settings.per_class
        sizes = np.bincount(classes, minlength=len(names))
        for name, size in zip(names, sizes, strict=True):
            if per_class is not None and size < per_class:
                self.report.warn(
                    f"{self.kind.task.data.name}: {name} has {size} training images; protocol.per_class={per_class} "
                    "labels all of them."
                )
