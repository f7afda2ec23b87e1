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

        width = transformer_of(backbone).embed_dim
        mask = nn.ParameterDict({"token": nn.init.trunc_normal_(nn.Parameter(torch.zeros(1, 1, width)), std=0.02)})
        predict = nn.Linear(width, 3 * patch_side(backbone) ** 2)
        return nn.ModuleDict({"backbone": backbone, "mask": mask, "predict": predict})

    def loss(self, module: Any, views: Any, progress: Progress) -> Mapping[str, Tensor]:
        """Mean absolute error over the pixels of hidden patches alone (Section 3.4)."""
        from lightly.models.utils import patchify
        from torch.nn.functional import l1_loss, pad

        from bench.models.tokens import encode_tokens, patch_side, token_grid
        from methods.masked.masks import random_cells

        backbone, patch, size = module["backbone"], patch_side(module["backbone"]), views.shape[-1]
        cell, ratio = self.config.mask_side // patch, self.config.mask_ratio
        mask = random_cells(len(views), token_grid(backbone, size), cell, ratio).to(views.device)  # (B, N)
        tokens = encode_tokens(backbone, views, mask=pad(mask, (1, 0)), mask_token=module["mask"]["token"])
        restored = module["predict"](tokens[:, 1:][mask]).float()
        return {"loss": l1_loss(restored, patchify(views, patch)[mask])}
