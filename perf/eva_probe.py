"""A frozen probe against kaiko-eva's on the same split, encoder and epochs: seconds from embeddings on, and in all.

Images of the phantom of `--task`, or real ones, are embedded once by our ResNet-18; ours fits the paper's linear head
(Adam, --epochs epochs) on them, eva its `HeadModule` with the same head, optimiser, batch and number of epochs on the
same embeddings in memory, by its own Lightning trainer. eva is no dependency: where it is not installed
(`pip install kaiko-eva`), the script says so and ends. Run: python perf/eva_probe.py [--help].
"""

from __future__ import annotations

import argparse
import importlib.util
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from probe_speed import Bench
from torch import nn
from torch.utils.data import DataLoader, Dataset, TensorDataset


class Batches(Dataset[Any]):
    """Embeddings as eva's head takes them: dictionaries of data and targets."""

    def __init__(self, side: TensorDataset) -> None:
        self.side = side

    def __len__(self) -> int:
        return len(self.side)

    def __getitem__(self, index: int) -> dict[str, Any]:
        embedding, target = self.side[index]
        return {"data": embedding, "targets": target, "metadata": {}}


def evas(sides: dict[str, TensorDataset], classes: int, batch: int, epochs: int, lr: float, folder: Path) -> None:
    """Fit eva's head with its trainer; validation after every epoch, as ours."""
    from eva.core.models.modules import HeadModule
    from lightning.pytorch import Trainer

    width = sides["train"].tensors[0].shape[1]
    head = nn.Linear(width, classes)
    module = HeadModule(head, nn.CrossEntropyLoss(), optimizer=lambda p: torch.optim.Adam(p, lr=lr))
    train = DataLoader(Batches(sides["train"]), batch, shuffle=True)
    validation = DataLoader(Batches(sides["validation"]), 128)
    trainer = Trainer(
        max_epochs=epochs, accelerator="cpu", logger=False, enable_checkpointing=False, default_root_dir=folder,
        enable_progress_bar=False, enable_model_summary=False,
    )  # fmt: skip
    trainer.fit(module, train, validation)


def seconds(call: Callable[[], Any]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", default="brain_tumor_linear")
    parser.add_argument("--data-root", type=Path, help="default: the task's phantom")
    parser.add_argument("--backbone", default="resnet18")
    parser.add_argument("--size", type=int, default=48)
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--turns", type=int, default=3)
    arguments = parser.parse_args()
    if importlib.util.find_spec("eva") is None:
        print("Skipped: kaiko-eva is not installed here (pip install kaiko-eva, best in an environment of its own).")
        return
    arguments.device, arguments.every = "cpu", 1
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as name:
        bench = Bench(arguments, Path(name))
        embedding = seconds(bench.embed)
        embedded = bench.embed()
        settings = bench.supervised(bench.kind(), embedded).settings
        classes = len(bench.task.data.classes)
        given = (classes, settings.batch_size, arguments.epochs, settings.lr, Path(name))
        calls = {
            "ours": lambda: bench.probe("linear, head=paper", embedded),
            "kaiko-eva": lambda: evas(embedded.sides, *given),
        }
        times: dict[str, list[float]] = {who: [] for who in calls}
        for _ in range(arguments.turns):
            for who, call in calls.items():
                times[who].append(seconds(call))
    count = len(embedded.sides["train"])
    print(f"{arguments.task}: {count} embeddings, {arguments.epochs} epochs, {arguments.turns} turns\n")
    print("| probe | seconds on embeddings, median | with embedding them | ratio of the first (lowest to highest) |")
    print("|---|---|---|---|")
    for who, found in times.items():
        each = [a / b for a, b in zip(found, times["ours"], strict=True)]
        ratio = f"{statistics.median(each):.1f} ({min(each):.1f} to {max(each):.1f})"
        print(f"| {who} | {statistics.median(found):.2f} | {statistics.median(found) + embedding:.2f} | {ratio} |")


if __name__ == "__main__":
    main()
