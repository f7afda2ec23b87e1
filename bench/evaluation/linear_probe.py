"""The `linear` protocol on embeddings: logistic regression, its penalty chosen on validation."""

from __future__ import annotations

import torch

from bench.core.console import Report
from bench.core.kind import TaskKind
from bench.data.splits import SplitCases
from bench.engine.meter import Meter
from bench.evaluation.adaptation import Adaptation, edge_notes, headline_score
from bench.evaluation.embeddings import Embeddings
from bench.evaluation.regression import Fit, best_fit, regression_path
from bench.evaluation.settings import LinearProbeSettings
from bench.evaluation.standardised import standardise_and_scale, targets


class LinearProbe:
    """One evaluation: a regression for each penalty; the best on validation predicts the test split once."""

    def __init__(
        self,
        embeddings: Embeddings,
        kind: TaskKind,
        split: SplitCases,
        settings: LinearProbeSettings,
        meter: Meter,
        report: Report,
    ) -> None:
        self.embeddings, self.kind, self.split, self.settings = embeddings, kind, split, settings
        self.meter, self.report = meter, report
        self.n_classes = len(kind.task.data.classes)

    @property
    def parameters(self) -> int:
        """Weights and biases of the probe."""
        return self.n_classes * (self.embeddings["train"].tensors[0].shape[1] + 1)

    def fit(self, name: str) -> Adaptation:
        """Fit the path; of equal scores on validation the strongest penalty is chosen."""
        sides, scaling = standardise_and_scale(self.embeddings)
        path = self.settings.regularisations
        queries = [sides["validation"], sides["test"]]
        classes, most = targets(self.embeddings, "train"), self.settings.epochs
        fitted = regression_path(sides["train"], classes, queries, self.n_classes, path, most)
        with self.report.stage(name, len(path)) as advance:

            def score(fit: Fit) -> float:
                self.meter.tick(len(sides["train"]))
                advance(f"C {fit.c:g}")
                scored = self.kind.predict(torch.from_numpy(fit.predictions[0]))
                return headline_score(self.kind, self.split.validation, scored)

            chosen, best, scores = best_fit(fitted, score)
        sweep = tuple({"regularisation": c, "validation": found} for c, found in scores)
        notes = edge_notes(name, "C", path, chosen.c)
        if not chosen.converged:
            notes += (f"{name}: the solver stopped after protocol.epochs={most} passes, before it converged",)
        predictions = self.kind.predict(torch.from_numpy(chosen.predictions[1]))
        cost, found = self.meter.cost(), {**scaling, **chosen.solution}
        return Adaptation(predictions, None, best, cost, (), {"regularisation": chosen.c}, sweep, notes, found)
