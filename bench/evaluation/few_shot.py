"""The `few_shot` protocols: a linear probe on the embeddings of few labelled training images, in several draws."""

from __future__ import annotations

import numpy as np
import torch

from bench.core.console import Report
from bench.core.kind import TaskKind
from bench.data.splits import SplitCases
from bench.engine.meter import Meter
from bench.evaluation.adaptation import Adaptation, Candidate, Draw, headline_score
from bench.evaluation.embeddings import Embeddings
from bench.evaluation.regression import Fit, best_fit, regression_path
from bench.evaluation.settings import FewShotSettings
from bench.evaluation.standardised import standardise_and_scale, targets


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


class FewShot:
    """One evaluation with few labels: for each draw a path of regressions, of which validation chooses one.

    Embeddings are standardised by all training images, whose labels that takes none of.
    """

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
        self.n_classes = len(kind.task.data.classes)
        self.sides, self.scaling = standardise_and_scale(embeddings)

    @property
    def parameters(self) -> int:
        """Weights and biases of one probe."""
        return self.n_classes * (self.embeddings["train"].tensors[0].shape[1] + 1)

    def fit(self, name: str) -> Adaptation:
        """Choose one probe per draw and predict the test split once with each."""
        classes = targets(self.embeddings, "train")
        self._say_what_is_short(classes)
        draws, scores, sweep, fitted = [], [], list[Candidate](), dict(self.scaling)
        with self.report.stage(name, self.settings.draws) as advance:
            for number in range(self.settings.draws):
                chosen = draw_labelled(classes, self.n_classes, self.settings, self.seed, number)
                score, best, tried = self._best_of(chosen, classes[chosen], number)
                predictions = self.kind.predict(torch.from_numpy(best.predictions[1]))
                draws.append(Draw(tuple(self.split.train[i].id for i in chosen), predictions))
                fitted |= {f"draw{number}.{name}": value for name, value in best.solution.items()}
                scores.append(score)
                sweep += tried
                advance("")
        mean = np.mean([draw.predictions for draw in draws], axis=0)
        cost = self.meter.cost()
        return Adaptation(mean, None, float(np.mean(scores)), cost, tuple(draws), None, tuple(sweep), fitted=fitted)

    def _best_of(self, chosen: np.ndarray, classes: np.ndarray, draw: int) -> tuple[float, Fit, list[Candidate]]:
        """The best C: score on validation, and its fit; of equal scores the strongest penalty."""
        queries = [self.sides["validation"], self.sides["test"]]
        path = self.settings.regularisations

        def score(fit: Fit) -> float:
            self.meter.tick(len(chosen))
            return headline_score(
                self.kind, self.split.validation, self.kind.predict(torch.from_numpy(fit.predictions[0]))
            )

        fits = regression_path(self.sides["train"][chosen], classes, queries, self.n_classes, path)
        best, highest, scores = best_fit(fits, score)
        tried: list[Candidate] = [{"draw": float(draw), "regularisation": c, "validation": s} for c, s in scores]
        return highest, best, tried

    def _say_what_is_short(self, classes: np.ndarray) -> None:
        names, per_class = self.kind.task.data.classes, self.settings.per_class
        sizes = np.bincount(classes, minlength=len(names))
        for name, size in zip(names, sizes, strict=True):
            if per_class is not None and size < per_class:
                self.report.warn(
                    f"{self.kind.task.data.name}: {name} has {size} training images; protocol.per_class={per_class} "
                    "labels all of them."
                )
