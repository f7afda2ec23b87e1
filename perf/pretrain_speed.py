"""How fast is pretraining: LVM-Med against SimCLR, our loop against lightly's, and where the time of a step goes.

Everything runs in one process on the same JPEG files (512 px, made here from smooth noise), with the same encoder,
batch and view size. The loops take turns, one epoch each, so that another program slows them alike; ratios are of
neighbours in time, and medians over the repetitions. An epoch's first step is left out: workers start there and fill
their queues, which is why an epoch must have many steps. With a GPU: ResNet-50, 224 px; without: ResNet-18, 96 px.
Ours computes in --precision, by default bf16-mixed, lightly's on a CPU in float32, as its example does.
Run: python perf/pretrain_speed.py [--help].
"""

import argparse
import functools
import hashlib
import itertools
import os
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightly_loops import MODELS, LightlyLoop
from PIL import Image

from bench.core.console import Report
from bench.core.registry import methods
from bench.engine.compute import Compute
from bench.engine.datasets import fill
from bench.engine.logs.place import LogPlace
from bench.engine.logs.run_log import RunLog
from bench.engine.meter import Meter
from bench.engine.process import prepare_process
from bench.pretraining.corpus import Corpus
from bench.pretraining.corpus_image import CorpusImage
from bench.pretraining.loop import Pretraining
from bench.pretraining.settings import PretrainSettings

BASELINES = tuple(MODELS)
EPOCHS_IN_TABLE = 10


@dataclass
class Times:
    """Seconds of the steps of one loop, one list for each repetition."""

    steps: list[list[float]] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    """CPU seconds of each whole epoch, of this process and its workers: other programs hardly change them."""

    def step(self, repetition: int) -> float:
        return statistics.median(self.steps[repetition])

    @property
    def median(self) -> float:
        return statistics.median(map(self.step, range(len(self.steps))))


class Stopwatch:
    """Seconds spent in named parts of a step; waits for the GPU at both ends of a part."""

    def __init__(self, cuda: bool) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self.wait = torch.cuda.synchronize if cuda else lambda: None

    def around(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(call)
        def timed(*arguments: Any, **named: Any) -> Any:
            self.wait()
            start = time.perf_counter()
            try:
                return call(*arguments, **named)
            finally:
                self.wait()
                self.seconds[name] += time.perf_counter() - start

        return timed


class TimedLoader:
    """A loader whose waiting time counts."""

    def __init__(self, loader: Any, watch: Stopwatch) -> None:
        self.loader, self.watch = loader, watch

    def __iter__(self) -> Iterator[Any]:
        take = self.watch.around("wait for views", functools.partial(next, iter(self.loader), None))
        while (views := take()) is not None:
            yield views


class OurLoop:
    """Our pretraining of one method, an epoch at a time."""

    def __init__(self, name: str, corpus: Corpus, arguments: argparse.Namespace, folder: Path) -> None:
        cls = methods().get(name)
        self.config = cls.config_class(**cls.quick)
        settings = PretrainSettings(
            epochs=1000,
            batch_size=arguments.batch,
            image_size=arguments.size,
            init="random",
            precision=arguments.precision,
            views=arguments.views,
        )
        compute = Compute(arguments.device, arguments.workers, compile=arguments.compile)
        self.run = Pretraining(cls(self.config), arguments.backbone, corpus, settings, 0, compute)
        start = time.perf_counter()
        fill(self.run.dataset, "corpus", Report(quiet=True))
        self.decode_seconds = time.perf_counter() - start
        self.run.compile(Report())
        self.log = RunLog(LogPlace(folder / name, name, name), Report(quiet=True))
        self.meter = Meter(self.run.fabric.device)

    def epoch(self) -> list[float]:
        ends: list[float] = []
        self.run.run_epoch(self.log, self.meter, lambda note: ends.append(time.perf_counter()))
        return [b - a for a, b in itertools.pairwise(ends)]

    def split(self, cuda: bool) -> dict[str, float]:
        """Share of each part of an epoch's time."""
        run, watch = self.run, Stopwatch(cuda)
        run.loader = TimedLoader(run.loader, watch)
        for name, owner, attribute in (
            ("forward and loss", run.method, "loss"),
            ("backward", run.fabric, "backward"),
            ("clip gradient", run, "_clip"),
            ("optimiser", run.wrapped_optimizer, "step"),
            ("teacher", run.method, "after_step"),
            ("log and meter", self.log, "step"),
            ("log and meter", self.meter, "tick"),
        ):
            setattr(owner, attribute, watch.around(name, getattr(owner, attribute)))
        start = time.perf_counter()
        self.epoch()
        whole = time.perf_counter() - start
        shares = {name: seconds / whole for name, seconds in watch.seconds.items()}
        return shares | {"all else": 1 - sum(shares.values())}


def cpu_seconds() -> float:
    t = os.times()
    return t.user + t.system + t.children_user + t.children_system


def lightly_epoch(loop: LightlyLoop) -> list[float]:
    ends = [time.perf_counter() for _ in loop.epoch()]
    return [b - a for a, b in itertools.pairwise(ends)]


def write_jpegs(folder: Path, count: int) -> list[Path]:
    """Smooth noise with fine grain, as an image of a body compresses and decodes."""
    draw = np.random.default_rng(0)
    files = []
    for number in range(count):
        coarse = Image.fromarray(draw.integers(0, 256, (24, 24, 3), dtype=np.uint8))
        smooth = np.asarray(coarse.resize((512, 512), Image.Resampling.BICUBIC), dtype=np.int16)
        grain = draw.normal(0, 6, (512, 512, 1)).astype(np.int16)
        files.append(folder / f"{number:04d}.jpg")
        Image.fromarray(np.clip(smooth + grain, 0, 255).astype(np.uint8)).save(files[-1], quality=90)
    return files


def make_corpus(files: list[Path]) -> Corpus:
    images = tuple(CorpusImage(f, hashlib.sha256(f.read_bytes()).hexdigest()) for f in files)
    return Corpus("perf", images, {"perf": len(images)}, 0, "perf", {})


def measure(ours: dict[str, OurLoop], lightly: dict[str, LightlyLoop], repetitions: int) -> dict[str, Times]:
    """Steps of every loop, in turns; a first epoch of each is thrown away, compiling happens there."""
    loops: list[tuple[str, Callable[[], list[float]]]] = []
    for name, loop in ours.items():
        loops.append((name, loop.epoch))
        if name in lightly:
            loops.append((f"lightly {name}", functools.partial(lightly_epoch, lightly[name])))
    times: dict[str, Times] = defaultdict(Times)
    for repetition in range(-1, repetitions):
        for name, epoch in loops:
            start, cpu = time.perf_counter(), cpu_seconds()
            steps = epoch()
            if repetition >= 0:
                times[name].steps.append(steps)
                times[name].cpu.append(cpu_seconds() - cpu)
            else:
                print(f"first epoch of {name}: {time.perf_counter() - start:.1f} s", flush=True)
    return times


def ratio(slow: Times, fast: Times) -> str:
    each = [slow.step(r) / fast.step(r) for r in range(len(slow.steps))]
    return f"{statistics.median(each):.2f} ({min(each):.2f} to {max(each):.2f})"


def report(ours: dict[str, OurLoop], times: dict[str, Times], batch: int, images: int) -> None:
    print("\n| loop | seconds a step | images/s | CPU ms an image |\n|---|---|---|---|")
    for name, t in times.items():
        print(f"| {name} | {t.median:.3f} | {batch / t.median:.1f} | {1000 * statistics.median(t.cpu) / images:.1f} |")
    print("\n| ratio | median (lowest to highest repetition) |\n|---|---|")
    if "lvmmed" in times and "simclr" in times:
        print(f"| step of LVM-Med / step of SimCLR | {ratio(times['lvmmed'], times['simclr'])} |")
    for name in BASELINES:
        if f"lightly {name}" in times:
            print(f"| images/s of our {name} / lightly's | {ratio(times[f'lightly {name}'], times[name])} |")
    decode = next(iter(ours.values())).decode_seconds
    print(f"\nDecoding {images} images: {decode:.2f} s. From files, {EPOCHS_IN_TABLE} epochs from the medians above,")
    print("with our decoding and without compiling:\n\n| method | ours (s) | lightly (s) | ratio |\n|---|---|---|---|")
    for name in (n for n in BASELINES if f"lightly {n}" in times):
        steps = EPOCHS_IN_TABLE * (images // batch)
        mine, theirs = decode + steps * times[name].median, steps * times[f"lightly {name}"].median
        print(f"| {name} | {mine:.1f} | {theirs:.1f} | {theirs / mine:.2f} |")


def report_split(ours: dict[str, OurLoop], cuda: bool) -> None:
    shares = {name: loop.split(cuda) for name, loop in ours.items()}
    rows = list(dict.fromkeys(part for split in shares.values() for part in split))
    print(f"\nWhere our time goes:\n\n| part | {' | '.join(shares)} |\n|---|{'---|' * len(shares)}")
    for part in rows:
        print(f"| {part} | {' | '.join(f'{100 * split.get(part, 0):.1f} %' for split in shares.values())} |")


def parse() -> argparse.Namespace:
    cuda = torch.cuda.is_available()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--methods", default="simclr,lvmmed,byol,dino")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--images", type=int, default=2048 if cuda else 640)
    parser.add_argument("--batch", type=int, default=256 if cuda else 32)
    parser.add_argument("--size", type=int, default=224 if cuda else 96)
    parser.add_argument("--backbone", default="resnet50" if cuda else "resnet18")
    parser.add_argument("--device", default="cuda" if cuda else "cpu")
    parser.add_argument("--workers", type=int, default=None, help="processes that load for our loop")
    where = "device" if cuda else "cpu"
    parser.add_argument("--views", choices=("cpu", "device"), default=where, help="what computes those of our loop")
    parser.add_argument("--lightly-workers", type=int, default=8 if cuda else 2)
    precisions = ("32-true", "bf16-mixed")
    parser.add_argument("--precision", choices=precisions, default="bf16-mixed", help="of our loop")
    theirs = "bf16-mixed" if cuda else "32-true"
    parser.add_argument("--lightly-precision", choices=precisions, default=theirs, help="of lightly's loop")
    parser.add_argument("--compile", action=argparse.BooleanOptionalAction, default=True)
    arguments = parser.parse_args()
    if arguments.images < 2 * arguments.batch:
        parser.error("--images must be at least twice --batch: the first step of an epoch does not count")
    return arguments


def main() -> None:
    prepare_process()  # as the command line does
    arguments = parse()
    cuda = arguments.device == "cuda"
    with tempfile.TemporaryDirectory() as folder:
        files = write_jpegs(Path(folder), arguments.images)
        corpus = make_corpus(files)
        names = arguments.methods.split(",")
        ours = {name: OurLoop(name, corpus, arguments, Path(folder)) for name in names}
        common = (files, arguments.batch, arguments.size, arguments.lightly_workers, arguments.device)
        bf16 = arguments.lightly_precision == "bf16-mixed"
        lightly = {
            n: LightlyLoop(n, arguments.backbone, ours[n].config, *common, bf16) for n in names if n in BASELINES
        }
        print(
            f"{arguments.backbone}, {arguments.size} px, batch {arguments.batch}, {arguments.device}, "
            f"{torch.get_num_threads()} threads, torch {torch.__version__}, ours in {arguments.precision}, "
            f"lightly's in {arguments.lightly_precision}, compile {arguments.compile}"
        )
        times = measure(ours, lightly, arguments.repetitions)
        report(ours, times, arguments.batch, arguments.images)
        report_split(ours, cuda)


if __name__ == "__main__":
    main()
