"""Optimisers and learning-rate schedules by name."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from lightly.models.utils import get_weight_decay_parameters
from lightly.utils.lars import LARS
from torch import nn
from torch.optim import SGD, Adam, AdamW, Optimizer
from torch.optim.lr_scheduler import LambdaLR

from bench.core.method import REFERENCE_BATCH, MethodConfig

OPTIMIZERS: Mapping[str, Callable[..., Optimizer]] = {
    "adam": lambda params, lr: Adam(params, lr=lr, fused=True),
    "adamw": lambda params, lr: AdamW(params, lr=lr, fused=True),
    "lars": lambda params, lr: LARS(params, lr=lr, momentum=0.9),
    "sgd": lambda params, lr: SGD(params, lr=lr, momentum=0.9),
}


def build_optimizer(module: nn.Module, config: MethodConfig, batch_size: int = REFERENCE_BATCH) -> Optimizer:
    """Optimiser over the trainable parameters; biases and normalisation layers are not decayed.

    Its learning rate is the peak for batches of `batch_size` images, `MethodConfig.peak_lr`.
    """
    decayed, plain = get_weight_decay_parameters([module])
    groups = [
        {"params": [p for p in decayed if p.requires_grad], "weight_decay": config.weight_decay},
        {"params": [p for p in plain if p.requires_grad], "weight_decay": 0.0},
    ]
    return OPTIMIZERS[config.optimizer]([g for g in groups if g["params"]], lr=config.peak_lr(batch_size))


def lr_factor(config: MethodConfig, step: int, total_steps: int) -> float:
    """Learning rate at `step`, relative to its peak: linear warm-up, then the named schedule down to the last step."""
    warmup = math.ceil(config.warmup_fraction * total_steps)
    if step < warmup:
        return (step + 1) / warmup
    fraction = (step - warmup) / max(total_steps - warmup, 1)
    if config.schedule == "cosine":
        return 0.5 * (1 + math.cos(math.pi * min(fraction, 1.0)))
    if config.schedule == "halve_four_times":
        return float(0.5 ** min(int(fraction * 5), 4))
    return 1.0


def build_schedule(optimizer: Optimizer, config: MethodConfig, total_steps: int) -> LambdaLR:
    """Schedule to be stepped after every optimiser step."""
    return LambdaLR(optimizer, lambda step: lr_factor(config, step, total_steps))
