"""SimMIM: mask tokens stand for hidden patches, and one linear layer restores their pixels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from bench.core.method import MethodConfig, Progress
from bench.core.settings import Choice, Range, SearchSpace
from methods.masked.config import SimMIMConfig
from methods.masked.method import MaskedMethod

if TYPE_CHECKING:
    from torch import Tensor, nn


class SimMIM(MaskedMethod):
    """Xie et al. 2022, with lightly's masked encoder."""

    name: ClassVar[str] = "simmim"
    version: ClassVar[int] = 1
    title: ClassVar[str] = "SimMIM"
    citation: ClassVar[str] = "Xie et al., SimMIM: A Simple Framework for Masked Image Modeling, CVPR 2022"
    config_class: ClassVar[type[MethodConfig]] = SimMIMConfig
    quick: ClassVar[Mapping[str, Any]] = {"lr": 1e-3, "lr_scaling": "none", "mask_side": 16}
    published_views: ClassVar[Mapping[str, Any]] = {"crop_min": 0.67}  # data_simmim.py
    search_space: ClassVar[SearchSpace] = {
        "method.lr": Range(0.1, 10, log=True, relative=True),
        "method.mask_ratio": Range(0.3, 0.9),
        "method.weight_decay": Choice((0.0, 0.01, 0.05)),
    }
    config: SimMIMConfig

    def build(self, backbone: nn.Module) -> nn.Module:
        """Encoder, mask token, and a linear layer from a token to its pixels."""
        import torch
        from torch import nn

        from bench.models.tokens import patch_side, transformer_of

        width, side = transformer_of(backbone).embed_dim, patch_side(backbone)
        token = nn.Parameter(nn.init.trunc_normal_(torch.zeros(1, 1, width), std=0.02))
        masks = nn.ParameterDict({"token": token})
        return nn.ModuleDict({"backbone": backbone, "masks": masks, "predict": nn.Linear(width, 3 * side * side)})

    def loss(self, module: Any, views: Any, progress: Progress) -> Mapping[str, Tensor]:
        """Mean absolute error over the pixels of hidden patches alone (Section 3.4)."""
        from torch.nn.functional import l1_loss, pad

        from bench.models.tokens import encode_tokens, patch_side, token_grid
        from methods.masked.masks import random_cells
        from methods.masked.restoration import pixels_of

        backbone, patch = module["backbone"], patch_side(module["backbone"])
        side, cell = token_grid(backbone, views.shape[-1]), self.config.mask_side // patch
        mask = random_cells(len(views), side, cell, self.config.mask_ratio).to(views.device)
        tokens = encode_tokens(backbone, views, mask=pad(mask, (1, 0)), mask_token=module["masks"]["token"])
        hidden = mask.nonzero()[:, 1].unflatten(0, (len(views), -1))  # (B, M), as many in every image
        return {
            "loss": l1_loss(
                module["predict"](tokens[:, 1:][mask]).float(), pixels_of(views, hidden, patch).flatten(0, 1)
            )
        }
