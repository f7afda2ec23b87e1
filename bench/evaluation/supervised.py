"""The only supervised loop: adapt an encoder to a task under a protocol, select on validation, predict once."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_
from torch.utils.data import DataLoader, Dataset, TensorDataset

from bench.core.console import Advance, Report
from bench.core.errors import DataError, TrainingError
from bench.core.kind import TaskKind
from bench.core.task import Case
from bench.data.splits import SplitCases
from bench.engine.compute import Compute, pick_device, require_sides
from bench.engine.datasets import fill
from bench.engine.loaders import EpochBatches, build_loader, evaluation_loader, pick_workers
from bench.engine.logs.place import LogPlace
from bench.engine.logs.run_log import RunLog
from bench.engine.meter import Meter, Pace
from bench.engine.resume import StateFile
from bench.engine.seeding import seed_all
from bench.evaluation.adaptation import Adaptation, Best, headline_score
from bench.evaluation.adapted_model import AdaptedModel, EmbeddingHead
from bench.evaluation.embeddings import Embedded, embed_splits
from bench.evaluation.heads import build_head
from bench.evaluation.pictures.validation import NAME, picture_of_model
from bench.evaluation.protocols import Protocol
from bench.evaluation.settings import ProtocolSettings

SECONDS_BETWEEN_SAVES = 60.0
"""A state of a large network takes seconds to write; short adaptations write none."""


class Supervised:
    """One adaptation of an encoder to a task: model, data of three splits, optimiser; all reseeded from its own seed.

    `embedded` may hand over embeddings that were made before; by default they are made. Predictions on the test split
    that are worth a file go to the folder `save`, where it is given.

    Raises:
        DataError: an image cannot be read, or no training case has anything to learn, or no other one to find.
    """

    def __init__(
        self,
        backbone: nn.Module,
        kind: TaskKind,
        split: SplitCases,
        protocol: Protocol,
        settings: ProtocolSettings,
        seed: int,
        compute: Compute,
        report: Report,
        embedded: Embedded | None = None,
        save: Path | None = None,
    ) -> None:
        seed_all(seed)
        self.save = save
        self.kind, self.split, self.settings, self.report = kind, split, settings, report
        self.device = pick_device(compute.device)
        self.workers = pick_workers(compute.workers, self.device)
        backbone = kind.adapt_backbone(backbone, frozen=protocol.frozen)
        head = build_head(kind, backbone, settings)
        self.network = nn.Sequential(backbone, head)
        self.data: Mapping[str, Dataset[Any]]
        self._loaders: dict[str, DataLoader[Any]] = {}
        self.model: nn.Module
        if protocol.frozen and kind.pooled_only:
            self.data = (embedded or embed_splits(backbone, kind, split, compute, report)).sides
            self.meter = Meter(self.device)
            self.model = EmbeddingHead(head)
        else:
            self.meter = Meter(self.device)
            self.data = self._images()
            require_sides(settings.precision, self.device, self.data["validation"][0][0].shape[-1])
            mixed = settings.precision == "bf16-mixed"
            self.model = AdaptedModel(backbone, head, frozen=protocol.frozen, mixed=mixed, mixed_head=kind.mixed_head)
        self.model.to(self.device)
        size = len(self.data["train"])  # type: ignore[arg-type]
        self.batches = EpochBatches(size, settings.batch_size, seed, smallest=2)  # batch norm needs two
        parameters = [p for p in self.model.parameters() if p.requires_grad]
        self.optimizer = torch.optim.Adam(parameters, lr=settings.lr, weight_decay=settings.weight_decay)
        self._log = RunLog(None, report)

    def _images(self) -> dict[str, Dataset[Any]]:
        data = {n: self.kind.dataset(cases, train=n == "train") for n, cases in self.split.sides.items()}
        for name, images in data.items():
            fill(images, f"{name} images", self.report)
        for name in ("validation", "test"):
            self._require_truth(name)
        return data

    def _require_truth(self, name: str) -> None:
        cases, task = self.split.sides[name], self.kind.task
        if cases and not any(map(self.kind.has_truth, cases)):
            raise DataError(
                f"{task.name}: none of the {len(cases)} {name} cases holds anything to find (as {cases[0].id}), "
                f"so that {task.metric} is undefined.\n"
                "Restore their labels from the owner's archive, or choose another split (--split)."
            )

    def _in_order(self, name: str) -> DataLoader[Any]:
        """The loader of a side, made once; that of the validation split is used in every epoch."""
        if name not in self._loaders:
            self._loaders[name] = evaluation_loader(
                self.data[name], self.kind.evaluation_batch, self.workers, self.device, lasting=name == "validation"
            )
        return self._loaders[name]

    @cached_property
    def _train_loader(self) -> DataLoader[Any]:
        return build_loader(self.data["train"], self.batches, self.workers, self.device)

    def _train_batches(self) -> Iterable[tuple[Tensor, Tensor]]:
        """Batches of this epoch; embeddings need no random numbers and are picked directly."""
        train = self.data["train"]
        if isinstance(train, TensorDataset):
            return (train[[index for index, _ in draws]] for draws in self.batches)
        return self._train_loader

    def train_epoch(self, epoch: int, advance: Advance) -> dict[str, float]:
        """One pass over the training split; its mean loss and its pace.

        Raises:
            TrainingError: the loss is not finite.
        """
        self.model.train()
        self.batches.epoch = epoch
        pace, losses, norms = Pace(), list[float](), list[Tensor]()
        for inputs, target in pace.watch(self._train_batches()):
            loss = self._loss(inputs.to(self.device), target.to(self.device), epoch)
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            norms.append(clip_grad_norm_(self.model.parameters(), self.settings.gradient_clip).detach())
            self.optimizer.step()
            self.meter.tick(len(inputs))
            pace.images += len(inputs)
            losses.append(float(loss.detach()))
            advance(f"loss {losses[-1]:.3f}")
        self._log_steps(epoch, losses, norms)
        return {"loss": fmean(losses), **pace.values()}

    def _log_steps(self, epoch: int, losses: Sequence[float], norms: Sequence[Tensor]) -> None:
        """Log the steps of an epoch at its end: a GPU is not waited for at each of them."""
        first = (epoch - 1) * len(self.batches)
        for number, (loss, norm) in enumerate(zip(losses, torch.stack(list(norms)).tolist(), strict=True)):
            self._log.step(first + number, {"loss": loss, "gradient_norm": norm, "epoch": float(epoch)})

    def _loss(self, inputs: Tensor, target: Tensor, epoch: int) -> Tensor:
        try:
            loss = self.kind.training_loss(self.model, inputs, target)
            if math.isfinite(float(loss.detach())):
                return loss
        except FloatingPointError:  # detectron2's way to say that its proposals are not finite
            pass
        raise TrainingError(
            f"Adapting to {self.kind.task.name}: the loss is not finite in epoch {epoch}. "
            "Lower protocol.lr; nothing was scored."
        )

    @torch.inference_mode()
    def evaluate(self, name: str) -> tuple[np.ndarray, float]:
        """What the kind keeps of its predictions, one entry per case, and the mean loss over one split."""
        self.model.eval()
        losses: list[float] = []
        counts: list[int] = []

        def batches() -> Iterator[tuple[Tensor, Tensor]]:
            for inputs, target in self._in_order(name):
                output = self.model(inputs.to(self.device))
                losses.append(float(self.kind.loss(output, target.to(self.device))))
                counts.append(len(inputs))
                self.meter.tick(0)
                yield output, target

        test = name == "test"
        predictions = self.kind.collect(self.split.sides[name], batches(), test=test, save=self.save if test else None)
        return predictions, float(np.average(losses, weights=counts))

    def fit(self, name: str, states: StateFile | None = None, log: LogPlace | None = None) -> Adaptation:
        """Train, keep the epoch best on validation (ties: lower loss), predict the test split once.

        An unfinished training whose state is in `states` is continued, and this one is kept there, at the end of an
        epoch, at most every minute. The caller deletes it. What is logged goes to `log`, where it is given.

        Raises:
            StorageError: the state is that of another training.
        """
        self._best = Best(-math.inf, math.inf, 0, self.model.state_dict())
        done = self._continue(states.load() if states else None)
        saved, steps = time.monotonic(), len(self.batches)
        self._log = RunLog(log, self.report, "adaptation", done * steps, done)
        with self._log, self.report.stage(name, self.settings.epochs * steps, done * steps) as advance:
            for epoch in range(done + 1, self.settings.epochs + 1):
                trained = self.train_epoch(epoch, advance)
                score, loss = self._validation(self.split.validation)
                validated = {"validation_loss": loss, f"validation_{self.kind.task.metric}": score}
                self._log.epoch(epoch, epoch * steps - 1, {**validated, **trained})
                if (score, -loss) > (self._best.score, -self._best.loss):
                    self._best = Best(score, loss, epoch, copy.deepcopy(self.model.state_dict()))
                if states and time.monotonic() - saved > SECONDS_BETWEEN_SAVES:
                    states.save(self._state(epoch))
                    saved = time.monotonic()
            self.model.load_state_dict(self._best.weights)
            predictions, _ = self.evaluate("test")
            adaptation = Adaptation(predictions, self._best.epoch, self._best.score, self.meter.cost())
            last = self.settings.epochs * steps - 1
            self._log.picture(NAME, last, lambda: picture_of_model(self.kind, self.split, self.data, self.model))
        return adaptation

    def _state(self, epoch: int) -> dict[str, Any]:
        return {
            "epoch": epoch,
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "best": tuple(self._best),
            "meter": self.meter.state(),
        }

    def _continue(self, state: Mapping[str, Any] | None) -> int:
        """Take up a state; returns how many epochs it has done."""
        if state is None:
            return 0
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self._best = Best(*state["best"])
        self.meter.restore(state["meter"])
        epoch = int(state["epoch"])
        self.report.say(f"  resuming the adaptation after epoch {epoch} of {self.settings.epochs}")
        return epoch

    def _validation(self, cases: Sequence[Case]) -> tuple[float, float]:
        predictions, loss = self.evaluate("validation")
        return headline_score(self.kind, cases, predictions), loss
