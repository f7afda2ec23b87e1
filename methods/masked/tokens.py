"""What iBOT adds to DINO: a mask token, tokens of hidden patches, and their loss."""

from __future__ import annotations

import torch
from lightly.loss import DINOLoss, IBOTPatchLoss
from torch import Tensor, nn
from torch.nn.functional import pad

from bench.models.tokens import encode_tokens, token_grid, transformer_of


class HiddenPatches(nn.Module):
    """The mask token of the student, and lightly's patch loss, whose centre is of hidden patches as in DINOv2."""

    def __init__(self, backbone: nn.Module, output_dim: int) -> None:
        super().__init__()
        self.token = nn.Parameter(torch.zeros(1, 1, transformer_of(backbone).embed_dim))
        self.criterion = IBOTPatchLoss(output_dim)

    def side(self, backbone: nn.Module, image_size: int) -> int:
        """Patches a side of images."""
        return token_grid(backbone, image_size, whole=False)

    def encode(self, backbone: nn.Module, images: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Class tokens (B, D) and tokens (M, D) of the hidden patches of images, which `mask` (B, h, w) names."""
        places = mask.flatten(1)
        tokens = encode_tokens(backbone, images, mask=pad(places, (1, 0)), mask_token=self.token)
        return tokens[:, 0], tokens[:, 1:][places]

    def temperature(self, criterion: DINOLoss, epoch: int) -> float:
        """The teacher's temperature in an epoch, by DINO's linear warm-up; equal for class and patch tokens."""
        warm: Tensor = criterion.teacher_temp_schedule
        return float(warm[epoch]) if epoch < len(warm) else criterion.teacher_temp

    def loss(self, teacher: Tensor, student: Tensor, mask: Tensor, temperature: float) -> Tensor:
        """Cross-entropy of prototypes (M, K), mean over a view's hidden patches, then over all views (B, h, w)."""
        if not len(teacher):  # no view of the batch has hidden patches, and their centre stays
            return student.sum()
        loss: Tensor = self.criterion(teacher, student, mask, teacher_temp=temperature)
        return loss
