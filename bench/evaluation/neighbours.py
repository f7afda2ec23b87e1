"""The `knn` protocol: training images vote for the class of the images nearest to them; nothing is trained."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from sklearn.neighbors import NearestNeighbors

from bench.core.kind import TaskKind
from bench.data.splits import SplitCases
from bench.engine.meter import Meter
from bench.evaluation.adaptation import Adaptation, edge_notes, headline_score
from bench.evaluation.embeddings import Embeddings
from bench.evaluation.settings import NEIGHBOURS, NeighbourSettings
from bench.evaluation.standardised import standardise_and_scale, targets


def vote_shares(
    bank: np.ndarray,
    classes: np.ndarray,
    queries: np.ndarray,
    n_classes: int,
    neighbours: Sequence[int],
    temperature: float,
) -> list[np.ndarray]:
    """Share of the votes of the k nearest training embeddings that each class gets; rows sum to 1.

    A vote weighs exp(cosine / T) (Wu et al. 2018, Section 3.4). k is at most the number of training embeddings.

    Args:
        bank: Training embeddings (N, D).
        classes: Their class indices (N,).
        queries: Embeddings (M, D).
        n_classes: C; a class that no training embedding has gets no vote.
        neighbours: Values of k.
        temperature: T.

    Returns:
        (M, C) for each k.
    """
    most = min(max(neighbours), len(bank))
    search = NearestNeighbors(n_neighbors=most, metric="cosine", algorithm="brute").fit(bank.astype(np.float64))
    distance, places = search.kneighbors(queries.astype(np.float64))  # 1 - cosine (M, k), nearest first
    weights = np.exp((distance[:, :1] - distance) / temperature)  # a common factor per row changes no share
    ballots = weights[..., None] * np.eye(n_classes)[classes[places]]  # (M, k, C)
    counts = ballots.cumsum(axis=1)[:, [min(k, most) - 1 for k in neighbours]]
    shares: np.ndarray = counts / counts.sum(axis=2, keepdims=True)
    return list(shares.transpose(1, 0, 2))


class NeighbourVote:
    """One evaluation by vote: the bank is the training split; validation chooses k where the settings do not."""

    def __init__(
        self, embeddings: Embeddings, kind: TaskKind, split: SplitCases, settings: NeighbourSettings, meter: Meter
    ) -> None:
        self.embeddings, self.kind, self.split, self.settings, self.meter = embeddings, kind, split, settings, meter
        self.sides, self.scaling = standardise_and_scale(embeddings)
        self.parameters = 0

    @property
    def candidates(self) -> tuple[int, ...]:
        """The values of k that are tried."""
        return NEIGHBOURS if self.settings.neighbours is None else (self.settings.neighbours,)

    def predict(self, name: str, neighbours: Sequence[int]) -> list[np.ndarray]:
        """The kind's predictions for one split and each k, from the logarithm of the votes as logits."""
        bank, classes, queries = self.sides["train"], targets(self.embeddings, "train"), self.sides[name]
        n_classes = len(self.kind.task.data.classes)
        shares = vote_shares(bank, classes, queries, n_classes, neighbours, self.settings.temperature)
        self.meter.tick(len(queries))
        with np.errstate(divide="ignore"):
            return [self.kind.predict(torch.from_numpy(np.log(one))) for one in shares]

    def fit(self, name: str) -> Adaptation:
        """Choose k on validation (of equal scores the largest), then predict the test split once."""
        found = self.predict("validation", self.candidates)
        cases = self.split.validation
        scores = [headline_score(self.kind, cases, one) for one in found]
        best = max(range(len(scores)), key=lambda i: (scores[i], self.candidates[i]))
        k = self.candidates[best]
        (predictions,) = self.predict("test", [k])
        sweep = tuple({"neighbours": float(k), "validation": s} for k, s in zip(self.candidates, scores, strict=True))
        notes = edge_notes(name, "k", self.candidates, k) if k > 1 else ()  # nothing lies below k = 1
        fitted = {
            **self.scaling,
            "bank": self.embeddings["train"].tensors[0].numpy(),
            "classes": targets(self.embeddings, "train"),
            "neighbours": np.array(k),
        }
        return Adaptation(
            predictions, None, scores[best], self.meter.cost(), (), {"neighbours": float(k)}, sweep, notes, fitted
        )
