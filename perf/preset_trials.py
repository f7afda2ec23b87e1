"""Candidate `quick` presets of the trained methods in short trials: rank of the embeddings, and kNN on validation.

Every method has three candidates, the same steps, corpus, views and seeds; the test split is never read. The corpus is
the task's own training images. kNN: cosine of standardised embeddings, k = 20, each neighbour one vote.
Run: python perf/preset_trials.py --data-root DATA [--only byol dino] [--epochs 5] [--seeds 1] [--help]
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from bench.core import registry
from bench.core.console import Report
from bench.data.cache import DiskCache
from bench.data.dataset import read_data
from bench.data.splits import draw_split
from bench.engine.compute import Compute
from bench.engine.meter import Meter
from bench.engine.seeding import seed_all
from bench.models.build import build_backbone
from bench.pretraining.corpus import Corpus, pool_corpus
from bench.pretraining.log import TrainLog
from bench.pretraining.loop import Pretraining
from bench.pretraining.settings import QUICK_PRETRAIN, PretrainSettings

ADAM = {"optimizer": "adam", "lr_scaling": "none"}
SGD = {"optimizer": "sgd", "lr_scaling": "linear"}
CANDIDATES: Mapping[str, list[dict[str, Any]]] = {
    "simclr": [{**ADAM, "lr": 1e-3}, {**ADAM, "lr": 3e-4}, {**SGD, "lr": 0.24}],
    "byol": [
        {**SGD, "lr": 0.24, "momentum": 0.99},
        {**ADAM, "lr": 1e-3, "momentum": 0.99},
        {**SGD, "lr": 0.24, "momentum": 0.95},
    ],
    "dino": [
        {**SGD, "lr": 0.24, "momentum": 0.99},
        {**ADAM, "lr": 1e-3, "momentum": 0.99},
        {**SGD, "lr": 0.24, "momentum": 0.99, "frozen_epochs": 0},
    ],
    "lvmmed": [{**ADAM, "lr": 1e-3}, {**ADAM, "lr": 3e-4}, {**SGD, "lr": 0.24}],
}


class Trials:
    """One task's images, read once."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.task = registry.tasks().get(arguments.task)
        data = read_data(self.task.data, arguments.data_root)
        self.split = draw_split(data, 0)
        self.corpus: Corpus = pool_corpus([(data, self.split)])
        self.compute, self.report = Compute("cpu", 0, compile=False), Report(quiet=True)
        self.files = DiskCache(arguments.folder / "images")
        self.settings = PretrainSettings.model_validate({**QUICK_PRETRAIN, "epochs": arguments.epochs})
        self.images = {side: self.load(side) for side in ("train", "validation")}

    def load(self, side: str) -> tuple[torch.Tensor, torch.Tensor]:
        """Images (N, 3, H, W) and labels (N,) of `train` or `validation`."""
        cls = registry.kinds().get(self.task.kind)
        kind = cls(self.task, cls.settings_class(image_size=self.settings.image_size))
        pairs = list(kind.dataset(self.split.sides[side], train=False))
        return torch.stack([x for x, _ in pairs]), torch.tensor([int(y) for _, y in pairs])

    def pretrain(self, name: str, changes: Mapping[str, Any], seed: int, folder: Path) -> tuple[torch.nn.Module, int]:
        """A method's encoder after the trial, and its steps."""
        cls = registry.methods().get(name)
        config = cls.config_class.model_validate({**cls.quick, **changes})
        run = Pretraining(cls(config), "resnet18", self.corpus, self.settings, seed, self.compute, self.files)
        with TrainLog(folder, 0) as log:
            while run.epoch < self.settings.epochs:
                run.run_epoch(log, Meter(torch.device("cpu")), lambda _: None)
        return run.method.encoder(run.module), run.total_steps

    @torch.inference_mode()
    def embed(self, encoder: torch.nn.Module, side: str) -> tuple[torch.Tensor, torch.Tensor]:
        """Embeddings (N, D) and labels (N,) of `train` or `validation`."""
        encoder.eval()
        images, labels = self.images[side]
        return torch.cat([encoder(x).pooled for x in images.split(128)]), labels

    def measure(self, encoder: torch.nn.Module) -> tuple[float, float]:
        """Effective rank (exponential of the entropy of the covariance's spectrum), kNN accuracy in %: validation."""
        (x, y), (q, truth) = self.embed(encoder, "train"), self.embed(encoder, "validation")
        spectrum = torch.linalg.svdvals(q - q.mean(0)).square()
        shares = spectrum / spectrum.sum()
        rank = float(torch.special.entr(shares).sum().exp())
        mean, std = x.mean(0), x.std(0).clamp(min=1e-6)
        x, q = (torch.nn.functional.normalize((e - mean) / std) for e in (x, q))
        votes = torch.nn.functional.one_hot(y[(q @ x.T).topk(20).indices]).sum(1)
        return rank, 100 * float((votes.argmax(1) == truth).float().mean())


def main() -> None:
    """Print one row for each candidate and seed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--task", default="brain_tumor")
    parser.add_argument("--data-root", type=Path, required=True)
    parser.add_argument("--only", nargs="*", default=list(CANDIDATES), choices=list(CANDIDATES))
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=Path("runs/preset_trials"), help="For the logs of training.")
    arguments = parser.parse_args()
    trials = Trials(arguments)
    print("| method | candidate | seed | steps | effective rank | kNN, validation % |\n|---|---|---|---|---|---|")
    for seed in range(arguments.seeds):
        seed_all(seed)
        rank, accuracy = trials.measure(build_backbone("resnet18"))
        print(f"| random | | {seed} | 0 | {rank:.1f} | {accuracy:.1f} |", flush=True)
        for number in range(3):
            for name in arguments.only:
                changes = CANDIDATES[name][number]
                folder = arguments.folder / f"{name}_{number}_{seed}"
                folder.mkdir(parents=True, exist_ok=True)
                encoder, steps = trials.pretrain(name, changes, seed, folder)
                rank, accuracy = trials.measure(encoder)
                text = " ".join(f"{key}={value}" for key, value in changes.items())
                print(f"| {name} | {text} | {seed} | {steps} | {rank:.1f} | {accuracy:.1f} |", flush=True)


if __name__ == "__main__":
    main()
