"""MAE: a transformer sees a quarter of the patches, and a small decoder restores the others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from bench.core.method import MethodConfig, Progress
from bench.core.settings import Choice, Range, SearchSpace
from methods.masked.config import MAEConfig
from methods.masked.method import MaskedMethod

if TYPE_CHECKING:
    from torch import Tensor, nn


class MAE(MaskedMethod):
    """He et al. 2022, with lightly's masked encoder and decoder."""

    name: ClassVar[str] = "mae"
    version: ClassVar[int] = 1
    title: ClassVar[str] = "MAE"
    citation: ClassVar[str] = "He et al., Masked Autoencoders Are Scalable Vision Learners, CVPR 2022, arXiv 2111.06377"
    config_class: ClassVar[type[MethodConfig]] = MAEConfig
    quick: ClassVar[Mapping[str, Any]] = {
        **{"lr": 1e-3, "lr_scaling": "none"},
        **{"decoder_depth": 2, "decoder_dim": 96, "decoder_heads": 3},
    }
    published_views: ClassVar[Mapping[str, Any]] = {"crop_min": 0.2}  # main_pretrain.py
    search_space: ClassVar[SearchSpace] = {
        "method.lr": Range(0.1, 10, log=True, relative=True),
        "method.mask_ratio": Range(0.4, 0.9),
        "method.norm_pixels": Choice((True, False)),
    }
    config: MAEConfig

    def build(self, backbone: nn.Module) -> nn.Module:
        """Encoder and decoder."""
        from torch import nn

        from methods.masked.restoration import PixelDecoder

        c = self.config
        decoder = PixelDecoder(backbone, c.decoder_dim, c.decoder_depth, c.decoder_heads)
        return nn.ModuleDict({"backbone": backbone, "decoder": decoder})

    def loss(self, module: Any, views: Any, progress: Progress) -> Mapping[str, Tensor]:
        """Mean squared error over the pixels of hidden patches alone (Section 3, Reconstruction target)."""
        from torch.nn.functional import mse_loss, pad

        from bench.models.tokens import encode_tokens, patch_side, token_grid
        from methods.masked.masks import random_patches
        from methods.masked.restoration import pixels_of

        c, backbone, side = self.config, module["backbone"], token_grid(module["backbone"], views.shape[-1])
        kept, hidden = (x.to(views.device) for x in random_patches(len(views), side, c.mask_ratio))
        kept = pad(kept + 1, (1, 0))  # the class token takes part
        restored = module["decoder"](encode_tokens(backbone, views, keep=kept), kept, hidden, side).float()
        return {"loss": mse_loss(restored, pixels_of(views, hidden, patch_side(backbone), c.norm_pixels))}
