"""Memory of a training step of the segmentation tasks with the paper's settings: ResNet-50, U-Net, size and batch.

On a GPU the paper's batch runs, and the peak of allocated memory is printed. On a CPU a step of 2 and of 4 images runs
for each image size, each in a process of its own, and the paper's batch is extrapolated in a straight line. Images and
masks are memory-mapped, so a data set of any size adds one batch of them. Run: python perf/segmentation_memory.py
"""

from __future__ import annotations

import multiprocessing
from functools import cache

import torch
from matching_memory import peak_growth

from bench.core.registry import kinds, tasks
from bench.core.task import Task
from bench.evaluation.adapted_model import AdaptedModel
from bench.models.build import build_backbone
from bench.runs.config import resolve_config

PROBES = (2, 4)


def step_mib(name: str, batch: int, device: str) -> float:
    """Peak memory (MiB) of model, optimiser and one training step on noise, in this process."""
    task = tasks().get(name)
    config = resolve_config("random", task, "finetune", "paper", "resnet50", {})
    kind_class = kinds().get(task.kind)
    kind = kind_class(task, kind_class.settings_class.model_validate(config.task))
    size = config.task["image_size"]

    def work() -> None:
        backbone = build_backbone("resnet50")
        model = AdaptedModel(backbone, kind.build_head(backbone), frozen=False).to(device)
        optimizer = torch.optim.Adam(model.parameters())
        images = torch.randn(batch, 3, size, size, device=device)
        output = model(images)
        target = torch.zeros((batch, output.shape[1] if kind.sigmoid else 1, size, size), dtype=torch.uint8)
        kind.loss(output, target.to(device)).backward()
        optimizer.step()

    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
        work()
        return torch.cuda.max_memory_allocated() / 2**20
    return peak_growth(work)[0]


def in_own_process(name: str, batch: int, device: str) -> float:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(step_mib, (name, batch, device))


@cache
def on_a_line(name: str) -> tuple[float, float]:
    """MiB without any image, and MiB an image, from the two probes."""
    low, high = (in_own_process(name, batch, "cpu") for batch in PROBES)
    each = (high - low) / (PROBES[1] - PROBES[0])
    return low - PROBES[0] * each, each


def main() -> None:
    device = "cuda" if torch.cuda.is_available() else "cpu"
    all_tasks: list[Task] = [tasks().get(name) for name in tasks().plugins]
    how = "measured" if device == "cuda" else f"from steps of {PROBES[0]} and {PROBES[1]} images"
    print(
        f"{device}, torch {torch.__version__}, float32\n\n| task | size (px) | batch | GiB, {how} |\n|---|---|---|---|"
    )
    segmentation = [task for task in all_tasks if task.kind.startswith("segmentation")]
    for task in segmentation:
        size, batch = task.paper["task"]["image_size"], task.paper["protocol"]["batch_size"]
        if device == "cuda":
            mib = in_own_process(task.name, batch, device)
        else:
            same_size = next(t.name for t in segmentation if t.paper["task"]["image_size"] == size)
            whole, each = on_a_line(same_size)
            mib = whole + batch * each
        print(f"| {task.name} | {size} | {batch} | {mib / 1024:.1f} |", flush=True)


if __name__ == "__main__":
    main()
