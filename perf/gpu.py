"""Every figure of docs/performance.md that needs a GPU, beside its goal: one command, under 8 minutes on one GPU.

Tests marked `gpu`; matching in batches of 200; pretraining against the bound of its encoder (the same steps on one
batch of views that stays on the device), against lightly's loop, and LVM-Med against SimCLR; a U-Net and a linear probe
against bare loops on tensors that stay on the device. An epoch has --steps steps (40), of a few decoded images shown
many times, each with views of its own. Left out of every time: writing and decoding images, a first epoch of each loop,
and the first step of every epoch, in which loading processes start. Nothing is compiled unless --compile is given.
`--device cpu --quick` runs all of it on tiny sizes: it shows that the script works, its ratios say nothing.
Run: python perf/gpu.py [--help].
"""

from __future__ import annotations

import argparse
import functools
import itertools
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import graph_matching
import torch
from lightly_loops import LightlyLoop
from pretrain_speed import OurLoop, lightly_epoch, make_corpus, write_jpegs
from probe_speed import Bench
from segmentation_speed import bare_epoch, make_run, our_epoch, write

from bench.engine.loaders import EpochBatches
from bench.engine.process import prepare_process
from bench.evaluation.adapted_model import AdaptedModel
from bench.models.build import build_backbone
from methods.lvmmed.solver import solve

REPOSITORY = Path(__file__).parents[1]
MATCHING_BEFORE = {16: 0.04, 32: 0.32, 64: 4.7}
"""Milliseconds a problem on one H200 before, in batches of 200."""

WHOLE = {
    **{"steps": 40, "batch": 256, "images": 1024, "workers": None, "lightly_workers": 16},
    **{"nodes": (16, 32, 64), "problems": 200, "neighbours": 5, "unet": ("resnet50", 224, 32)},
    "encoders": (("resnet50", 224, 0.9, True), ("resnet18", 96, 0.7, False)),
}
"""Batch of the pretraining and its images; encoder, side and batch of the U-Net; encoder, side, goal of each
pretraining, and whether it is compared with other loops."""
QUICK = {
    **{"steps": 3, "batch": 16, "images": 16, "workers": 0, "lightly_workers": 0},
    **{"nodes": (6, 16), "problems": 4, "neighbours": 5, "unet": ("resnet18", 64, 4)},
    "encoders": (("resnet18", 32, 0.9, True), ("resnet18", 48, 0.7, False)),
}


@dataclass(frozen=True)
class Row:
    """A figure, and its goal."""

    what: str
    value: str
    goal: str = "-"
    met: bool | None = None

    def __str__(self) -> str:
        met = {None: "-", True: "yes", False: "no"}[self.met]
        return f"| {self.what} | {self.value} | {self.goal} | {met} |"


def at_least(what: str, value: float, goal: float) -> Row:
    return Row(what, f"{value:.2f}", f">= {goal:g}", value >= goal)


def at_most(what: str, value: float, goal: float) -> Row:
    return Row(what, f"{value:.2f}", f"<= {goal:g}", value <= goal)


def gpu_tests(arguments: argparse.Namespace) -> Iterator[Row]:
    """Those marked `gpu`; without one they are skipped, which is said."""
    command = [sys.executable, "-m", "pytest", "-q", "-m", "gpu", "-p", "no:cacheprovider", *arguments.tests.split(",")]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    found = re.findall(r"(\d+) (passed|failed|skipped|error)", done.stdout)
    counts = {what: int(number) for number, what in found}
    passed = done.returncode == 0 and counts.get("passed", 0) > 0
    if done.returncode not in (0, 5):
        print(done.stdout[-2000:], done.stderr[-500:], file=sys.stderr)
    shown = ", ".join(f"{number} {what}" for what, number in counts.items()) or "none found"
    yield Row("tests marked gpu", shown, "all pass", passed if arguments.cuda else None)


def matching(arguments: argparse.Namespace) -> Iterator[Row]:
    """Milliseconds a problem, least of three, compiling left out."""
    for nodes in arguments.nodes:
        given = [
            x.to(arguments.device) for x in graph_matching.problems(arguments.problems, nodes, arguments.neighbours)
        ]
        seconds = [timed(lambda given=given: solve(*given), arguments.cuda) for _ in range(4)]
        ms, before = 1000 * min(seconds[1:]) / arguments.problems, MATCHING_BEFORE.get(nodes)
        goal = f"<= {1.25 * before:.2f} (was {before})" if before and arguments.cuda else "-"
        met = ms <= 1.25 * before if before and arguments.cuda else None
        yield Row(f"matching, n = {nodes}, {arguments.problems} at once, ms a problem", f"{ms:.3f}", goal, met)


def timed(call: Callable[[], Any], cuda: bool) -> float:
    start = time.perf_counter()
    call()
    if cuda:
        torch.cuda.synchronize()
    return time.perf_counter() - start


class Resident:
    """One batch of views again and again, where the device already has it."""

    def __init__(self, loader: Any, steps: int) -> None:
        self.views, self.steps = next(iter(loader)), steps

    def __iter__(self) -> Iterator[Any]:
        return itertools.repeat(self.views, self.steps)


def bound_epoch(loop: OurLoop) -> list[float]:
    """Seconds of the steps of an epoch whose views are there before."""
    fed = loop.run.loader
    loop.run.loader = Resident(fed, len(fed))
    try:
        return loop.epoch()
    finally:
        loop.run.loader = fed


def pretraining(arguments: argparse.Namespace) -> Iterator[Row]:
    """Our loop against its bound, for two encoders; for the first against lightly's, and LVM-Med's step to SimCLR's."""
    with tempfile.TemporaryDirectory() as name:
        files = write_jpegs(Path(name), min(arguments.images, arguments.steps * arguments.batch))
        for backbone, size, goal, first in arguments.encoders:
            own = argparse.Namespace(**{**vars(arguments), "backbone": backbone, "size": size})
            yield from _pretraining_of(own, files, Path(name), goal, compared=first)


def _pretraining_of(
    own: argparse.Namespace, files: list[Path], folder: Path, goal: float, *, compared: bool
) -> Iterator[Row]:
    corpus = make_corpus(files)
    shown = list(itertools.islice(itertools.cycle(range(len(files))), own.steps * own.batch))
    corpus = replace(corpus, images=tuple(corpus.images[i] for i in shown))
    ours = {name: OurLoop(name, corpus, own, folder) for name in (["simclr", "lvmmed"] if compared else ["simclr"])}
    loops: dict[str, Callable[[], list[float]]] = {"bound": functools.partial(bound_epoch, ours["simclr"])}
    loops |= {name: loop.epoch for name, loop in ours.items()}
    if compared:
        common = ([files[i] for i in shown], own.batch, own.size, own.lightly_workers, own.device, own.cuda)
        loops["lightly"] = functools.partial(
            lightly_epoch, LightlyLoop("simclr", own.backbone, ours["simclr"].config, *common)
        )
    steps = {name: _median_step(epoch, own, warm=name != "lightly") for name, epoch in loops.items()}
    what = f"{own.backbone}, {own.size} px, batch {own.batch}"
    yield Row(f"{what}: encoder-only bound, images/s", f"{own.batch / steps['bound']:.0f}")
    yield Row(f"{what}: our SimCLR, images/s", f"{own.batch / steps['simclr']:.0f}")
    yield at_least(f"{what}: our SimCLR to its bound", steps["bound"] / steps["simclr"], goal)
    if compared:
        yield Row(
            f"{what}: lightly's SimCLR, {own.lightly_workers} workers, images/s", f"{own.batch / steps['lightly']:.0f}"
        )
        yield at_least(f"{what}: our SimCLR to lightly's", steps["lightly"] / steps["simclr"], 2.5)
        yield at_most(f"{what}: step of LVM-Med to SimCLR's", steps["lvmmed"] / steps["simclr"], 1.05)


def _median_step(epoch: Callable[[], list[float]], own: argparse.Namespace, *, warm: bool) -> float:
    """Median second of the steps after the first of an epoch; where `warm`, after an epoch of which nothing counts."""
    if warm:
        epoch()
    return statistics.median(epoch())


def segmentation(arguments: argparse.Namespace) -> Iterator[Row]:
    """An epoch of a U-Net against the same network, loss and optimiser on tensors on the device, unaugmented."""
    own = argparse.Namespace(
        **{**vars(arguments), "backbone": arguments.unet[0], "size": arguments.unet[1], "batch": arguments.unet[2]}
    )
    with tempfile.TemporaryDirectory() as name:
        few = write(Path(name), min(own.images // 4, 160), 4 * own.size)
        cases = [replace(few[i % len(few)], id=f"{i}") for i in range(own.steps * own.batch + 2)]
        run = make_run(cases, own, Path(name) / "cache")
        items = [run.data["train"][i] for i in range(own.steps * own.batch)]
        images, targets = (torch.stack(part).to(run.device) for part in zip(*items, strict=True))
        backbone = build_backbone(own.backbone)
        bare = AdaptedModel(backbone, run.kind.build_head(backbone), frozen=False).to(run.device)
        our_epoch(run, 0), bare_epoch(bare, run, images, targets)
        bound, seconds = bare_epoch(bare, run, images, targets), our_epoch(run, 1)
    what = f"U-Net, {own.backbone}, {own.size} px, batch {own.batch}"
    yield Row(f"{what}: bound, images/s", f"{len(images) / bound:.0f}")
    yield at_least(f"{what}: our epoch to its bound (start of workers inside)", bound / seconds, 0.85)


def probe(arguments: argparse.Namespace) -> Iterator[Row]:
    """An epoch of the paper's linear probe on embeddings against a bare loop over the same batches on the device."""
    given = argparse.Namespace(
        task="brain_tumor_linear",
        data_root=None,
        every=1,
        backbone="resnet18",
        size=48,
        epochs=1,
        device=arguments.device,
    )
    with tempfile.TemporaryDirectory() as name:
        bench = Bench(given, Path(name))
        run = bench.supervised(bench.kind(), bench.embed())
        inputs, target = (part.to(run.device) for part in run.data["train"].tensors)
    run.batches = EpochBatches(len(inputs), max(len(inputs) // arguments.steps, 2), 0, smallest=2)

    def bare() -> None:
        for draws in run.batches:
            index = [number for number, _ in draws]
            loss = run.kind.loss(run.model(inputs[index]), target[index])
            run.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(run.model.parameters(), run.settings.gradient_clip)
            run.optimizer.step()

    def ours() -> None:
        run.train_epoch(1, lambda note: None)

    bound, seconds = ([timed(call, arguments.cuda) for _ in range(4)][1:] for call in (bare, ours))
    yield Row(
        f"linear probe, {len(run.batches)} steps: bound, ms a step", f"{1000 * min(bound) / len(run.batches):.2f}"
    )
    yield Row("linear probe: our epoch to its bound", f"{min(bound) / min(seconds):.2f}")


SECTIONS = {"tests": gpu_tests, "matching": matching, "pretraining": pretraining, "unet": segmentation, "probe": probe}


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu", help="cuda or cpu")
    parser.add_argument("--quick", action="store_true", help="tiny sizes, to try the script itself")
    parser.add_argument("--only", default=",".join(SECTIONS), help=f"some of {', '.join(SECTIONS)}")
    parser.add_argument("--steps", type=int, help="of an epoch; default: 40, quick: 3")
    parser.add_argument("--workers", type=int, help="of our loops; default: as bench run, quick: 0")
    parser.add_argument("--lightly-workers", type=int, help="default: 16, quick: 0")
    parser.add_argument(
        "--tests", default="tests/methods/lvmmed/test_backends.py", help="where tests marked gpu are looked for"
    )
    parser.add_argument("--compile", action="store_true", help="compile the encoders of our pretraining")
    arguments = parser.parse_args()
    unknown = set(arguments.only.split(",")) - set(SECTIONS)
    if unknown:
        parser.error(f"--only {', '.join(sorted(unknown))}: expected some of {', '.join(SECTIONS)}")
    if arguments.device != "cpu" and not torch.cuda.is_available():
        parser.error("no CUDA device is here; --device cpu --quick tries the script without one")
    sizes = QUICK if arguments.quick else WHOLE
    given = {name: value for name, value in vars(arguments).items() if value is not None}
    cuda = arguments.device != "cpu"
    return argparse.Namespace(
        **{**sizes, **given, "cuda": cuda, "views": "device", "precision": "bf16-mixed" if cuda else "32-true"}
    )


def main() -> None:
    prepare_process()  # as the command line does
    arguments, begin = parse(), time.perf_counter()
    card = torch.cuda.get_device_name() if arguments.cuda else "no GPU: the CPU"
    how = f"{arguments.precision}, {arguments.steps} steps an epoch, compile {arguments.compile}"
    print(f"{card}, torch {torch.__version__}, {how}")
    print("Times leave out decoding, a first epoch, and the first step of every epoch, in which workers start.\n")
    print("| figure | found | goal | met |\n|---|---|---|---|", flush=True)
    for name in arguments.only.split(","):
        for row in SECTIONS[name](arguments):
            print(row, flush=True)
    print(
        f"\n{time.perf_counter() - begin:.0f} s in all."
        + (" Tiny sizes: the ratios say nothing." if arguments.quick else "")
    )


if __name__ == "__main__":
    main()
