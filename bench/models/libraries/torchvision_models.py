"""Classifiers of torchvision as backbones, cut by `torchvision.models.feature_extraction`."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Mapping
from functools import cache
from typing import Any

import torch
import torchvision
from torch import Tensor, nn
from torchvision.models.feature_extraction import DualGraphModule, create_feature_extractor

from bench.core.errors import UsageError, closest
from bench.models.libraries.backbone import Layout, LibraryBackbone
from bench.models.libraries.measuring import measure, without_weights

STRIDES = (2, 4, 8, 16, 32)
NATIVE = 224
PROBE = (64, 96)
"""Height and width of the images that modules are found with; different, so that the axes of a map are told apart."""


class TorchvisionBackbone(LibraryBackbone):
    """A classifier of torchvision up to its last map, whose mean is the embedding.

    The map of a stride is the output of the outermost module that gives one of it, the last of several.
    """

    def __init__(self, name: str, model: nn.Module, layout: Layout, nodes: Mapping[str, bool]) -> None:
        super().__init__(name, model, layout)
        self.nodes = nodes

    def levels(self, images: Tensor) -> tuple[list[Tensor], Tensor]:
        """See `LibraryBackbone.levels`."""
        return _levels(self.model, images, self.nodes)

    def __deepcopy__(self, memo: dict[int, Any]) -> TorchvisionBackbone:
        """A copy with both graphs of the model: that of training and that of evaluation, of which torch keeps one."""
        other = type(self).__new__(type(self))
        memo[id(self)] = other
        other.__dict__ = copy.deepcopy({**self.__dict__, "_modules": {}}, memo)
        root = nn.Module()
        root.__dict__ = copy.deepcopy(self.model.__dict__, memo)
        model = DualGraphModule(root, root.train_graph, root.eval_graph, type(self.model).__name__)
        other.add_module("model", model.train(self.model.training))
        return other


def _levels(extractor: nn.Module, images: Tensor, nodes: Mapping[str, bool]) -> tuple[list[Tensor], Tensor]:
    found = extractor(images)
    maps = [found[name].permute(0, 3, 1, 2) if last else found[name] for name, last in nodes.items()]
    return maps, maps[-1].mean(dim=(2, 3))


def build(name: str) -> TorchvisionBackbone:
    """Build `torchvision:NAME` with weights from torch's generator; nothing is downloaded.

    Raises:
        UsageError: as `layout_of`.
    """
    layout, nodes = _plan(name)
    return TorchvisionBackbone(name, _cut(_make(name), nodes), layout, nodes)


def layout_of(name: str) -> Layout:
    """What `torchvision:NAME` gives. Raises `UsageError`: unknown, with the closest names, or without feature maps."""
    return _plan(name)[0]


@cache
def _plan(name: str) -> tuple[Layout, Mapping[str, bool]]:
    """The layout of a model, and its nodes: name of a module -> whether its maps have their channels last."""
    _require(name)

    def measured() -> tuple[Layout, Mapping[str, bool]]:
        model = _make(name).eval()
        nodes = _nodes(model)
        extractor = _cut(model, nodes).eval() if nodes else model
        return measure(name, extractor, lambda images: _levels(extractor, images, nodes), STRIDES[-1], NATIVE), nodes

    return without_weights(measured)


def _require(name: str) -> None:
    known = torchvision.models.list_models(module=torchvision.models)
    wanted = name.partition(":")[2]
    if wanted not in known:
        raise UsageError(
            f"torchvision {torchvision.__version__} has no classifier {wanted!r}.{closest(wanted, known)} Known: "
            f"{', '.join(known)}."
        )
    if wanted.startswith("vit_"):
        raise UsageError(
            f"torchvision's {wanted} gives no feature maps and takes images of one size. Choose the same model of "
            "timm, as timm:vit_base_patch16_224 (any size), or the backbone vit_b_16."
        )


def _make(name: str) -> nn.Module:
    with warnings.catch_warnings():  # of the slow initial weights of two models
        warnings.filterwarnings("ignore", "The default weight initialization", FutureWarning)
        model: nn.Module = torchvision.models.get_model(name.partition(":")[2], weights=None)
    return model


def _cut(model: nn.Module, nodes: Mapping[str, bool]) -> nn.Module:
    return create_feature_extractor(model, {node: node for node in nodes}, suppress_diff_warning=True)


@torch.no_grad()
def _nodes(model: nn.Module) -> dict[str, bool]:
    """The module of each stride -> whether its maps have their channels last, finest first."""
    height, width = PROBE
    found: dict[int, tuple[str, bool]] = {}

    def note(name: str, output: Any) -> None:
        if not isinstance(output, Tensor) or output.ndim != len("BCHW"):
            return
        for stride in STRIDES:
            size = (height // stride, width // stride)
            last = output.shape[1:3] == size
            if last or output.shape[2:] == size:
                best = found.get(stride)
                if best is None or name.count(".") <= best[0].count("."):
                    found[stride] = (name, last)

    hooks = [
        part.register_forward_hook(lambda _m, _i, output, name=name: note(name, output))
        for name, part in model.named_modules()
        if name
    ]
    try:
        model(torch.zeros(2, 3, height, width))
    except Exception:  # a model that takes other images is measured, and refused, elsewhere
        found.clear()
    for hook in hooks:
        hook.remove()
    return dict(found[stride] for stride in STRIDES if stride in found)
