"""iBOT: DINO, and a student that predicts the teacher's tokens of patches that were hidden from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from bench.core.method import MethodConfig, Progress
from methods.dino import DINO
from methods.masked.config import IBOTConfig

if TYPE_CHECKING:
    from torch import Tensor, nn


class IBOT(DINO):
    """Zhou et al. 2022, with lightly's losses, head and block masks. The teacher, which sees all, is evaluated."""

    name: ClassVar[str] = "ibot"
    version: ClassVar[int] = 1
    title: ClassVar[str] = "iBOT"
    citation: ClassVar[str] = "Zhou et al., iBOT: Image BERT Pre-Training with Online Tokenizer, ICLR 2022"
    config_class: ClassVar[type[MethodConfig]] = IBOTConfig
    transformer_only: ClassVar[bool] = True
    quick: ClassVar[Mapping[str, Any]] = {
        **{"lr": 1e-3, "lr_scaling": "none", "output_dim": 1024, "hidden_dim": 512, "momentum": 0.99},
        **{"teacher_temperature": 0.04, "teacher_warmup_epochs": 0, "local_views": 2, "local_ratio": 0.5},
    }
    published_views: ClassVar[Mapping[str, Any]] = {"crop_min": 0.25}  # README
    config: IBOTConfig

    def build(self, backbone: nn.Module) -> nn.Module:
        """DINO's student and teacher; a mask token, and the loss of patches with a centre of its own."""
        from methods.masked.tokens import HiddenPatches

        module: Any = super().build(backbone)
        module["hidden"] = HiddenPatches(backbone, self.config.output_dim)
        return module

    def loss(self, module: Any, views: Any, progress: Progress) -> Mapping[str, Tensor]:
        """Cross-entropy of class tokens over pairs of views, and of hidden patches of the same view (Eq. 3 and 2)."""
        import torch

        from methods.masked.masks import random_blocks

        c, hidden, images = self.config, module["hidden"], torch.cat(views[:2])
        side = hidden.side(module["backbone"], images.shape[-1])
        mask = random_blocks(len(images), side, c.masked_views, c.mask_low, c.mask_high).to(images.device)
        first, patches = hidden.encode(module["backbone"], images, mask)  # (2B, D), and (M, D) of hidden patches
        student = [*module["head"](first).chunk(2), *(module["head"](module["backbone"](v).pooled) for v in views[2:])]
        with torch.no_grad():
            seen, head = module["teacher"]["backbone"](images), module["teacher"]["head"]
            teacher, targets = list(head(seen.pooled).chunk(2)), head(seen.maps[-1].permute(0, 2, 3, 1)[mask])
        t = hidden.temperature(module["criterion"], progress.epoch)
        of_class = module["criterion"](teacher, student, teacher_temp=t)
        of_patches = hidden.loss(targets, module["head"](patches), mask, t)
        return {"loss": of_class + of_patches, "class_loss": of_class, "patch_loss": of_patches}
