"""Speed of frozen protocols: probing from cached embeddings against encoding every image in every epoch.

Re-encoding is timed over a few epochs and scaled to all of them; the rest is measured whole. Both train with the same
loop, settings and images. Run: python perf/probe_speed.py --task dr_patient600_linear --data-root DATA [--help]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import torch

from bench.core import registry
from bench.core.console import Report
from bench.data.cache import DiskCache
from bench.data.dataset import read_data
from bench.data.phantom import ensure_phantom
from bench.data.splits import SplitCases, draw_split
from bench.engine.compute import Compute, pick_device
from bench.engine.kept import keep_cases
from bench.engine.meter import Meter
from bench.evaluation.embeddings import Embedded, EmbeddingCache, embed_splits
from bench.evaluation.evaluate import fit_probe
from bench.evaluation.protocols import PROTOCOLS
from bench.evaluation.supervised import Supervised
from bench.models.build import build_backbone
from bench.runs.config import resolve_config

REPORT = Report(quiet=True)
PROBES = ("linear, head=paper", "linear", "mlp", "knn", "few_shot_10pct")


class Bench:
    """One task, one encoder, one split."""

    def __init__(self, arguments: argparse.Namespace, folder: Path) -> None:
        self.task = registry.tasks().get(arguments.task)
        self.arguments = arguments
        self.compute = Compute(arguments.device, 0)
        root = arguments.data_root or ensure_phantom(self.task.data, folder)
        self.data = read_data(self.task.data, root)
        whole = draw_split(self.data, 0)
        keep = slice(None, None, arguments.every)
        self.split: SplitCases = replace(
            whole, train=whole.train[keep], validation=whole.validation[keep], test=whole.test[keep]
        )
        torch.manual_seed(0)
        self.backbone = build_backbone(arguments.backbone)
        self.files = DiskCache(folder / "embeddings")

    def kind(self, *, reencode: bool = False):
        cls = registry.kinds().get(self.task.kind)
        settings = cls.settings_class(image_size=self.arguments.size)
        if reencode:
            cls = type("Reencoding", (cls,), {"pooled_only": False, "version": cls.version})
        kind = cls(self.task, settings)
        keep_cases(kind, self.data.hashes)
        return kind

    def embed(self) -> Embedded:
        device = pick_device(self.compute.device)
        cache = EmbeddingCache(
            self.files, self.backbone, self.arguments.backbone, self.kind(), self.data.hashes, device
        )
        return embed_splits(self.backbone, self.kind(), self.split, self.compute, REPORT, cache)

    def probe(self, protocol: str, embedded: Embedded) -> None:
        if protocol == "linear, head=paper":
            self.supervised(self.kind(), embedded).fit("probe")
            return
        config = resolve_config("random", self.task, protocol, "quick", self.arguments.backbone, {})
        kind, meter = self.kind(), Meter(torch.device("cpu"))
        fit_probe(config.protocol, embedded.sides, kind, self.split, 0, meter, REPORT, "probe")

    def supervised(self, kind, embedded: Embedded | None = None) -> Supervised:
        head = {"protocol": {"head": "paper", "epochs": self.arguments.epochs}}
        settings = resolve_config("random", self.task, "linear", "quick", self.arguments.backbone, head).protocol
        chosen = PROTOCOLS["linear"]
        return Supervised(self.backbone, kind, self.split, chosen, settings, 0, self.compute, REPORT, embedded=embedded)

    def reencode_epoch(self) -> float:
        """Seconds of one epoch that passes training and validation images through the frozen encoder; not the first."""
        run = self.supervised(self.kind(reencode=True))
        times = [timed(lambda e=e: (run.train_epoch(e, lambda note: None), run.evaluate("validation")))
                 for e in range(self.arguments.measured + 1)]  # fmt: skip
        return sum(times[1:]) / self.arguments.measured


def timed(call) -> float:
    """Seconds: of the CPU where there is no GPU, so that other programs do not count, else by the clock."""
    clock = time.perf_counter if torch.cuda.is_available() else time.process_time
    start = clock()
    call()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return clock() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--task", default="brain_tumor_linear")
    parser.add_argument("--data-root", type=Path, help="default: the task's phantom")
    parser.add_argument("--backbone", default="resnet18")
    parser.add_argument("--size", type=int, default=48)
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--measured", type=int, default=2, help="epochs of re-encoding that are timed")
    parser.add_argument("--every", type=int, default=1, help="use every N-th case only")
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(arguments, Path(folder))
        cold = timed(bench.embed)
        embedded = bench.embed()
        warm = timed(bench.embed)
        sides = {name: len(cases) for name, cases in bench.split.sides.items()}
        print(f"{arguments.task}: {sides}, {arguments.backbone}, {arguments.size} px, {arguments.epochs} epochs")
        print(f"embedding all images: {cold:.2f} s; reading them from the cache: {warm:.2f} s\n")
        epoch = bench.reencode_epoch()
        print(f"one epoch of re-encoding: {epoch:.2f} s\n")
        print("| protocol | probe (s) | with embedding (s) | re-encoding (s, scaled) | ratio, first | ratio, cached |")
        print("|---|---|---|---|---|---|")
        for protocol in PROBES:
            seconds = timed(lambda protocol=protocol: bench.probe(protocol, embedded))
            again = f"{epoch * arguments.epochs:.0f}" if protocol == "linear, head=paper" else "-"
            ratios = [epoch * arguments.epochs / (seconds + made) for made in (cold, warm)]
            shown = [f"{r:.0f}" if protocol == "linear, head=paper" else "-" for r in ratios]
            print(f"| {protocol} | {seconds:.2f} | {seconds + cold:.2f} | {again} | {' | '.join(shown)} |")


if __name__ == "__main__":
    main()
