"""A pretraining method: views, modules and a loss. This module imports no torch, so that listing plugins is instant."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from bench.core.settings import OptimizerName, SearchSpace, Settings, ViewSettings, WeightsRecord

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor, nn


LRScaling = Literal["none", "linear", "sqrt"]
REFERENCE_BATCH = 256
"""Images of the batch that `lr` is for (Goyal et al. 2017, arXiv 1706.02677; SimCLR, BYOL and DINO count so too)."""
LR_SCALING = "Peak rate at a batch of B: `linear` lr x B / 256, `sqrt` lr x sqrt(B / 256), `none` lr at any batch."


@dataclass(frozen=True)
class Progress:
    """Where pretraining stands, for schedules that follow it."""

    step: int
    """Optimiser steps done so far."""
    total_steps: int
    epoch: int
    """Epochs finished so far."""
    total_epochs: int
    items: Sequence[int] = ()
    """Numbers of the batch's images below `Method.corpus_size`, in its order; an image keeps its number."""

    @property
    def fraction(self) -> float:
        """Share of the steps done, in [0, 1]."""
        return self.step / max(self.total_steps, 1)


class MethodConfig(Settings):
    """Settings every pretraining method has; a method's own config inherits from it and sets published defaults."""

    optimizer: OptimizerName = Field("adam", description="Optimiser of the pretraining.")
    lr: float = Field(1e-3, gt=0, description="Peak learning rate at a batch of 256; `lr_scaling` says for others.")
    lr_scaling: LRScaling = Field("none", description=LR_SCALING)
    weight_decay: float = Field(0.0, ge=0, description="Weight decay; biases and norms are excluded.")
    schedule: Literal["cosine", "constant", "halve_four_times"] = Field("cosine", description="Learning-rate schedule.")
    warmup_fraction: float = Field(0.0, ge=0, lt=1, description="Share of all steps with linear warm-up.")
    gradient_clip: float | None = Field(None, gt=0, description="Maximum gradient norm; unset: no clipping.")

    def peak_lr(self, batch_size: int) -> float:
        """The learning rate after warm-up at a batch of `batch_size` images, by `lr_scaling`."""
        share = batch_size / REFERENCE_BATCH
        return self.lr * {"none": 1.0, "linear": share, "sqrt": math.sqrt(share)}[self.lr_scaling]


class Method(ABC):
    """A pretraining method: views, modules and a loss. It owns no loop, optimiser, device or evaluation.

    `build` returns a module that has the encoder under training as attribute `backbone`.
    """

    name: ClassVar[str]
    version: ClassVar[int]
    """Raised whenever the method trains another encoder than before under the same settings. A class that declares
    none has the hash of its source instead (`versions.plugin_versions`)."""
    title: ClassVar[str]
    citation: ClassVar[str]
    config_class: ClassVar[type[MethodConfig]] = MethodConfig
    quick: ClassVar[Mapping[str, Any]] = {}
    """Settings of the `quick` profile that differ from the published defaults."""
    published_views: ClassVar[Mapping[str, Any]] = {}
    """View settings of section `pretrain` under the `paper` profile that differ from `ViewSettings`."""
    ablations: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    """Name -> settings that take one part away or change one value, for `bench ablate`; no part of a run's identity.

    A name that begins with `null` is of settings under which the method is the same algorithm: the noise floor."""
    search_space: ClassVar[SearchSpace] = {}
    """What `bench tune` draws settings from, `{"method.lr": Range(0.1, 10, log=True, relative=True)}`; no part of a
    run's identity."""
    pretrains: ClassVar[bool] = True
    """False for floors such as `random`, whose checkpoint is the initialised backbone."""
    frozen_only: ClassVar[bool] = False
    """True for floors that give one embedding per image and have nothing to train, such as `pixels`."""
    transformer_only: ClassVar[bool] = False
    """True for methods that mask patch tokens and so need a vision transformer (`models.tokens`)."""
    restorative: ClassVar[bool] = False
    """True where the loss compares pixels that a decoder gives back, not embeddings: there is nothing to collapse."""
    backbones: ClassVar[tuple[str, ...] | None] = None
    """The backbones it exists for, or None for all."""

    def __init__(self, config: MethodConfig) -> None:
        self.config = config
        self.views = ViewSettings.model_validate({})
        """What `view_transform` follows; the loop sets it to the run's."""
        self.corpus_size = 0
        """Images of an epoch, for a method that remembers each; the loop sets it before `build`."""

    @property
    def batch_multiple(self) -> int:
        """The batch size must be a multiple of this (graph methods cut a batch into graphs)."""
        return 1

    def view_transform(self, image_size: int) -> Callable[[Image], Any]:
        """Transform one RGB image to this method's views: any nest of tensors that torch's default collate can stack.

        Crop, jitter, grey and blur follow `self.views`, so that methods are compared on equal views.
        Randomness must come from torch's, NumPy's or Python's global generator; the loop seeds all three per image.
        """
        raise TypeError(f"The method {self.name!r} has no views: it is never trained.")

    @abstractmethod
    def build(self, backbone: nn.Module) -> nn.Module:
        """Add heads and teachers around `backbone`; the result's `backbone` attribute is the student encoder."""

    @abstractmethod
    def loss(self, module: nn.Module, views: Any, progress: Progress) -> Mapping[str, Tensor]:
        """Return scalars: key `loss` is minimised, every other key is logged (detached)."""

    def before_epoch(  # noqa: B027
        self, module: nn.Module, progress: Progress, batches: Iterable[tuple[Sequence[int], Any]]
    ) -> None:
        """Prepare an epoch, where a method does (DeepCluster clusters), before its first step.

        Args:
            module: From `build`.
            progress: Of the epoch; its `items` are empty.
            batches: The epoch's numbers of images (`Progress.items`) and their views, as the steps will get them. They
                are loaded only for a method that asks, and can be read once.
        """

    def before_step(self, module: nn.Module, progress: Progress) -> None:  # noqa: B027
        """Change gradients between the backward pass and the optimiser step, where a method does (DINO does)."""

    def after_step(self, module: nn.Module, progress: Progress) -> None:  # noqa: B027
        """Update what is not trained by gradient (teachers), after each optimiser step."""

    def initialise(self, backbone: nn.Module) -> WeightsRecord | None:
        """Give an encoder that is not pretrained here its weights, and say what was loaded; None: it stays as built."""
        return None

    def substitute(self, backbone: nn.Module) -> nn.Module:
        """The encoder that stands in for a backbone that is not pretrained here; floors without a network have one."""
        return backbone

    def encoder(self, module: nn.Module) -> nn.Module:
        """The backbone that is exported and evaluated; the student unless the method says otherwise."""
        backbone: nn.Module = module.get_submodule("backbone")
        return backbone
