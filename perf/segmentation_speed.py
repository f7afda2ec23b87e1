"""Speed of segmentation training: our loop against a bare PyTorch loop, and epochs with and without decoding.

Writes its own images and masks to a temporary folder. Run: python perf/segmentation_speed.py [--help]
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil
import torch
from PIL import Image

from bench.core.console import Report
from bench.core.task import Case, DataSet, Task
from bench.data.cache import DiskCache
from bench.data.splits import make_split
from bench.engine.compute import Compute
from bench.engine.kept import keep_cases
from bench.evaluation.adapted_model import AdaptedModel
from bench.evaluation.protocols import PROTOCOLS
from bench.evaluation.settings import ProtocolSettings
from bench.evaluation.supervised import Supervised
from bench.models.build import build_backbone
from tasks.kinds.segmentation import Segmentation2D
from tasks.kinds.segmentation.settings import SegmentationSettings


class Discs:
    """Reader of the files that `write` made."""

    layout = "images/N.jpg, masks/N.png"

    def load_image(self, case: Case) -> Image.Image:
        return Image.open(case.image).convert("RGB")

    def load_masks(self, case: Case) -> np.ndarray:
        return np.asarray(Image.open(case.labels[0]))[None] > 127

    def load_region(self, case: Case) -> None:
        return None


def write(folder: Path, count: int, side: int) -> list[Case]:
    """A bright disc on smooth noise: one JPEG and one PNG mask per case."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:side, :side]
    cases = []
    for i in range(count):
        noise = Image.fromarray(rng.integers(0, 90, (16, 16, 3), dtype=np.uint8)).resize((side, side), Image.BICUBIC)
        centre = rng.uniform(0.3, 0.7, 2) * side
        disc = np.hypot(y - centre[0], x - centre[1]) < rng.uniform(0.1, 0.25) * side
        image, mask = folder / f"{i}.jpg", folder / f"{i}.png"
        Image.fromarray((np.asarray(noise) + 120 * disc[..., None]).astype(np.uint8)).save(image, quality=90)
        Image.fromarray(disc.astype(np.uint8) * 255).save(mask)
        cases.append(Case(str(i), image, None, None, labels=(mask,)))
    return cases


def make_run(cases: list[Case], arguments: argparse.Namespace, cache: Path | None) -> Supervised:
    data = DataSet("discs", "Discs", Discs(), ("disc",), "none", "none", "none", "none")  # type: ignore[arg-type]
    task = Task("discs", data, "segmentation_2d", "finetune", "dice")
    kind = Segmentation2D(task, SegmentationSettings(image_size=arguments.size))
    if cache:
        keep_cases(kind, {case.id: case.id for case in cases}, DiskCache(cache))
    split = make_split(cases[:-2], cases[-2:-1], cases[-1:], 0)
    settings = ProtocolSettings(epochs=1, batch_size=arguments.batch, lr=1e-3)
    compute = Compute(arguments.device, arguments.workers)
    backbone = build_backbone(arguments.backbone)
    return Supervised(backbone, kind, split, PROTOCOLS["finetune"], settings, 0, compute, Report(quiet=True))


def our_epoch(run: Supervised, epoch: int) -> float:
    start = time.perf_counter()
    run.train_epoch(epoch, lambda note: None)
    if run.device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start


def bare_epoch(model: torch.nn.Module, run: Supervised, images: torch.Tensor, targets: torch.Tensor) -> float:
    """The same network, loss, optimiser and batches on tensors in memory, without augmentation."""
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    model.train()
    start = time.perf_counter()
    for batch in torch.randperm(len(images)).split(run.settings.batch_size):
        if len(batch) < 2:
            continue
        loss = run.kind.loss(model(images[batch].to(run.device)), targets[batch].to(run.device))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    if run.device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start


def main() -> None:
    cuda = torch.cuda.is_available()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=512 if cuda else 66)
    parser.add_argument("--side", type=int, default=1024, help="side of the files in pixels")
    parser.add_argument("--size", type=int, default=224 if cuda else 96, help="side of the input in pixels")
    parser.add_argument("--batch", type=int, default=32 if cuda else 16)
    parser.add_argument("--backbone", default="resnet50" if cuda else "resnet18")
    parser.add_argument("--device", default="cuda" if cuda else "cpu")
    parser.add_argument("--workers", type=int, default=8 if cuda else 0)
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cases = write(folder, arguments.images, arguments.side)
        start = time.perf_counter()
        run = make_run(cases, arguments, folder / "cache")
        preparing = time.perf_counter() - start
        uncached = make_run(cases, arguments, None)
        items = [run.data["train"][i] for i in range(len(cases) - 2)]
        images, targets = torch.stack([i for i, _ in items]), torch.stack([t for _, t in items])
        backbone = build_backbone(arguments.backbone)
        bare = AdaptedModel(backbone, run.kind.build_head(backbone), frozen=False).to(run.device)
        our_epoch(run, 0), bare_epoch(bare, run, images, targets)  # warm up
        seconds: dict[str, list[float]] = {"bare loop": [], "our loop": [], "our loop, decoding": []}
        for epoch in range(1, arguments.repeats + 1):  # interleaved: other load on the machine hits all alike
            seconds["bare loop"].append(bare_epoch(bare, run, images, targets))
            seconds["our loop"].append(our_epoch(run, epoch))
            seconds["our loop, decoding"].append(our_epoch(uncached, epoch))
    count = len(images)
    print(f"{arguments.backbone} U-Net, {arguments.size} px, batch {arguments.batch}, {run.device}, {count} images of ")
    print(f"{arguments.side} px; medians of {arguments.repeats} interleaved epochs; first decoding {preparing:.1f} s\n")
    print("| training epoch | images/s | ratio to bare loop |\n|---|---|---|")
    base = statistics.median(seconds["bare loop"])
    for label, values in seconds.items():
        median = statistics.median(values)
        print(f"| {label} | {count / median:.1f} | {base / median:.2f} |")
    peak = psutil.Process().memory_info().rss / 2**20
    print(
        f"\nResident memory at the end: {peak:.0f} MiB (all images decoded: {images.nbytes / 2**20:.0f} MiB as floats)"
    )


if __name__ == "__main__":
    main()
