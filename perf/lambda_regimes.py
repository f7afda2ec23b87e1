"""For which lambda the second matching of LVM-Med's gradient is the identity, while an encoder is pretrained.

Algorithm 1 compares the matching that was found with that of affinities moved by lambda against the loss. Where the
second is the identity, the gradient is (v - v*) / lambda: lambda only scales it, and Adam does not see a scale.

`bench pretrain`'s own loop, the settings of `quick` but for lambda and the noise, on the corpus `task` of a data set;
a row per lambda and noise scale, counted over all graphs of all steps. *Proven*: without a search, by the bound of
`methods/lvmmed/optimality.py`. Without --data-root the phantom. Run:

    python perf/lambda_regimes.py [--data-root DATA] [--task brain_tumor] [--epochs 2]
"""

import argparse
import tempfile
from pathlib import Path
from unittest.mock import patch

import torch

from bench.core import registry
from bench.core.cache_folder import default_cache
from bench.core.console import Report
from bench.engine.compute import Compute
from bench.pretraining.loop import Pretraining, pretrain
from bench.pretraining.settings import QUICK_PRETRAIN, PretrainSettings
from bench.runs.world import World
from methods.lvmmed import LVMMed
from methods.lvmmed.imle import Matcher
from methods.lvmmed.optimality import nearest_if_best

LAMBDAS = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 80.0)
NOISES = (0.1, 1.0)


class Counted:
    """Counts what the second matchings are, in place of `Matcher.solve_moved`."""

    def __init__(self) -> None:
        self.graphs = self.identities = self.proven = 0

    def __call__(self, matcher, c_v, c_e, edges, guess):
        moved = matcher.solve(c_v, c_e, edges, guess)
        self.graphs += len(moved)
        self.identities += int((moved == torch.arange(moved.shape[1])).all(1).sum())
        self.proven += int(nearest_if_best(c_v, c_e, *edges, matcher.iterations)[1].sum())
        return moved


def row(corpus, lambda_: float, noise: float, epochs: int) -> str:
    config = LVMMed.config_class.model_validate({**LVMMed.quick, "lambda_": lambda_, "gumbel_scale": noise})
    settings = PretrainSettings.model_validate({**QUICK_PRETRAIN, "epochs": epochs})
    counted = Counted()
    run = Pretraining(LVMMed(config), "resnet18", corpus, settings, 0, Compute("cpu", 0))
    with (
        tempfile.TemporaryDirectory() as folder,
        patch.object(Matcher, "solve_moved", lambda self, *given: counted(self, *given)),
    ):
        pretrain(run, Path(folder), "lambda", {}, Report(quiet=True))
    share = counted.identities / counted.graphs, counted.proven / counted.graphs
    return f"| {noise:g} | {lambda_:g} | {run.total_steps} | {counted.graphs} | {share[0]:.1%} | {share[1]:.1%} |"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data-root", type=Path)
    parser.add_argument("--task", default="brain_tumor")
    parser.add_argument("--epochs", type=int, default=2)
    given = parser.parse_args()
    data_set, report = registry.tasks().get(given.task).data, Report(quiet=True)
    root = given.data_root
    world = World(root, report) if root else World.phantom([data_set], default_cache(), report)
    corpus = world.corpus("task", data_set, 0)
    print("| noise | lambda | steps | graphs | second matching is the identity | proven |\n" + "|---" * 6 + "|")
    for noise in NOISES:
        for lambda_ in LAMBDAS:
            print(row(corpus, lambda_, noise, given.epochs), flush=True)


if __name__ == "__main__":
    main()
