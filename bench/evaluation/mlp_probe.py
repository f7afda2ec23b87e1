"""The `mlp` protocol on embeddings: hidden layers at several rates, trained together, one chosen on validation."""

from __future__ import annotations

import copy
from collections.abc import Mapping

import numpy as np
import torch
from PIL.Image import Image
from torch import Tensor
from torch.func import functional_call, stack_module_state, vmap

from bench.core.cache_folder import of_rate
from bench.core.console import Report
from bench.core.kind import Features, TaskKind
from bench.data.splits import SplitCases
from bench.engine.loaders import EpochBatches
from bench.engine.logs.place import LogPlace
from bench.engine.logs.run_log import RunLog
from bench.engine.meter import Meter, Pace
from bench.engine.seeding import seed_all
from bench.evaluation.adaptation import Adaptation, Candidate, edge_notes, headline_score
from bench.evaluation.embeddings import Embeddings
from bench.evaluation.heads import HiddenLayers, MlpHead
from bench.evaluation.pictures.validation import NAME, picture_of, shown_cases
from bench.evaluation.settings import MlpProbeSettings
from bench.evaluation.standardised import standardise_and_scale, targets
from bench.models.footprint import count_parameters


def build_mlp(kind: TaskKind, embedding_dim: int, settings: MlpProbeSettings) -> MlpHead:
    """The hidden layers and the kind's head on embeddings of a size."""
    hidden = HiddenLayers(embedding_dim, settings.hidden)
    return MlpHead(hidden, kind.build_head(hidden))


def run_heads(
    head: MlpHead, embeddings: Tensor, weights: Mapping[str, Tensor], buffers: Mapping[str, Tensor]
) -> Tensor:
    """Logits (rates, B, classes) of embeddings (B, D) by as many equal heads as the weights (rates, ...) are of."""

    def one(own: dict[str, Tensor], buffers: dict[str, Tensor]) -> Tensor:
        output: Tensor = functional_call(head, (own, buffers), (Features([], embeddings),))
        return output

    logits: Tensor = vmap(one)(dict(weights), dict(buffers))
    return logits


class MlpProbe:
    """One evaluation: as many equal heads as there are rates, each with its own Adam, on the same batches.

    Each rate keeps the epoch of its lowest loss on validation; of these the best headline metric is chosen.
    """

    def __init__(
        self,
        embeddings: Embeddings,
        kind: TaskKind,
        split: SplitCases,
        settings: MlpProbeSettings,
        seed: int,
        meter: Meter,
        report: Report,
    ) -> None:
        seed_all(seed)
        self.kind, self.split, self.settings = kind, split, settings
        self.meter, self.report = meter, report
        sides, self.scaling = standardise_and_scale(embeddings)
        self.sides = {n: torch.from_numpy(side).float() for n, side in sides.items()}
        self.targets = {n: torch.from_numpy(targets(embeddings, n)) for n in self.sides}
        self.head = build_mlp(kind, self.sides["train"].shape[1], settings)
        self.parameters = count_parameters(self.head)
        heads = [copy.deepcopy(self.head) for _ in settings.rates]
        self.weights, self.buffers = stack_module_state(heads)  # each (rates, ...)
        self.rates = torch.tensor(settings.rates)
        self.optimizer = torch.optim.Adam(list(self.weights.values()), lr=1.0)
        self.batches = EpochBatches(len(self.sides["train"]), settings.batch_size, seed, smallest=2)

    def fit(self, name: str, log: LogPlace | None = None) -> Adaptation:
        """Train all heads, keep each one's best epoch, choose a rate, predict the test split once.

        What is logged goes to `log`, where it is given.
        """
        settings, rates = self.settings, self.settings.rates
        best = torch.full((len(rates),), float("inf"))
        epochs = torch.zeros(len(rates))
        kept = {n: w.detach().clone() for n, w in self.weights.items()}
        last = settings.epochs * len(self.batches) - 1
        with RunLog(log, self.report, "adaptation") as written, self.report.stage(name, settings.epochs) as advance:
            for epoch in range(1, settings.epochs + 1):
                pace = Pace()
                trained = self._train(epoch, pace)
                losses = self._losses(self._logits("validation", self.weights), self.targets["validation"]).detach()
                better = losses < best
                best, epochs = torch.where(better, losses, best), torch.where(better, epoch, epochs)
                for n, w in self.weights.items():
                    kept[n][better] = w.detach()[better]
                advance(f"loss {float(best.min()):.3f}")
                values = {**self._by_rate("loss", trained), **self._by_rate("validation_loss", losses), **pace.values()}
                written.epoch(epoch, epoch * len(self.batches) - 1, values)
            adaptation = self._choose(name, kept, epochs)
            written.picture(NAME, last, lambda: self._picture(kept, adaptation))
        return adaptation

    def _by_rate(self, column: str, values: Tensor) -> dict[str, float]:
        return {of_rate(column, r): v for r, v in zip(self.settings.rates, values.tolist(), strict=True)}

    def _picture(self, kept: Mapping[str, Tensor], adaptation: Adaptation) -> Image | None:
        """Some validation cases as the chosen head predicts them."""
        assert adaptation.chosen is not None
        chosen, shown = (
            self.settings.rates.index(adaptation.chosen["rate"]),
            shown_cases(self.kind, self.split.validation),
        )
        predictions = self.kind.predict(self._logits("validation", kept)[chosen].detach())[shown]
        return picture_of(self.kind, [self.split.validation[i] for i in shown], lambda folder: predictions)

    def _choose(self, name: str, kept: Mapping[str, Tensor], epochs: Tensor) -> Adaptation:
        rates, most = self.settings.rates, self.settings.epochs
        sweep, scores = list[Candidate](), []
        for rate, logits, epoch in zip(rates, self._logits("validation", kept).detach(), epochs.tolist(), strict=True):
            predictions = self.kind.predict(logits)
            score = headline_score(self.kind, self.split.validation, predictions)
            scores.append(score)
            sweep.append({"rate": rate, "epoch": epoch, "validation": score})
        chosen = max(range(len(rates)), key=lambda i: scores[i])
        test = self.kind.predict(self._logits("test", kept)[chosen].detach())
        notes = edge_notes(name, "rate", rates, rates[chosen])
        epoch = int(epochs[chosen])
        if epoch == most:
            notes += (f"{name}: the best epoch is the last of {most}: more may be better (protocol.epochs)",)
        fitted = {**self.scaling, "chosen": np.array(chosen), **{f"head.{n}": w.numpy() for n, w in kept.items()}}
        return Adaptation(
            test, epoch, scores[chosen], self.meter.cost(), (), {"rate": rates[chosen]}, tuple(sweep), notes, fitted
        )

    def _train(self, epoch: int, pace: Pace) -> Tensor:
        """One pass; a step of Adam at rate 1 is scaled to each head's own. Mean losses (rates,)."""
        self.batches.epoch = epoch
        total = torch.zeros(len(self.rates))
        for draws in pace.watch(self.batches):
            rows = torch.tensor([index for index, _ in draws])
            losses = self._losses(self._run(self.sides["train"][rows], self.weights), self.targets["train"][rows])
            self.optimizer.zero_grad(set_to_none=True)
            losses.sum().backward()
            before = {n: w.detach().clone() for n, w in self.weights.items()}
            self.optimizer.step()
            with torch.no_grad():
                for n, w in self.weights.items():
                    rate = self.rates.reshape(-1, *[1] * (w.dim() - 1))
                    w.copy_(before[n] + rate * (w - before[n]))
            total += losses.detach()
            pace.images += len(rows)
            self.meter.tick(len(rows))
        return total / len(self.batches)

    def _run(self, embeddings: Tensor, weights: Mapping[str, Tensor]) -> Tensor:
        """Logits (rates, B, classes) of embeddings (B, D)."""
        return run_heads(self.head, embeddings, weights, self.buffers)

    def _logits(self, name: str, weights: Mapping[str, Tensor]) -> Tensor:
        with torch.no_grad():
            return self._run(self.sides[name], weights)

    def _losses(self, logits: Tensor, target: Tensor) -> Tensor:
        """Loss (rates,) of logits (rates, B, classes)."""
        return torch.stack([self.kind.loss(one, target) for one in logits])
