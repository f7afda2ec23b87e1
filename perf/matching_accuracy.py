"""Does LVM-Med learn from random weights? Matching accuracy over the first steps, literal settings against quick's.

ResNet-18, 48 px, batch 64 (4 graphs of 16 images a step), corpus: the training images under the data root, a mean over
windows of 10 steps = 640 matches; chance 0.0625. `literal` has neither residual nor norm; the others change one thing.
Run: BENCH_DATA=DATA python perf/matching_accuracy.py [steps] [seeds] [settings, comma-separated].
"""

import sys
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd

from bench.config import PretrainSettings
from bench.data import resolve_root
from bench.pretrain import Compute, Pretraining, pretrain
from bench.progress import Report
from bench.registry import methods
from bench.world import World
from tasks.brain_tumor import BRAIN_TUMOR

LITERAL = {"residual": False, "projector_norm": "none"}
SETTINGS: dict[str, dict[str, Any]] = {
    "quick": {},
    "literal": LITERAL,
    "without the residual": {"residual": False},
    "without the norm": {"projector_norm": "none"},
    "without message passing": {"message_passing": False},
}
WINDOW = 10


def accuracy(world: World, changes: dict[str, Any], steps: int, seed: int) -> pd.Series:
    cls = methods().get("lvmmed")
    method = cls(cls.config_class(**{**cls.quick, **changes}))
    corpus = world.corpus("pool", BRAIN_TUMOR, seed)
    epochs = -(-steps // (len(corpus.images) // 64))
    settings = PretrainSettings(epochs=epochs, batch_size=64, image_size=48, init="random")
    with tempfile.TemporaryDirectory() as folder:
        run = Pretraining(method, "resnet18", corpus, settings, seed, Compute("cpu"))
        pretrain(run, Path(folder), "perf", {}, Report())
        log = pd.read_csv(Path(folder) / "log.csv").set_index("step")["matching_accuracy"]
    return log.groupby(log.index // WINDOW).mean()


def main() -> None:
    steps = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    seeds = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    root = resolve_root(None)
    if root is None:
        sys.exit("Set BENCH_DATA to a data root with the real brain-tumour set.")
    world = World(root, Report())
    rows = {}
    wanted = sys.argv[3].split(",") if len(sys.argv) > 3 else list(SETTINGS)
    for name, changes in ((name, SETTINGS[name]) for name in wanted):
        rows[name] = pd.concat([accuracy(world, changes, steps, s) for s in range(seeds)], axis=1).mean(axis=1)
    table = pd.DataFrame(rows).T
    ends = [f"{(int(c) + 1) * WINDOW}" for c in table.columns]
    print(f"\nmean over {seeds} seed(s)\n\n| setting | up to step {' | '.join(ends)} |\n|---|{'---|' * len(ends)}")
    for name, values in table.iterrows():
        print(f"| {name} | {' | '.join(f'{v:.3f}' for v in values)} |")


if __name__ == "__main__":
    main()
