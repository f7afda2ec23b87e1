"""Short pretrainings of candidate presets: do they collapse? Effective rank of embeddings, and validation beside it.

A preset is chosen by the rank alone (collapsed or not), never by a score: the scores are of the validation split, and
stand here to show what a collapse costs. Every method has the same number of candidates and steps.
Run: python perf/preset_trials.py --data-root DATA [--methods byol dino] [--epochs 5] [--seeds 1]
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import bench

CANDIDATES = {
    "simclr": {
        "quick": {},
        "sgd 0.06": {"optimizer": "sgd", "lr": 0.06},
        "sgd 0.3": {"optimizer": "sgd", "lr": 0.3},
        "adam 3e-4": {"lr": 3e-4},
    },
    "byol": {
        "quick": {},
        "adam 1e-3, momentum 0.95": {"optimizer": "adam", "lr": 1e-3, "momentum": 0.95},
        "adam 1e-3, momentum 0.99": {"optimizer": "adam", "lr": 1e-3},
        "sgd 0.2": {"lr": 0.2},
    },
    "dino": {
        "quick": {},
        "adamw 1e-3, momentum 0.95": {"optimizer": "adamw", "lr": 1e-3, "weight_decay": 0.04, "momentum": 0.95},
        "adamw 5e-4": {"optimizer": "adamw", "lr": 5e-4, "weight_decay": 0.04},
        "sgd 0.03": {"optimizer": "sgd", "lr": 0.03},
    },
    "lvmmed": {
        "quick": {},
        "adam 3e-4": {"lr": 3e-4},
        "adam 3e-3": {"lr": 3e-3},
        "sgd 0.06": {"optimizer": "sgd", "lr": 0.06},
    },
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-root", type=Path, required=True)
    parser.add_argument("--methods", nargs="+", default=list(CANDIDATES))
    parser.add_argument("--only", nargs="+", help="names of candidates")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--precision", default="32-true", choices=("32-true", "bf16-mixed"))
    arguments = parser.parse_args()
    print("| method | preset | effective rank | mean cosine | vote, validation | probe, validation |")
    print("|---|---|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for method in arguments.methods:
            for name, preset in CANDIDATES[method].items():
                if not arguments.only or name in arguments.only:
                    print(row(method, name, preset, arguments, Path(folder)), flush=True)


def row(method: str, name: str, preset: dict[str, object], arguments: argparse.Namespace, folder: Path) -> str:
    pretrain = {"epochs": arguments.epochs, "precision": arguments.precision}
    settings = {"pretrain": pretrain, "method": preset}
    runs = bench.run(
        method, "brain_tumor", ["knn", "linear"], seeds=arguments.seeds, settings=settings, corpus="task",
        data_root=arguments.data_root, results=folder / "results", quiet=True, split="grouped",
    )  # fmt: skip
    ranks = [r.embedding.effective_rank for r in runs.records if r.protocol == "knn"]
    cosines = [r.embedding.mean_cosine for r in runs.records if r.protocol == "knn"]
    scores = [
        ", ".join(f"{100 * r.selection['validation_accuracy']:.1f}" for r in runs.records if r.protocol == protocol)
        for protocol in ("knn", "linear")
    ]
    shown = (", ".join(f"{value:.1f}" for value in ranks), ", ".join(f"{value:.2f}" for value in cosines))
    return "| " + " | ".join((method, name, *shown, *scores)) + " |"


if __name__ == "__main__":
    main()
