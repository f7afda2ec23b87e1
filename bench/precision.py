"""Where mixed precision gives wrong numbers, and the error that says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from bench.errors import TrainingError

if TYPE_CHECKING:
    import torch

Precision = Literal["32-true", "bf16-mixed"]
SMALLEST_SIDE = 17
"""Below, the last stage of a ResNet gets maps of one pixel."""


def require_sides(precision: Precision, device: torch.device, side: int) -> None:
    """Refuse bfloat16 on a CPU for images of fewer than `SMALLEST_SIDE` pixels.

    There the weights' gradient of a convolution with stride 2 over one pixel holds memory that was never written
    (oneDNN, torch 2.15), so that training diverges at random.

    Raises:
        TrainingError: with what to change.
    """
    if precision == "bf16-mixed" and device.type == "cpu" and side < SMALLEST_SIDE:
        raise TrainingError(
            f"precision=bf16-mixed on a CPU needs images and views of at least {SMALLEST_SIDE} pixels, found {side}: "
            "torch computes wrong gradients for smaller ones. Take a larger image_size, or precision=32-true."
        )
