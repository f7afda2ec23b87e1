"""The `knn` protocol: training images vote for the class of the images nearest to them; nothing is trained."""

from __future__ import annotations

import numpy as np
import torch
from sklearn.neighbors import KNeighborsClassifier

from bench.core.kind import TaskKind
from bench.data.splits import SplitCases
from bench.engine.meter import Meter
from bench.evaluation.embeddings import Embeddings
from bench.evaluation.protocols import NeighbourSettings
from bench.evaluation.supervised import Adaptation, headline_score


def vote_shares(
    bank: np.ndarray, classes: np.ndarray, queries: np.ndarray, n_classes: int, settings: NeighbourSettings
) -> np.ndarray:
    """Share of the votes of the k nearest training embeddings that each class gets; rows sum to 1.

    A vote weighs exp(cosine / T) (Wu et al. 2018, Section 3.4). k is at most the number of training embeddings.

    Args:
        bank: Training embeddings (N, D).
        classes: Their class indices (N,).
        queries: Embeddings (M, D).
        n_classes: C; a class that no training embedding has gets no vote.
        settings: k and T.

    Returns:
        (M, C).
    """

    def weights(distance: np.ndarray) -> np.ndarray:  # 1 - cosine (M, k); a common factor per row changes no share
        return np.exp((distance.min(axis=1, keepdims=True) - distance) / settings.temperature)

    neighbours = min(settings.neighbours, len(bank))
    voters = KNeighborsClassifier(neighbours, weights=weights, metric="cosine", algorithm="brute")
    voters.fit(bank.astype(np.float64), classes)
    shares = np.zeros((len(queries), n_classes))
    shares[:, voters.classes_] = voters.predict_proba(queries.astype(np.float64))
    return shares


class NeighbourVote:
    """One evaluation by vote: the bank is the training split; validation is scored beside, and selects nothing."""

    def __init__(
        self, embeddings: Embeddings, kind: TaskKind, split: SplitCases, settings: NeighbourSettings, meter: Meter
    ) -> None:
        self.embeddings, self.kind, self.split, self.settings, self.meter = embeddings, kind, split, settings, meter

    def predict(self, name: str) -> np.ndarray:
        """The kind's predictions for one split, from the logarithm of the votes as logits."""
        bank, classes = self.embeddings["train"].tensors
        queries, _ = self.embeddings[name].tensors
        n_classes = len(self.kind.task.data.classes)
        shares = vote_shares(bank.numpy(), classes.numpy(), queries.numpy(), n_classes, self.settings)
        self.meter.tick(len(queries))
        return self.kind.predict(torch.from_numpy(shares).log())

    def fit(self) -> Adaptation:
        """Predict the test split once; there is no epoch to select."""
        predictions = self.predict("validation")
        validation = headline_score(self.kind, self.split.validation, predictions, undefined=float("nan"))
        return Adaptation(self.predict("test"), None, validation, self.meter.cost())
