"""The only pretraining loop: any method on any corpus, on Lightning Fabric, resumable at every epoch."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import Any

import torch
from lightning.fabric import Fabric
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

from bench.core.console import Report
from bench.core.errors import TrainingError
from bench.core.method import Method, Progress
from bench.data.cache import DiskCache
from bench.engine.compiled import compile_backbones, compiler_problem, pays
from bench.engine.compute import Compute, pick_device, require_sides
from bench.engine.datasets import fill
from bench.engine.loaders import EpochBatches, pick_workers
from bench.engine.logs.place import LogPlace
from bench.engine.logs.run_log import RunLog
from bench.engine.meter import Meter, Pace
from bench.engine.optim import build_optimizer, build_schedule
from bench.engine.resume import RESUME_FILE, StateFile
from bench.engine.seeding import seed_all, seeded
from bench.models.checkpoints import ENCODER_FILE, save_encoder
from bench.pretraining.corpus import Corpus
from bench.pretraining.dataset import ViewDataset, effective_batch_size
from bench.pretraining.log import LastTenth, picture_of_views
from bench.pretraining.settings import PretrainSettings
from bench.pretraining.start import starting_encoder
from bench.pretraining.step import MethodLoss, StepInput, fetch
from bench.pretraining.views.feeding import DeviceFeed, feed


class Pretraining:
    """State of one pretraining: module, optimiser, schedule and position, with exact resume from `folder`.

    Decoded images are kept in `files` where it is given.
    """

    def __init__(
        self,
        method: Method,
        backbone: str,
        corpus: Corpus,
        settings: PretrainSettings,
        seed: int,
        compute: Compute,
        files: DiskCache | None = None,
    ) -> None:
        device = pick_device(compute.device)
        self.fabric = Fabric(
            accelerator=device.type,
            devices=[device.index or 0] if device.type == "cuda" else 1,
            precision=settings.precision,
        )
        self.method, self.settings, self.seed = method, settings, seed
        method.views = settings
        transform = method.view_transform(settings.image_size)
        self.dataset = ViewDataset(corpus, transform, settings.image_size, seed if settings.balance else None, files)
        batch_size = effective_batch_size(settings.batch_size, len(self.dataset), method.batch_multiple)
        self.batches = EpochBatches(len(self.dataset), batch_size, seed, smallest=batch_size)
        self.total_steps = settings.epochs * len(self.batches)
        method.corpus_size = len(self.dataset)
        self.last_tenth = LastTenth(self.total_steps)
        seed_all(seed)
        encoder = starting_encoder(backbone, settings.init)
        self.backbone_class = type(encoder)
        self.module = method.build(encoder).to(memory_format=torch.channels_last)
        self.optimizer = build_optimizer(self.module, method.config, batch_size)
        self.schedule = build_schedule(self.optimizer, method.config, self.total_steps)
        self.loss_module, self.wrapped_optimizer = self.fabric.setup(MethodLoss(method, self.module), self.optimizer)
        workers = pick_workers(compute.workers, self.fabric.device)
        self.loader = feed(self.fabric, self.dataset, self.batches, workers, on_device=settings.views == "device")
        self.epoch = 0
        pixels = float(self.total_steps * batch_size * settings.image_size**2)
        self.compiles = pays(device, pixels) if compute.compile is None else compute.compile

    def compile(self, report: Report) -> None:
        """Compile the backbones if that was asked for or pays; one warning where this machine cannot."""
        if not self.compiles:
            return
        problem = compiler_problem(self.fabric.device)
        if problem:
            report.warn(f"Not compiling the backbone: {problem}. Pretraining goes on, slower; --no-compile is silent.")
            return
        count = compile_backbones(self.module, self.backbone_class)
        report.say(f"  compiling {count} backbone(s): the first step takes a minute longer, the others are faster")

    def prepare(self, report: Report) -> None:
        """Say the peak rate, decode the corpus, and compile. Raises `DataError` or `TrainingError`."""
        config, batch = self.method.config, self.batches.batch_size
        rate = f"{config.peak_lr(batch):g} (lr {config.lr:g}, {config.lr_scaling}, batch {batch})"
        report.say(f"  peak learning rate {rate}")
        fill(self.dataset, "corpus", report)
        if isinstance(self.loader, DeviceFeed):
            self.loader.hold(report)
        self.require_precision()
        self.compile(report)

    def require_precision(self) -> None:
        """Raise `TrainingError` where views are too small for the precision on this device."""
        if self.settings.precision == "32-true":
            return
        with seeded(0):
            views = [x for x in tree_leaves(self.dataset[0]) if isinstance(x, Tensor) and x.ndim == 3]
        require_sides(self.settings.precision, self.fabric.device, min(view.shape[-1] for view in views))

    @property
    def step(self) -> int:
        """Optimiser steps done."""
        return self.epoch * len(self.batches)

    def state(self) -> dict[str, Any]:
        """Everything that continuing exactly needs, besides the random generators."""
        return {
            "epoch": self.epoch,
            "module": self.module.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "recent": list(self.last_tenth.rows),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continue from what `state` gave."""
        self.module.load_state_dict(state["module"], strict=True)
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.load_state_dict(state["schedule"])
        self.epoch = state["epoch"]
        self.last_tenth.rows.extend(state["recent"])

    def run_epoch(self, log: RunLog, meter: Meter, advance: Any) -> None:
        """One pass over the corpus. Raises `TrainingError` when a loss is not finite."""
        self.batches.epoch = self.epoch
        self.module.train()
        self.method.before_epoch(self.module, self._progress(self.step), self._numbered(self.loader))
        pace, losses = Pace(), []
        for number, (items, views) in enumerate(self._numbered(pace.watch(self.loader))):
            step = self.step + number
            if step == 0:
                log.picture("views", step, partial(picture_of_views, views))
            progress = self._progress(step, items)
            parts = self.loss_module(StepInput(views, progress))
            self.optimizer.zero_grad(set_to_none=True)
            self.fabric.backward(parts["loss"])
            self.method.before_step(self.module, progress)
            norm = self._clip()
            lr = float(self.schedule.get_last_lr()[0])
            self.wrapped_optimizer.step()
            self.schedule.step()
            self.method.after_step(self.module, self._progress(step + 1, items))
            values = {**fetch({**parts, "gradient_norm": norm}), "lr": lr, "epoch": float(self.epoch)}
            self._require_finite(values, step)
            log.step(step, values)
            self.last_tenth.add(values)
            losses.append(values["loss"])
            pace.images += self.batches.batch_size
            meter.tick(self.batches.batch_size)
            advance(f"loss {values['loss']:.3f}")
        self.epoch += 1
        log.epoch(self.epoch, self.step - 1, {"loss": fmean(losses), **pace.values()})

    def _numbered(self, loaded: Iterable[Any]) -> Iterator[tuple[Sequence[int], Any]]:
        """Numbers and views of the epoch's batches."""
        for draws, views in zip(self.batches, loaded, strict=True):
            yield [item for item, _ in draws], views

    def _progress(self, step: int, items: Sequence[int] = ()) -> Progress:
        return Progress(step, self.total_steps, self.epoch, self.settings.epochs, items)

    def _clip(self) -> Tensor:
        """Clip the gradient to the method's norm, if it has one; returns the norm before, a scalar."""
        limit = self.method.config.gradient_clip
        if limit is None:
            gradients = [p.grad for p in self.module.parameters() if p.grad is not None]
            return nn.utils.get_total_norm(gradients) if gradients else torch.zeros(())
        norm = self.fabric.clip_gradients(
            self.loss_module, self.wrapped_optimizer, max_norm=limit, error_if_nonfinite=False
        )
        return torch.zeros(()) if norm is None else norm

    def _require_finite(self, values: Mapping[str, float], step: int) -> None:
        name = next((n for n in ("loss", "gradient_norm") if not math.isfinite(values[n])), None)
        if name is not None:
            shown = ", ".join(f"{k}={v:g}" for k, v in values.items())
            raise TrainingError(
                f"Pretraining {self.method.name} (seed {self.seed}): the {name} is not finite at step {step} of "
                f"{self.total_steps} (epoch {self.epoch}): {shown}. Lower method.lr, for example "
                f"--set method.lr={self.method.config.lr / 10:g}; nothing was scored."
            )


def pretrain(
    run: Pretraining,
    folder: Path,
    identity: str,
    provenance: Mapping[str, Any],
    report: Report,
    log_elsewhere: tuple[str, ...] = (),
) -> dict[str, Any]:
    """Pretrain to the end, or continue, and write `folder/encoder.safetensors`; returns the cost, of all calls.

    The log lies in `folder`, too, and elsewhere where that is asked for (`logs.place.ELSEWHERE`).

    Raises:
        TrainingError: the loss is not finite.
        StorageError: the encoder could not be written, or a file in `folder` belongs to something else.
    """
    states = StateFile(folder / RESUME_FILE, identity, "pretraining", report)
    state = states.load()
    if state:
        run.restore(state)
        report.say(f"  resuming {run.method.name} at epoch {run.epoch} of {run.settings.epochs}")
    first_epoch = run.epoch
    run.prepare(report)
    meter = Meter(run.fabric.device)
    if state:
        meter.restore(state["meter"])
    name = f"pretrain {run.method.name} seed {run.seed}"
    place = LogPlace(folder, f"{name} {identity[:8]}", identity, log_elsewhere, provenance)
    log = RunLog(place, report, "pretraining", run.step, run.epoch)
    with log, report.stage(name, run.total_steps, run.step) as advance:
        while run.epoch < run.settings.epochs:
            run.run_epoch(log, meter, advance)
            states.save({**run.state(), "meter": meter.state()})
    cost = {**meter.cost(), "batch_size": run.batches.batch_size, "steps": run.total_steps, "first_epoch": first_epoch}
    done = {"identity": identity, "cost": cost, "logged": run.last_tenth.means()}
    save_encoder(folder / ENCODER_FILE, run.method.encoder(run.module), {**provenance, **done})
    states.delete()
    return cost
