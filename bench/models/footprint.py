"""What a model costs whoever uses it: parameters, floating-point operations, throughput, memory, seconds."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode


def count_parameters(model: nn.Module) -> int:
    """Number of parameters, trained or not; buffers do not count."""
    return sum(p.numel() for p in model.parameters())


@torch.no_grad()
def forward_flops(model: nn.Module, image: Tensor) -> int:
    """Floating-point operations of one image (3, H, W) through a model, a multiplication and an addition counted each.

    Counts what torch's counter knows: convolutions, matrix products and attention. Normalisation, activations and
    pooling are not counted. The model is in evaluation mode meanwhile, and as it was after it.
    """
    training = model.training
    model.eval()
    place = next((t.device for t in (*model.parameters(), *model.buffers())), image.device)
    try:
        with FlopCounterMode(display=False) as counter:
            model(image[None].to(place))
    finally:
        model.train(training)
    return int(counter.get_total_flops())


def model_facts(model: nn.Module, image: object, trained_parameters: int) -> dict[str, float]:
    """Parameters, those that adaptation trains, and 10^9 operations per image where an image is a tensor (3, H, W)."""
    facts: dict[str, float] = {"parameters": count_parameters(model), "trained_parameters": trained_parameters}
    if isinstance(image, Tensor):
        facts["gflops_per_image"] = round(forward_flops(model, image) / 1e9, 6)
    return facts


def run_facts(cost: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """Throughput, memory and seconds of a run, from its stages `pretrain`, `embed` and `adapt`.

    Images per second are those of the encoder at work: while it embeds (frozen) or while it is adapted.
    `adapt_seconds` are those of embedding and adapting together; `peak_memory_mib` is the larger of the two.
    """
    stages = [cost[name] for name in ("embed", "adapt") if name in cost]
    facts = {
        "images_per_second": stages[0]["images_per_second"],
        "peak_memory_mib": max(stage["peak_memory_mib"] for stage in stages),
        "adapt_seconds": round(sum(stage["seconds"] for stage in stages), 3),
    }
    return facts | ({"pretrain_seconds": cost["pretrain"]["seconds"]} if "pretrain" in cost else {})
