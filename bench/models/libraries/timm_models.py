"""Models of timm (Wightman 2019) as backbones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import timm
from torch import Tensor, nn

from bench.core.errors import UsageError, closest
from bench.models.libraries.backbone import Layout, LibraryBackbone
from bench.models.libraries.measuring import measure, without_weights
from bench.models.tokens import has_tokens

ANY_SIZE: Sequence[Mapping[str, bool]] = (
    {"dynamic_img_size": True, "dynamic_img_pad": True},
    {"dynamic_img_size": True},
    {"strict_img_size": False},
    {},
)
"""Arguments by which models of timm take images of any size; the first that a model knows are its own."""
LEVELS = 4


class TimmBackbone(LibraryBackbone):
    """A model of timm; the embedding is what timm's own head would classify (`forward_head(..., pre_logits=True)`)."""

    def __init__(self, name: str, model: nn.Module, layout: Layout, taps: Sequence[int], normalisation: Any) -> None:
        super().__init__(name, model, layout, normalisation)
        self.taps = list(taps)

    def levels(self, images: Tensor) -> tuple[list[Tensor], Tensor]:
        """See `LibraryBackbone.levels`; the last map of a transformer went through its final norm."""
        return levels_of(self.model, images, self.taps)


def levels_of(model: Any, images: Tensor, taps: list[int]) -> tuple[list[Tensor], Tensor]:
    """Maps of a model at some of its levels, and its embedding."""
    last, maps = model.forward_intermediates(images, indices=taps)
    pooled: Tensor = model.forward_head(last, pre_logits=True)
    if last.ndim == 3 and hasattr(model, "num_prefix_tokens"):
        patches = last[:, model.num_prefix_tokens :].mT.unflatten(2, maps[-1].shape[-2:])
        maps = [*maps[:-1], patches]
    return list(maps), pooled


def build(name: str) -> TimmBackbone:
    """Build `timm:NAME` or `timm:NAME.TAG` with weights from torch's generator; nothing is downloaded.

    Raises:
        UsageError: as `facts`.
    """
    layout, taps, options = _plan(name)
    architecture, tag = _parts(name)
    model = timm.create_model(architecture, pretrained=False, num_classes=0, **options)
    return TimmBackbone(name, model, layout, taps, _normalisation(architecture, tag))


def layout_of(name: str) -> Layout:
    """What `timm:NAME` gives. Raises `UsageError`: unknown, with the closest names, or without feature maps."""
    return _plan(name)[0]


@cache
def _plan(name: str) -> tuple[Layout, tuple[int, ...], Mapping[str, bool]]:
    """The layout of a model, the levels that its maps are of, and the arguments it is made with."""
    architecture, _ = _parts(name)

    def measured() -> tuple[Layout, tuple[int, ...], Mapping[str, bool]]:
        model, options = _make(architecture)
        taps = _taps(name, model)
        native = max(model.default_cfg["input_size"][1:])
        stride = max(one["reduction"] for one in model.feature_info)
        layout = measure(name, model, lambda images: levels_of(model, images, list(taps)), stride, native)
        return replace(layout, tokens=has_tokens(model)), taps, options

    return without_weights(measured)


def _make(architecture: str) -> tuple[Any, Mapping[str, bool]]:
    for options in ANY_SIZE:
        try:
            return timm.create_model(architecture, pretrained=False, num_classes=0, **options).eval(), options
        except TypeError:
            if not options:
                raise
    raise AssertionError(architecture)


def _taps(name: str, model: Any) -> tuple[int, ...]:
    """Levels of the maps: the last at each stride, or the ends of four quarters where all have one stride."""
    if not hasattr(model, "forward_intermediates") or not hasattr(model, "feature_info"):
        raise UsageError(f"timm gives no feature maps of {name} (features_only). Choose another of its models.")
    strides = [one["reduction"] for one in model.feature_info]
    if len(set(strides)) == 1:
        depth = len(strides)
        return tuple(sorted({max(round(depth * quarter / LEVELS) - 1, 0) for quarter in range(1, LEVELS + 1)}))
    wanted = [stride for stride in sorted(set(strides)) if 2 <= stride <= 32]
    return tuple(max(i for i, stride in enumerate(strides) if stride == one) for one in wanted)


def _parts(name: str) -> tuple[str, str]:
    """Model and tag of pretrained weights, which may be empty. Raises `UsageError` for unknown ones."""
    architecture, _, tag = name.partition(":")[2].partition(".")
    known = timm.list_models()
    if architecture not in known:
        raise UsageError(
            f"timm {timm.__version__} has no model {architecture!r}.{closest(architecture, known)} It has "
            f"{len(known)}: python -c \"import timm; print(timm.list_models('*vit*'))\"."
        )
    tags = [full.partition(".")[2] for full in timm.list_pretrained(f"{architecture}.*")]
    if tag and tag not in tags:
        raise UsageError(
            f"timm {timm.__version__} has no weights {tag!r} of {architecture}.{closest(tag, tags)} Known: "
            f"{', '.join(tags) or 'none'}; or leave .{tag} out."
        )
    return architecture, tag


def _normalisation(architecture: str, tag: str) -> tuple[Any, Any] | None:
    """Mean and deviation of the pixels that the weights of a tag were trained with; None without a tag: ImageNet's."""
    if not tag:
        return None
    found = timm.get_pretrained_cfg(f"{architecture}.{tag}")
    return found.mean, found.std
