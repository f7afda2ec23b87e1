"""Where mixed precision gives wrong numbers, or is slow, and what says so."""

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


def slowness(device: torch.device) -> str | None:
    """Why bfloat16 is slow on this device, and what to do; None where it is not, or where nothing is known."""
    if device.type != "cpu":
        return None
    import torch

    found: dict[str, object] = getattr(torch.cpu, "get_capabilities", dict)()  # not in torch before 2.11
    if found.get("architecture") != "x86_64" or found.get("avx512_bf16") or found.get("amx_bf16"):
        return None
    return (
        "precision=bf16-mixed: this processor has no bfloat16 instructions (AVX-512 BF16 or AMX), so that training "
        "takes several times as long as with precision=32-true (13 times, measured with AVX2). Scores are as valid."
    )
