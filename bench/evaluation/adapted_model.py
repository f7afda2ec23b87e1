"""The models of the supervised loop: an encoder with a head, or a head on embeddings."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_map_only

from bench.core.kind import Features


class EmbeddingHead(nn.Module):
    """A head on embeddings that were computed before: (B, D) -> output."""

    def __init__(self, head: nn.Module) -> None:
        super().__init__()
        self.head = head

    def forward(self, embedding: Tensor) -> Tensor:
        """Output of the head, which sees no feature maps."""
        output: Tensor = self.head(Features([], embedding))
        return output


class AdaptedModel(nn.Module):
    """Encoder and head; a frozen encoder stays in evaluation mode and gets no gradient.

    With `mixed`, the encoder, and the head if `mixed_head`, compute in bfloat16 where autocast does; what comes out is
    float32.
    """

    def __init__(
        self, backbone: nn.Module, head: nn.Module, *, frozen: bool, mixed: bool = False, mixed_head: bool = True
    ) -> None:
        super().__init__()
        self.backbone = backbone.requires_grad_(not frozen)
        self.head = head
        self.frozen, self.mixed, self.mixed_head = frozen, mixed, mixed_head

    def train(self, mode: bool = True) -> AdaptedModel:
        """Training mode for the head, and for the encoder unless it is frozen."""
        super().train(mode)
        if self.frozen:
            self.backbone.eval()
        return self

    def forward(self, images: Tensor, *target: Tensor) -> Tensor:
        """Images (B, 3, H, W) -> the head's output; a target is handed to the head."""
        if not self.mixed:
            output: Tensor = self.head(self.backbone(images), *target)
            return output
        with torch.autocast(images.device.type, torch.bfloat16):
            features = self.backbone(images)
            if self.mixed_head:
                return _single(self.head(features, *target))
        return _single(self.head(_single(features), *target))


def _single(x: Any) -> Any:
    """Every half-precision tensor in a nest of them as float32."""
    return tree_map_only(Tensor, lambda t: t.float() if t.dtype == torch.bfloat16 else t, x)
