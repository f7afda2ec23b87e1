"""Coverage of the 95 % intervals, and false positives of the corrected comparisons, on simulated benchmarks.

    python perf/interval_coverage.py --benchmarks 500

Scores by seed and case are an effect of the seed, one of the case, shared by all seeds, and an interaction. `accuracy`
is whether their sum, as a normal latent variable, is above a threshold; `score` is the sum itself. The truth is that of
all seeds and cases. `resampled` is the plain percentile bootstrap that resamples seeds and cases, beside ours.
Comparisons are of five methods that are level; a false positive is any pair that differs after Holm's correction.
"""

from __future__ import annotations

import argparse
import sys
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import numpy as np

SEEDS, CASES = (3, 5, 10), (50, 400)
DRAWS = 2000
METHODS = 5


class Effects(NamedTuple):
    """Standard deviations of the parts of a score."""

    seed: float
    case: float
    interaction: float


WORLDS = {
    "cases": Effects(0.02, 0.6, 0.8),
    "seeds": Effects(0.25, 0.6, 0.8),
    "both": Effects(0.1, 0.6, 0.8),
}
MEAN = 0.3


def simulate(world: Effects, n_seeds: int, n_cases: int, n_methods: int, rng: np.random.Generator) -> np.ndarray:
    """Latent scores (methods, seeds, cases); half of the variance of a case is shared by the methods."""
    shared = np.sqrt(0.5) * world.case * rng.normal(size=(1, 1, n_cases))
    own = np.sqrt(0.5) * world.case * rng.normal(size=(n_methods, 1, n_cases))
    seed = world.seed * rng.normal(size=(n_methods, n_seeds, 1))
    return MEAN + shared + own + seed + world.interaction * rng.normal(size=(n_methods, n_seeds, n_cases))


def truth(world: Effects, metric: str) -> float:
    from scipy.special import ndtr

    deviation = np.sqrt(world.seed**2 + world.case**2 + world.interaction**2)
    return float(ndtr(MEAN / deviation)) if metric == "accuracy" else MEAN


def scores_of(table: np.ndarray):
    """What the records of one method (seeds, cases) give."""
    from bench.results.statistics.resampling import case_weights
    from bench.results.statistics.two_level import Scores

    weights = case_weights([str(i) for i in range(table.shape[1])], DRAWS)
    draws = table.astype(np.float32) @ weights / weights.sum(axis=0)
    return Scores(tuple(range(len(table))), table.mean(axis=1), draws, ("t",) * len(table), table.shape[1])


def covers(scores, value: float, low: float, high: float) -> bool:
    from bench.results.statistics.two_level import percentile_interval, resampled_means, spread_of

    spread = spread_of(scores.recorded, scores.draws, scores.n_subjects)
    ends = percentile_interval(resampled_means(scores, spread, low, high))
    return ends[0] <= value <= ends[1]


def resampled_covers(scores, value: float, rng: np.random.Generator) -> bool:
    """The plain bootstrap: seeds drawn with replacement in each draw."""
    n_seeds = len(scores.seeds)
    times = rng.multinomial(n_seeds, np.full(n_seeds, 1 / n_seeds), DRAWS).T
    low, high = np.quantile((times * scores.draws).sum(axis=0) / n_seeds, [0.025, 0.975])
    return low <= value <= high


def any_differs(methods) -> bool:
    """Whether a pair of methods is told apart after the correction."""
    from bench.results.statistics.differences import difference
    from bench.results.statistics.seeds import holm

    p = [difference(a, b).p_of_zero() for a, b in combinations(methods, 2)]
    return bool((holm(np.array(p)) < 0.05).any())


def measure(
    metric: str, world: Effects, n_seeds: int, n_cases: int, n_benchmarks: int, seed: int = 0
) -> dict[str, float]:
    """Shares of benchmarks: `coverage`, `resampled` and `false_positives`."""
    rng = np.random.default_rng([seed, n_seeds, n_cases])
    found = []
    for _ in range(n_benchmarks):
        latent = simulate(world, n_seeds, n_cases, METHODS, rng)
        methods = [scores_of(table > 0 if metric == "accuracy" else table) for table in latent]
        value, ends = truth(world, metric), (0.0, 1.0) if metric == "accuracy" else (-np.inf, np.inf)
        ours, plain = covers(methods[0], value, *ends), resampled_covers(methods[0], value, rng)
        found.append((ours, plain, any_differs(methods)))
    return dict(zip(("coverage", "resampled", "false_positives"), np.mean(found, axis=0).tolist(), strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--benchmarks", type=int, default=500)
    n_benchmarks = parser.parse_args().benchmarks
    print("| metric | spread of | seeds | cases | coverage | resampled seeds and cases | false positives |")
    print("|---|---|---|---|---|---|---|")
    for metric in ("accuracy", "score"):
        for name, world in WORLDS.items():
            for n_seeds in SEEDS:
                for n_cases in CASES:
                    found = measure(metric, world, n_seeds, n_cases, n_benchmarks)
                    shares = " | ".join(f"{100 * value:.1f}" for value in found.values())
                    print(f"| {metric} | {name} | {n_seeds} | {n_cases} | {shares} |", flush=True)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    main()
