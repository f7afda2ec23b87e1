"""Where and how training runs: device, precision and its limits, workers."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from bench.core.errors import TrainingError, UsageError
from bench.core.settings import Precision, check_device


@dataclass(frozen=True)
class Compute:
    """Where and how training runs; none of it may change a score beyond floating-point rounding."""

    device: str = "auto"
    workers: int | None = None
    """Processes that load images; None chooses, see `loading.pick_workers`."""
    compile: bool | None = None
    """Compile backbones; None does where it pays, see `compiled.pays`."""


def pick_device(name: str) -> torch.device:
    """Map `auto`, `cpu` or `cuda[:N]` to a device; `auto` takes a GPU when there is one.

    GPU N becomes the current one, on which kernels that torch does not launch run (the graph matching of Triton).

    Raises:
        UsageError: an unknown name, or a GPU that is not there.
    """
    found = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if name == "auto":
        return torch.device("cuda" if found else "cpu")
    check_device(name)
    device = torch.device(name)
    if device.type == "cpu":
        return device
    if (device.index or 0) >= found:
        there = f"GPUs here: {found} (cuda:0 to cuda:{found - 1})" if found else "No CUDA device is here"
        raise UsageError(f"The device {name!r} was asked for. {there}. Give --device auto or cpu, or check the driver.")
    if device.index is not None:
        torch.cuda.set_device(device)
    return device


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
    found: dict[str, object] = getattr(torch.cpu, "get_capabilities", dict)()  # not in torch before 2.11
    if found.get("architecture") != "x86_64" or found.get("avx512_bf16") or found.get("amx_bf16"):
        return None
    return (
        "precision=bf16-mixed: this processor has no bfloat16 instructions (AVX-512 BF16 or AMX), so that training "
        "takes several times as long as with precision=32-true (13 times, measured with AVX2). Scores are as valid."
    )
