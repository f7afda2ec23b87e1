"""A method at work: its module around a fresh backbone, one optimiser step after the other, each result checked."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from bench.core.method import Method, Progress
from bench.engine.optim import build_optimizer
from bench.models.build import build_backbone
from bench.pretraining.settings import PretrainSettings
from bench.runs.checking.blame import blaming, require
from bench.runs.checking.views import views_of_batch

DOCS = "See docs/add_a_method.md."
_LEAST_BATCH = 4
_TOTAL_STEPS, _EPOCHS = 100, 10
"""Of the pretraining that a trial pretends to begin."""


class Trial:
    """A method's module around a fresh backbone, with an optimiser, and views of made-up images."""

    def __init__(self, method: Method, backbone: str, settings: PretrainSettings, batches: int = 1) -> None:
        self.method, self.backbone = method, backbone
        method.views = settings
        multiple = method.batch_multiple
        self.batch = math.ceil(_LEAST_BATCH / multiple) * multiple * batches
        method.corpus_size = self.batch
        self.views = views_of_batch(method, settings.image_size, self.batch)
        self.given = build_backbone(backbone)
        with blaming(method, "build", f"It takes the backbone and adds heads to it. {DOCS}"):
            self.module = method.build(self.given)
        self._require_module()
        self.optimizer = build_optimizer(self.module, method.config, self.batch)
        self.module.train()
        with blaming(method, "before_epoch", DOCS):
            method.before_epoch(self.module, Progress(0, _TOTAL_STEPS, 0, _EPOCHS), [(range(self.batch), self.views)])

    def _require_module(self) -> None:
        method, module, given = self.method, self.module, self.given
        what = f".build gave a {type(module).__name__}, expected a torch.nn.Module"
        require(isinstance(module, nn.Module), method, what, DOCS)
        parts = dict(module.named_modules())
        keep = 'Return nn.ModuleDict({"backbone": backbone, ...}), or a module with the attribute `backbone`. ' + DOCS
        require("backbone" in parts, method, ".build gave a module without the part `backbone`", keep)
        held = any(part is given for part in parts.values())
        require(held, method, ".build ignores the backbone that it was given: its module does not hold it", keep)
        trained = [p for p in given.parameters() if p.requires_grad]
        thaw = "Leave requires_grad of the backbone as it is; freeze teachers, which are copies of it, alone. " + DOCS
        require(trained, method, ".build freezes the backbone: none of its parameters requires a gradient", thaw)
        encoder = self.encoder()
        inside = any(part is encoder for part in parts.values())
        require(inside, method, ".encoder gave a module that is no part of what build made", DOCS)
        shapes = [{n: tuple(t.shape) for n, t in m.state_dict().items()} for m in (encoder, given)]
        what = f".encoder gave a {type(encoder).__name__} of another architecture than the backbone"
        require(
            shapes[0] == shapes[1], method, what, f"It must be the backbone, or a copy of it such as a teacher. {DOCS}"
        )

    def encoder(self) -> nn.Module:
        """What would be exported."""
        with blaming(self.method, "encoder", f"It gives the backbone inside of what build made. {DOCS}"):
            return self.method.encoder(self.module)

    def progress(self, step: int) -> Progress:
        """Where the pretraining that this pretends to begin would stand, with the trial's one batch."""
        return Progress(step, _TOTAL_STEPS, 0, _EPOCHS, range(self.batch))

    def step(self, number: int = 0) -> float:
        """One optimiser step; its loss. Raises `PluginError`."""
        method, module = self.method, self.module
        loss = self._loss(number)
        self.optimizer.zero_grad(set_to_none=True)
        with blaming(method, "loss: its backward pass", DOCS):
            loss.backward()
        if number == 0:
            reached = [p for p in self.given.parameters() if p.grad is not None]
            what = f".loss does not depend on the backbone ({self.backbone}): no gradient reaches it"
            require(reached, method, what, "Compute it from module's backbone, and detach teachers alone. " + DOCS)
        with blaming(method, "before_step", DOCS):
            method.before_step(module, self.progress(number))
        self.optimizer.step()
        with blaming(method, "after_step", DOCS):
            method.after_step(module, self.progress(number + 1))
        return float(loss.detach())

    def _loss(self, number: int) -> Tensor:
        method, width = self.method, self.given.embedding_dim
        advice = (
            f"It was given module from build, views of {self.batch} images, and the backbone {self.backbone}, which "
            f"gives Features(maps, pooled) with pooled (B, {width}): heads read backbone.embedding_dim. {DOCS}"
        )
        with blaming(method, "loss", advice):
            parts: Any = method.loss(self.module, self.views, self.progress(number))
        return self._checked(parts)

    def _checked(self, parts: Any) -> Tensor:
        method, give = self.method, 'Return {"loss": scalar, ...}. ' + DOCS
        what = f".loss gave a {type(parts).__name__}, expected a dict of scalars with the key `loss`"
        require(isinstance(parts, Mapping), method, what, give)
        keys = ", ".join(map(str, parts)) or "nothing"
        require("loss" in parts, method, f".loss gave {keys}, and no key `loss`", give)
        for name, value in parts.items():
            shown = (
                f"the shape {tuple(value.shape)}" if isinstance(value, Tensor) else f"the type {type(value).__name__}"
            )
            what = f".loss gave {name!r} of {shown}, expected a tensor without dimensions"
            scalar = isinstance(value, Tensor) and value.ndim == 0
            require(scalar, method, what, "Reduce it to one number, as value.mean(). " + DOCS)
        loss: Tensor = parts["loss"]
        what = f".loss gave {float(loss.detach())} for the first batch, which is not finite"
        require(torch.isfinite(loss), method, what, "Look for a division by zero, log(0), or a root of 0. " + DOCS)
        what = ".loss is detached from the module: it requires no gradient"
        require(loss.requires_grad, method, what, "Do not detach it or compute it under no_grad. " + DOCS)
        return loss
