"""torch.compile for backbones: when it pays, and whether this machine can; scores change by rounding only."""

from __future__ import annotations

import logging
import os
import shutil

import torch
from torch import nn

PAYS_FROM_PIXELS = {"cpu": 1e8, "cuda": 5e10}
"""Pixels of a pretraining (steps x batch x side squared) from which compiling pays for itself.

CPU: ResNet-18 saves about a microsecond a pixel on two cores, and compiling takes half a minute to a minute there.
CUDA: an estimate, not measured. The rule looks at settings, never at a clock, so that a resumed run decides alike.
"""


def pays(device: torch.device, pixels: float) -> bool:
    """Whether a pretraining over so many pixels is long enough to compile for."""
    return pixels >= PAYS_FROM_PIXELS.get(device.type, float("inf"))


def compiler_problem(device: torch.device) -> str | None:
    """Why nothing can be compiled for `device` here, or None. Compiles one addition to find out (seconds)."""
    be_quiet()
    named = os.environ.get("CXX", "").split()
    if device.type == "cpu" and not any(map(shutil.which, [*named[:1], "g++", "clang++", "c++"])):
        return "there is no C++ compiler (install g++ or clang++, or name one in CXX)"
    try:
        torch.compile(_add_one)(torch.zeros(8, device=device))
    except Exception as error:  # toolchains fail in many ways
        return f"compiling a test function failed ({str(error).strip().splitlines()[0]})"
    return None


def compile_backbones(module: nn.Module, kind: type[nn.Module]) -> int:
    """Compile every submodule of type `kind` in place: names of parameters and buffers stay. Returns how many."""
    be_quiet()
    found = [part for part in module.modules() if type(part) is kind]
    for part in found:
        part.compile(dynamic=False)
    return len(found)


def be_quiet() -> None:
    """Keep the compiler's remarks off the terminal; errors still show."""
    torch._logging.set_logs(dynamo=logging.ERROR, inductor=logging.ERROR, aot=logging.ERROR)
    for name in ("torch.utils.cpp_extension", "torch._inductor", "torch._dynamo"):
        logging.getLogger(name).setLevel(logging.ERROR)


def _add_one(x: torch.Tensor) -> torch.Tensor:
    return x + 1
