"""Candidate `quick` presets of the trained methods in short trials: do they collapse? Rank of the embeddings first.

Every method has three candidates and the same steps, corpus, views and seeds. All numbers are of the training images or
of the validation split; the test split's scores are not read. A rank far below that of random weights is a collapse.
Run: python perf/preset_trials.py --data-root DATA [--only byol dino] [--epochs 5] [--seeds 1] [--help]
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import bench

ADAM = {"optimizer": "adam", "lr_scaling": "none"}
SGD = {"optimizer": "sgd", "lr_scaling": "linear"}
CANDIDATES: Mapping[str, list[dict[str, Any]]] = {
    "random": [{}],
    "simclr": [{**ADAM, "lr": 1e-3}, {**ADAM, "lr": 3e-4}, {**SGD, "lr": 0.24}],
    "byol": [
        {**SGD, "lr": 0.24, "momentum": 0.99},
        {**ADAM, "lr": 1e-3, "momentum": 0.99},
        {**SGD, "lr": 0.24, "momentum": 0.95},
    ],
    "dino": [
        {**SGD, "lr": 0.24, "momentum": 0.99},
        {**SGD, "lr": 0.12, "momentum": 0.99},
        {"optimizer": "adamw", "lr_scaling": "none", "lr": 1e-3, "momentum": 0.95},
    ],
    "moco_v2": [
        {**SGD, "lr": 0.24, "momentum": 0.99},
        {**ADAM, "lr": 1e-3, "momentum": 0.99},
        {**SGD, "lr": 0.24, "momentum": 0.95},
    ],
    "barlow_twins": [{**ADAM, "lr": 1e-3}, {**ADAM, "lr": 3e-4}, {**SGD, "lr": 0.24}],
    "vicreg": [{**ADAM, "lr": 1e-3}, {**ADAM, "lr": 3e-4}, {**SGD, "lr": 0.24}],
    "vicregl": [{**ADAM, "lr": 1e-3}, {**ADAM, "lr": 3e-4}, {**SGD, "lr": 0.24}],
    "swav": [{**ADAM, "lr": 1e-3}, {**ADAM, "lr": 3e-4}, {**SGD, "lr": 0.24}],
    "deepcluster_v2": [{**ADAM, "lr": 1e-3}, {**ADAM, "lr": 3e-4}, {**SGD, "lr": 0.24}],
    "lvmmed": [{**ADAM, "lr": 1e-3}, {**ADAM, "lr": 3e-4}, {**SGD, "lr": 0.24}],
}
COLUMNS = ("method", "candidate", "seed", "effective rank", "mean cosine", "kNN, validation %", "linear, validation %")


def rows(method: str, changes: Mapping[str, Any], arguments: argparse.Namespace, results: Path) -> list[str]:
    """One row for each seed of a candidate."""
    settings: dict[str, dict[str, Any]] = {"method": dict(changes)}
    if method != "random":
        settings["pretrain"] = {"epochs": arguments.epochs, "precision": arguments.precision}
    runs = bench.run(
        method,
        arguments.task,
        ["knn", "linear"],
        seeds=arguments.seeds,
        settings=settings,
        corpus="task",
        split="grouped",
        data_root=arguments.data_root,
        results=results,
        cache=arguments.cache,
        quiet=True,
    )
    of_seed = {(r.seed, r.protocol): r for r in runs.records}
    text = " ".join(f"{key}={value}" for key, value in changes.items())
    lines = []
    for seed in range(arguments.seeds):
        knn, linear = of_seed[seed, "knn"], of_seed[seed, "linear"]
        assert knn.embedding is not None
        scores = [f"{100 * r.selection[f'validation_{r.metric}']:.1f}" for r in (knn, linear)]
        health = (f"{knn.embedding.effective_rank:.1f}", f"{knn.embedding.mean_cosine:.2f}")
        lines.append("| " + " | ".join((method, text, str(seed), *health, *scores)) + " |")
    return lines


def main() -> None:
    """Print one row for each candidate and seed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", default="brain_tumor")
    parser.add_argument("--data-root", type=Path, required=True)
    parser.add_argument("--only", nargs="*", default=list(CANDIDATES), choices=list(CANDIDATES))
    parser.add_argument("--first", type=int, help="Candidates of each method, the preset first; default: all.")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--precision", default="bf16-mixed", choices=("32-true", "bf16-mixed"))
    parser.add_argument("--cache", type=Path, default=os.environ.get("BENCH_CACHE"), help="Default: the usual one.")
    arguments = parser.parse_args()
    print("| " + " | ".join(COLUMNS) + " |\n" + "|---" * len(COLUMNS) + "|", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for method in arguments.only:
            for changes in CANDIDATES[method][: arguments.first]:
                for line in rows(method, changes, arguments, Path(folder)):
                    print(line, flush=True)


if __name__ == "__main__":
    main()
