"""How far from the optimum do the probes end? Ours beside dense searches with scikit-learn on the same embeddings.

Every encoder is embedded once. For each probe stand our choice (validation/test), what a head trained by Adam at one
fixed rate on embeddings as they are gives (`head=paper`), the best of the dense search on validation with its test
score, and the best that any of the candidates reaches on test: a bound that no selection can pass.
Run: python perf/probe_quality.py --data-root DATA [--split grouped] [--checkpoint FILE ...] [--help]
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import StandardScaler
from torch import nn

import bench
from bench.core import registry
from bench.core.cache_folder import default_cache
from bench.core.console import Report
from bench.data.cache import FOLDER, DiskCache
from bench.data.splits import draw_split
from bench.engine.compute import Compute
from bench.engine.kept import keep_cases
from bench.engine.meter import Meter
from bench.engine.seeding import seed_all
from bench.evaluation.embeddings import Embeddings, embed_splits
from bench.evaluation.evaluate import fit_probe
from bench.evaluation.protocols import PROTOCOLS
from bench.evaluation.supervised import Supervised
from bench.models.build import build_backbone
from bench.models.pixels import GreyPixels
from bench.runs.config import resolve_config
from bench.runs.world import World

REPORT = Report(quiet=True)
PENALTIES = tuple(10.0 ** (e / 2) for e in range(-10, 9))
NEIGHBOURS = (1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 75, 100, 150, 200)
TEMPERATURES = (0.02, 0.07, 0.2, 1.0, 10.0)


class Scores(NamedTuple):
    """Accuracy in percent."""

    validation: float
    test: float

    def __str__(self) -> str:
        return f"{self.validation:.1f}/{self.test:.1f}"


class Probed:
    """One task, one seed's split."""

    def __init__(self, arguments: argparse.Namespace, seed: int) -> None:
        self.task, self.seed, self.size = registry.tasks().get(arguments.task), seed, arguments.size
        given = {self.task.data.name: Path("grouped")} if arguments.split == "grouped" else {}
        self.world = World(arguments.data_root, REPORT, frozenset({self.task.data.name}), given, arguments.cache)
        self.data = self.world.data(self.task.data)
        by_bytes = arguments.split == "bytes"
        self.split = draw_split(self.data, seed) if by_bytes else self.world.split(self.task.data, seed)
        self.files = DiskCache(arguments.cache / FOLDER)

    def kind(self):
        cls = registry.kinds().get(self.task.kind)
        kind = cls(self.task, cls.settings_class(image_size=self.size))
        keep_cases(kind, self.data.hashes)
        return kind

    def embed(self, encoder: nn.Module) -> Embeddings:
        return embed_splits(encoder, self.kind(), self.split, Compute("cpu", 0), REPORT).sides

    def scores(self, validation: np.ndarray, test: np.ndarray) -> Scores:
        """Of predicted classes (N,)."""
        truth = [np.array([case.target for case in self.split.sides[side]]) for side in ("validation", "test")]
        return Scores(*(100 * float(np.mean(p == t)) for p, t in zip((validation, test), truth, strict=True)))

    def ours(self, protocol: str, head: str | None, embeddings: Embeddings, encoder: nn.Module) -> Scores:
        set_ = {"protocol": {"head": head}} if head else {}
        settings = resolve_config("random", self.task, protocol, "quick", "resnet18", set_).protocol
        kind, meter = self.kind(), Meter(torch.device("cpu"))
        if head == "paper":
            chosen, compute = PROTOCOLS[protocol], Compute("cpu", 0)
            embedded = embed_splits(encoder, kind, self.split, compute, REPORT)
            run = Supervised(
                encoder, kind, self.split, chosen, settings, self.seed, compute, REPORT, embedded=embedded
            )  # fmt: skip
            done = run.fit("probe")
        else:
            done, _ = fit_probe(settings, embeddings, kind, self.split, self.seed, meter, REPORT, "probe")
        truth = np.array([case.target for case in self.split.test])
        return Scores(100 * done.validation, 100 * float(np.mean(np.stack(list(done.predictions)).argmax(1) == truth)))


def arrays(embeddings: Embeddings) -> dict[str, dict[str, np.ndarray]]:
    """Name of the scaling -> side -> embeddings (N, D)."""
    raw = {name: side.tensors[0].numpy().astype(np.float64) for name, side in embeddings.items()}
    scaler = StandardScaler().fit(raw["train"])
    unit = {k: v / np.maximum(np.linalg.norm(v, axis=1, keepdims=True), 1e-12) for k, v in raw.items()}
    return {"raw": raw, "standardised": {k: scaler.transform(v) for k, v in raw.items()}, "unit length": unit}


def regressions(probed: Probed, embeddings: Embeddings) -> Iterator[tuple[str, Scores]]:
    """Logistic regressions over scalings and penalties."""
    classes = embeddings["train"].tensors[1].numpy()
    for scaling, sides in arrays(embeddings).items():
        model = LogisticRegression(max_iter=2000, warm_start=True)
        for c in PENALTIES:
            model.set_params(C=c).fit(sides["train"], classes)
            yield f"{scaling}, C {c:.1g}", probed.scores(*(model.predict(sides[s]) for s in ("validation", "test")))


def votes(probed: Probed, embeddings: Embeddings) -> Iterator[tuple[str, Scores]]:
    """Nearest neighbours over scalings, k and temperatures."""
    classes = embeddings["train"].tensors[1].numpy()
    one_hot = np.eye(len(probed.task.data.classes))[classes]
    for scaling in ("raw", "standardised"):
        sides = arrays(embeddings)[scaling]
        search = NearestNeighbors(n_neighbors=max(NEIGHBOURS), metric="cosine", algorithm="brute").fit(sides["train"])
        found = [search.kneighbors(sides[side]) for side in ("validation", "test")]
        for t in TEMPERATURES:
            ballots = [(np.exp((d[:, :1] - d) / t)[..., None] * one_hot[places]).cumsum(axis=1) for d, places in found]
            for k in NEIGHBOURS:
                yield f"{scaling}, k {k}, T {t:g}", probed.scores(*(b[:, k - 1].argmax(1) for b in ballots))


def encoders(arguments: argparse.Namespace, seed: int) -> Iterator[tuple[str, nn.Module]]:
    """Random weights of the seed, pixels, and the files that were given."""
    seed_all(seed)
    yield "random", build_backbone("resnet18").eval()
    yield "pixels", GreyPixels(16)
    for file in arguments.checkpoint:
        yield file.parent.parent.name + " " + file.parent.name[:6], bench.load_encoder(file)


def optimum(found: Mapping[str, Scores]) -> tuple[str, str]:
    """The candidate that validation likes best, and the best on test of all, as text."""
    name, scores = max(found.items(), key=lambda item: item[1].validation)
    return f"{scores} ({name})", f"{max(s.test for s in found.values()):.1f}"


def main() -> None:
    """Print one row for each encoder, seed and probe."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", default="brain_tumor")
    parser.add_argument("--data-root", type=Path, required=True)
    parser.add_argument(
        "--split", default="owner", choices=("owner", "grouped", "bytes"), help="bytes: copies by bytes alone."
    )
    parser.add_argument("--checkpoint", type=Path, nargs="*", default=[], help="Encoders: encoder.safetensors of runs.")
    parser.add_argument("--size", type=int, default=48)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--cache", type=Path, default=default_cache())
    arguments = parser.parse_args()
    columns = ("encoder", "seed", "probe", "ours", "fixed rate, raw", "best on validation", "bound on test")
    print("| " + " | ".join(columns) + " |\n" + "|---" * len(columns) + "|", flush=True)
    for seed in range(arguments.seeds):
        probed = Probed(arguments, seed)
        for name, encoder in encoders(arguments, seed):
            embeddings = probed.embed(encoder)
            for protocol, search in (("linear", regressions), ("knn", votes)):
                ours = probed.ours(protocol, None, embeddings, encoder)
                fixed = probed.ours("linear", "paper", embeddings, encoder) if protocol == "linear" else "-"
                best, bound = optimum(dict(search(probed, embeddings)))
                print(f"| {name} | {seed} | {protocol} | {ours} | {fixed} | {best} | {bound} |", flush=True)


if __name__ == "__main__":
    main()
