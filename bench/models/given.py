"""Encoders that exist in this process already: any module that maps images to embeddings, as a contestant."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Mapping
from importlib.metadata import packages_distributions, version
from typing import Any, ClassVar, Literal

import torch
from pydantic import create_model
from torch import Tensor, nn

from bench.core.digest import digest
from bench.core.errors import UsageError
from bench.core.kind import Features
from bench.core.method import Method, MethodConfig, Progress
from bench.core.registry import methods
from bench.core.settings import WeightsRecord
from bench.core.versions import PARTS, declared_version
from bench.models.checkpoints import fingerprint_weights
from bench.models.specs import BackboneSpec, add_backbone, is_backbone

UNKNOWN_CORPUS = (
    "The encoder was given as a module; what it was pretrained on is unknown, so an overlap with the test images "
    "cannot be checked."
)


class PooledModule(nn.Module):
    """A module that maps images (B, 3, H, W) to embeddings (B, D), as a backbone without feature maps."""

    channels: tuple[int, ...] = ()
    strides: tuple[int, ...] = ()
    stem_channels = 0

    def __init__(self, module: nn.Module, image_size: int) -> None:
        super().__init__()
        self.module = module
        self.embedding_dim = _embedding_dim(module, image_size)

    def forward(self, images: Tensor) -> Features:
        """Images (B, 3, H, W), ImageNet-normalised -> no maps, pooled (B, D)."""
        return Features([], self.module(images))


class GivenEncoder(Method):
    """Base of the contestants that `add_encoder` makes: an encoder as it is, without pretraining."""

    pretrains: ClassVar[bool] = False
    encoder_record: ClassVar[WeightsRecord]
    weights: ClassVar[Mapping[str, Tensor]]

    def build(self, backbone: nn.Module) -> nn.Module:
        """Hold the backbone, nothing else."""
        return nn.ModuleDict({"backbone": backbone})

    def loss(self, module: nn.Module, views: Any, progress: Progress) -> Mapping[str, Tensor]:
        """Never called: there is nothing to learn."""
        raise TypeError(f"The encoder {self.name!r} has no loss; it is never trained further.")

    def initialise(self, backbone: nn.Module) -> WeightsRecord:
        """Give the backbone the module's weights."""
        backbone.load_state_dict(self.weights, strict=True)
        return self.encoder_record


def add_encoder(module: nn.Module, name: str | None, image_size: int) -> tuple[str, str]:
    """Register a module as a method and, unless it is an encoder of this project, as a backbone; returns both names.

    The method is named `name`, or by the module's class. An encoder of this project keeps its architecture and its
    feature maps; any other module is used by its embedding alone, for images of `image_size` pixels. The module itself
    is never changed: each run has a copy.

    Raises:
        UsageError: the module does not map (B, 3, H, W) to (B, D), or the name is a method's that came from elsewhere.
    """
    backbone = own_architecture(module)
    if backbone:
        encoder: nn.Module = copy.deepcopy(module).cpu()
    else:
        encoder = PooledModule(copy.deepcopy(module).cpu(), image_size).requires_grad_(True)
        backbone = _add_backbone(encoder, module)
    name = name or type(module).__name__.lower()
    _add_method(name, backbone, encoder)
    return name, backbone


def own_architecture(module: nn.Module) -> str:
    """Name of the backbone that an encoder of this project is; empty for any other module."""
    name = getattr(module, "architecture", "")
    return name if isinstance(name, str) and is_backbone(name) else ""


def _add_backbone(encoder: PooledModule, module: nn.Module) -> str:
    structure = _structure(module)
    name = f"{type(module).__name__.lower()}-{digest([structure, sorted(_shapes(module))])[:8]}"
    add_backbone(
        BackboneSpec(
            name,
            f"the module {type(module).__name__} of this process",
            (encoder.embedding_dim,),
            encoder.strides,
            family="given",
            version=f"module:{structure[:16]}",
            given=lambda: copy.deepcopy(encoder),
        )
    )
    return name


def _add_method(name: str, backbone: str, encoder: nn.Module) -> None:
    weights = fingerprint_weights(encoder)
    record = WeightsRecord(
        file="(a module of the process)",
        sha256=weights,
        encoder_sha256=weights,
        format="module",
        layout=backbone,
        rules=[],
        matched=len(encoder.state_dict()),
        dropped={},
        other_parts={},
        missing=[],
        corpus=UNKNOWN_CORPUS,
    )
    fields: dict[str, Any] = {"sha256": (Literal[weights], weights)}
    attributes: dict[str, Any] = {
        "__module__": __name__,
        "__doc__": f"The module {name}.",
        "name": name,
        "version": PARTS["weights"],
        "title": f"A module of the process ({backbone})",
        "citation": UNKNOWN_CORPUS,
        "config_class": create_model("EncoderConfig", __base__=MethodConfig, **fields),
        "backbones": (backbone,),
        "encoder_record": record,
        "weights": encoder.state_dict(),
    }
    methods().add_own(type("GivenEncoder", (GivenEncoder,), attributes))


def _embedding_dim(module: nn.Module, image_size: int) -> int:
    """D of a module's embeddings (B, D). Raises `UsageError` for anything else."""
    images = torch.zeros(2, 3, image_size, image_size, device=next((p.device for p in module.parameters()), None))
    training = module.training
    try:
        with torch.inference_mode():
            output = module.eval()(images)
    except Exception as error:  # whatever a foreign module raises
        raise UsageError(
            f"{type(module).__name__} does not take images of shape (2, 3, {image_size}, {image_size}): {error}. "
            "Give a module that does, or another task.image_size."
        ) from error
    finally:
        module.train(training)
    if not isinstance(output, Tensor) or output.ndim != 2 or len(output) != 2:
        found = tuple(output.shape) if isinstance(output, Tensor) else type(output).__name__
        raise UsageError(
            f"{type(module).__name__} maps images (2, 3, {image_size}, {image_size}) to {found}; expected embeddings "
            "(2, D). Pool and flatten its output, for instance with torch.nn.Sequential(module, pool, "
            "torch.nn.Flatten())."
        )
    return int(output.shape[1])


def _shapes(module: nn.Module) -> list[str]:
    return [f"{name}{tuple(tensor.shape)}" for name, tensor in module.state_dict().items()]


def _structure(module: nn.Module) -> str:
    """Hash of what a module computes besides its weights: its parts as printed, and the source of their classes."""
    classes = {type(part) for part in module.modules()}
    return hashlib.sha256(repr([str(module), sorted(map(_version_of, classes))]).encode()).hexdigest()


def _version_of(cls: type) -> str:
    """`package==version` of a class of an installed library, else the version it declares or the hash of its source."""
    names = packages_distributions().get(cls.__module__.partition(".")[0])
    if cls.__module__.partition(".")[0] == "bench":
        return f"bench {cls.__name__}"
    return f"{names[0]}=={version(names[0])} {cls.__name__}" if names else f"{declared_version(cls)} {cls.__name__}"
