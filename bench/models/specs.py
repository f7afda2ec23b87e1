"""The encoders by name, with declared channels and strides. Importing this table does not import torch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from bench.core.errors import PluginError, unknown
from bench.core.registry import Registry, Sort
from bench.core.source import source_version
from bench.models.libraries.names import LIBRARIES, library_of, library_version

if TYPE_CHECKING:
    from torch import nn

Family = Literal["resnet", "vit", "sam", "given", "library"]
RESNET_STRIDES = (4, 8, 16, 32)


@dataclass(frozen=True)
class VisionTransformerShape:
    """What makes one vision transformer: sizes, and how it differs from Dosovitskiy et al. 2021."""

    patch_size: int
    depth: int
    heads: int
    image_size: int = 224
    """Side in pixels that the position embedding is stored for; other sizes interpolate it."""
    layer_scale: bool = False
    """Learned scale of each residual branch (DINOv2)."""
    clip: bool = False
    """Norm before the blocks and CLIP's own pixel normalisation."""
    quick_gelu: bool = False
    """x * sigmoid(1.702 x) for GELU, as OpenAI's CLIP was trained; files with one or the other have the same names."""


@dataclass(frozen=True)
class BackboneSpec:
    """What is known about an encoder before it is built."""

    name: str
    summary: str
    channels: tuple[int, ...]
    """Channels of the feature maps, finest first."""
    strides: tuple[int, ...]
    imagenet_file: str = ""
    """File name of the ImageNet-1K weights in torch's cache; empty where torchvision has none."""
    family: Family = "resnet"
    transformer: VisionTransformerShape | None = None
    given: Callable[[], nn.Module] | None = field(default=None, compare=False)
    """Builds the module of an encoder that is not of this table: a plugin's, or a copy of one of this process."""
    embedding: int | None = None
    """Size of the embedding; None: the channels of the last map."""
    side: int | None = None
    """The one side in pixels of the images that it takes; None for any."""
    tokens: bool | None = None
    """Whether its patch tokens can be masked (`models.tokens`); None: only the built module shows it."""
    version: int | str = 0
    """Raised whenever the same weights give other features than before, or a seed other weights; 0: not declared."""

    @property
    def embedding_dim(self) -> int:
        """Size of the embedding of an image."""
        return self.channels[-1] if self.embedding is None else self.embedding


def _vit(
    name: str, summary: str, dim: int, shape: VisionTransformerShape, family: Family = "vit", imagenet_file: str = ""
) -> BackboneSpec:
    """A transformer's four maps, from four depths, all have the stride of its patches."""
    sizes, tokens = (4 * (dim,), 4 * (shape.patch_size,)), family == "vit"
    return BackboneSpec(name, summary, *sizes, imagenet_file, family, shape, tokens=tokens)


_B16 = VisionTransformerShape(16, 12, 12)
BACKBONES: dict[str, BackboneSpec] = {
    s.name: replace(s, version=1)
    for s in (
        BackboneSpec(
            "resnet18",
            "torchvision ResNet-18, 11 M",
            (64, 128, 256, 512),
            RESNET_STRIDES,
            "resnet18-f37072fd.pth",
            tokens=False,
        ),
        BackboneSpec(
            "resnet50",
            "torchvision ResNet-50, 24 M",
            (256, 512, 1024, 2048),
            RESNET_STRIDES,
            "resnet50-0676ba61.pth",
            tokens=False,
        ),
        _vit("vit_b_16", "ViT-B/16, 86 M", 768, _B16, imagenet_file="vit_b_16-c867db91.pth"),
        _vit(
            "vit_tiny_8",
            "small ViT for the quick profile: patches of 8, width 192, 6 blocks, 3 M",
            192,
            VisionTransformerShape(8, 6, 3, image_size=48),
        ),
        _vit(
            "vit_b_16_clip",
            "ViT-B/16 of CLIP with quick GELU (OpenAI, DFN, MetaCLIP), 86 M",
            768,
            VisionTransformerShape(16, 12, 12, clip=True, quick_gelu=True),
        ),
        _vit(
            "vit_b_16_openclip",
            "ViT-B/16 of CLIP with GELU (LAION and DataComp of open_clip), 86 M",
            768,
            VisionTransformerShape(16, 12, 12, clip=True),
        ),
        _vit(
            "vit_b_14_dinov2",
            "ViT-B/14 of DINOv2, 87 M",
            768,
            VisionTransformerShape(14, 12, 12, image_size=518, layer_scale=True),
        ),
        _vit(
            "vit_b_16_sam",
            "ViT-B/16 of SAM (windows, relative positions, no class token), 89 M",
            768,
            VisionTransformerShape(16, 12, 12, image_size=1024),
            family="sam",
        ),
    )
}


def add_backbone(spec: BackboneSpec) -> None:
    """Register an encoder of this process; one of the same name is replaced."""
    BACKBONES[spec.name] = spec


def find_backbone(name: str) -> BackboneSpec:
    """Look a backbone up, also `timm:NAME` and `torchvision:NAME`.

    Raises:
        UsageError: there is none of this name; with the closest match.
        PluginError: a plugin's that is wrong.
    """
    if library_of(name):
        return _of_library(name)
    if name in BACKBONES:
        return BACKBONES[name]
    if name not in own_backbones().plugins:
        listing = f"List them: bench list backbones; of libraries: {', '.join(f'{one}:NAME' for one in LIBRARIES)}."
        raise unknown("backbone", name, [*BACKBONES, *own_backbones().plugins], listing)
    spec: BackboneSpec = own_backbones().get(name)
    return spec if spec.version else replace(spec, version=source_version(spec.given))  # type: ignore[arg-type]


def is_backbone(name: str) -> bool:
    """Whether a name is that of a backbone; a library may turn out not to have the model."""
    return name in BACKBONES or name in own_backbones().plugins or bool(library_of(name))


@cache
def _of_library(name: str) -> BackboneSpec:
    from bench.models.libraries.build import layout_of

    layout, version = layout_of(name), library_version(library_of(name))
    return BackboneSpec(
        name,
        f"a model of {version.partition(',')[0]}, {layout.parameters / 1e6:.3g} M",
        layout.channels,
        layout.strides,
        family="library",
        embedding=layout.embedding_dim,
        side=layout.side,
        tokens=layout.tokens,
        version=version,
    )


@cache
def own_backbones() -> Registry:
    """The backbones of plugins: entry points of the group `bench.backbones`, and those of plugin files."""
    return Registry("backbone", Sort(BackboneSpec, False, _check_spec))


def _check_spec(spec: Any, origin: str) -> None:
    docs = "see docs/add_a_backbone.md"
    if not isinstance(spec, BackboneSpec):
        raise PluginError(f"{origin} is a {type(spec).__name__}, expected a bench.BackboneSpec; {docs}.")
    what = f"Backbone {spec.name!r} from {origin}"
    if spec.name in BACKBONES:
        raise PluginError(f"{what}: this name is taken by a backbone of medical-ssl-bench. Give it another name.")
    if not spec.given or not hasattr(spec.given, "__name__"):
        raise PluginError(f"{what}: given must be a function or an nn.Module class that builds the module; {docs}.")
    if not spec.channels or len(spec.channels) != len(spec.strides):
        raise PluginError(
            f"{what}: has {len(spec.channels)} channels and {len(spec.strides)} strides; expected one of each for "
            f"every feature map, finest first; {docs}."
        )
