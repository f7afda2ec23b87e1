"""Is a backbone sound: what it declares, the shapes it gives, gradients, and the same weights from the same seed."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from bench.core.errors import PluginError
from bench.core.kind import Features
from bench.engine.seeding import seeded
from bench.models.build import build_backbone
from bench.models.specs import BACKBONES, BackboneSpec, find_backbone, own_backbones
from bench.runs.checking.blame import Checked, blaming, require

_DOCS = "See docs/add_a_backbone.md."
_SIZES = (64, 96)


def check_backbone(backbone: str | BackboneSpec) -> Checked:
    """All checks of a backbone, by its name or as it is declared.

    Raises:
        PluginError: the first mistake, with the backbone and the fix.
    """
    name = backbone if isinstance(backbone, str) else _register(backbone)
    spec = find_backbone(name)
    who = _Named(name)
    with seeded(0), blaming(who, "given()", f"It builds the module, without arguments. {_DOCS}"):
        module = build_backbone(name)
    require(isinstance(module, nn.Module), who, f".given gave a {type(module).__name__}, no torch.nn.Module", _DOCS)
    for attribute in ("channels", "strides"):
        found = tuple(getattr(module, attribute, ()))
        what = f": {attribute} of the module are {found}, of the spec {tuple(getattr(spec, attribute))}"
        require(found == tuple(getattr(spec, attribute)), who, what, f"Declare them once, in the spec. {_DOCS}")
    side = 2 * max(spec.transformer.patch_size, 32) if spec.transformer else None
    for size in (side,) if side else _SIZES:
        _require_features(who, module, spec, size)
    _require_gradient(who, module, side or _SIZES[0])
    _require_repeatable(who, name, module)
    passed = (
        "channels and strides are those of the module",
        "maps and embeddings have the declared shapes, in training and in evaluation",
        "gradients reach its weights; a seed gives the same weights; they can be stored and loaded",
    )
    return Checked("backbone", name, passed)


class _Named:
    """Stands for a backbone in messages."""

    def __new__(cls, name: str) -> Any:
        return type(f"Backbone {name!r}", (), {})


def _register(spec: BackboneSpec) -> str:
    return spec.name if BACKBONES.get(getattr(spec, "name", "")) is spec else own_backbones().add_own(spec)


def _require_features(who: Any, module: nn.Module, spec: BackboneSpec, size: int) -> None:
    images = torch.linspace(-2, 2, 2 * 3 * size * size).view(2, 3, size, size)
    for training in (True, False):
        module.train(training)
        with seeded(0), torch.no_grad(), blaming(who, f"forward of images {tuple(images.shape)}", _DOCS):
            found = module(images)
        what = f".forward gave a {type(found).__name__}, expected bench.Features(maps, pooled)"
        require(isinstance(found, Features), who, what, _DOCS)
        _require_shape(who, ".pooled", found.pooled, (2, module.embedding_dim))
        number = f".maps are {len(found.maps)}, and channels {len(spec.channels)}"
        require(len(found.maps) == len(spec.channels) or not spec.strides, who, number, _DOCS)
        for i, (one, channels, stride) in enumerate(zip(found.maps, spec.channels, spec.strides, strict=False)):
            _require_shape(who, f".maps[{i}]", one, (2, channels, -(-size // stride), -(-size // stride)))


def _require_shape(who: Any, what: str, found: Any, shape: tuple[Any, ...]) -> None:
    shown = tuple(found.shape) if isinstance(found, Tensor) else f"a {type(found).__name__}"
    require(shown == shape, who, f".forward: {what} has the shape {shown}, expected {shape}", _DOCS)
    require(torch.isfinite(found).all(), who, f".forward: {what} has values that are not finite", _DOCS)


def _require_gradient(who: Any, module: nn.Module, size: int) -> None:
    module.train()
    with blaming(who, "forward: its backward pass", _DOCS):
        module(
            torch.rand(2, 3, size, size, generator=torch.Generator().manual_seed(0))
        ).pooled.square().sum().backward()
    trained = [p for p in module.parameters() if p.requires_grad]
    reached = [p for p in trained if p.grad is not None]
    advice = f"Do not detach it or compute it under no_grad; leave requires_grad. {_DOCS}"
    require(reached, who, ": no gradient of the embedding reaches a parameter", advice)
    module.zero_grad(set_to_none=True)


def _require_repeatable(who: Any, name: str, module: nn.Module) -> None:
    with seeded(0):
        again = build_backbone(name)
    require(again is not module, who, ".given gives the same module each time", f"Build a new one in it. {_DOCS}")
    own, other = module.state_dict(), again.state_dict()
    same = own.keys() == other.keys() and all(
        torch.equal(own[n], other[n]) for n in own if n in dict(module.named_parameters())
    )
    advice = f"Draw initial weights from torch's global generator alone. {_DOCS}"
    require(same, who, ": two modules built from one seed have different weights", advice)
    try:
        again.load_state_dict(own, strict=True)
    except RuntimeError as error:
        raise PluginError(f"Backbone {name!r}: its weights cannot be loaded again: {error}") from error
