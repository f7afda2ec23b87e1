"""Dice plus cross-entropy, where pixels may be left out."""

from __future__ import annotations

from functools import cache
from typing import Any

import torch
from torch import Tensor

IGNORE = 255
"""Target value of pixels that are neither trained on nor scored."""
_CERTAIN = 30.0
"""Logit of a pixel that is left out: its probability is 1 or 0 in float32 to nine digits, and has no gradient."""


@cache
def _dice_ce(sigmoid: bool) -> Any:
    from monai.losses import DiceCELoss

    if sigmoid:
        return DiceCELoss(sigmoid=True)
    return DiceCELoss(softmax=True, to_onehot_y=True, include_background=False)


def dice_cross_entropy(logits: Tensor, target: Tensor, *, sigmoid: bool) -> Tensor:
    """Soft Dice loss per image and structure plus cross-entropy per pixel, means of both, with equal weights.

    With `sigmoid`, logits and target are (B, C, H, W), one channel per structure, target in {0, 1, IGNORE}: binary
    cross-entropy. Otherwise logits are (B, 1 + C, H, W) and target is (B, 1, H, W) in {0 .. C, IGNORE}, where 0 is
    background, which counts in the cross-entropy and not in the Dice loss. Pixels with IGNORE add nothing.
    """
    ignored = target == IGNORE
    truth = target.masked_fill(ignored, 0)
    if sigmoid:
        logits = logits.masked_fill(ignored, -_CERTAIN)
        shape = (-1, 1, *logits.shape[2:])
        loss: Tensor = _dice_ce(True)(logits.reshape(shape), truth.reshape(shape))
        return loss
    background = logits.new_full((1, logits.shape[1], 1, 1), -_CERTAIN)
    background[:, 0] = _CERTAIN
    loss = _dice_ce(False)(torch.where(ignored, background, logits), truth)
    return loss
