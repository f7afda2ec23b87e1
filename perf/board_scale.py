"""CPU time and peak memory of boards and tables for 1 000 to 100 000 runs, and how they grow.

Synthetic runs: five tasks, one of several sites, and ever more backbones; on each a method without pretraining with 30
seeds, and a method and nine ablations of it with ten budgets and three seeds. From the frame of runs to the text of all
CSV files; each size in a process of its own. Run: python perf/board_scale.py [runs ...].
"""

import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

from bench.results.ablations import ablation_texts
from bench.results.domains import DISTRIBUTION, SITE
from bench.results.leaderboard import EFFICIENCY
from bench.results.record import AblationRecord
from bench.results.tables import leaderboard_texts

SIZES = (1_000, 10_000, 100_000)
TASKS = ("brain_tumor", "drive", "jsrt", "kvasir_seg", "prostate")
SEEDS = 3
BUDGETS = 10
VARIANTS = [AblationRecord(name=f"alpha_{i}", order=i, changes={"alpha": i / 10}) for i in range(1, 10)]
PUBLISHED = Path(__file__).parents[1] / "results" / "published"


def make_runs(count: int) -> pd.DataFrame:
    """A frame of synthetic runs, with the columns that `to_frame` makes."""
    number = np.arange(count)
    seed, rest = number % SEEDS, number // SEEDS
    task, rest = rest % len(TASKS), rest // len(TASKS)
    contestant, rest = rest % (len(VARIANTS) + 2), rest // (len(VARIANTS) + 2)
    budget, backbone = rest % BUDGETS, rest // BUDGETS
    variants = [VARIANTS[i - 2 : i - 1] if i > 1 else [] for i in contestant]
    changed = [variant[0].changes if variant else {} for variant in variants]
    budgets = [f"pretrain.epochs={i + 1}" for i in budget]
    own = [f"method.alpha={c['alpha']} {text}" if c else text for c, text in zip(changed, budgets, strict=True)]
    trained = contestant > 0
    frame = pd.DataFrame({"task": np.array(TASKS)[task], "backbone": [f"resnet{i}" for i in backbone]})
    return frame.assign(
        **{"data": "real", "profile": "quick", "protocol": "finetune", "metric": "dice", "source_hash": "1"},
        data_set=frame["task"],
        evaluation_hash=[f"{i:08x}" for i in task],
        evaluation_settings="",
        method=np.where(trained, "lvmmed", "random"),
        settings=np.where(trained, own, ""),
        corpus=np.where(trained, "pool", ""),
        budget=np.where(trained, budgets, ""),
        pretraining_hash=[f"{i:08x}" for i in np.where(trained, budget * 100 + contestant, 0)],
        stand_in=False,
        seed=np.where(trained, seed, seed + SEEDS * budget),
        changed=changed,
        method_settings=[{"alpha": 0.0, "nodes": 16} | c for c in changed],
        ablations=variants,
        logged=[{"loss": 1.0, "matching_accuracy": 0.5}] * count,
        **_scores(count, several_sites=frame["task"] == "prostate"),
    )


def _scores(count: int, several_sites: pd.Series) -> dict[str, np.ndarray]:
    generator = np.random.default_rng(0)
    names = ("score", "without_duplicates", "validation", *EFFICIENCY)
    of_sites = (*DISTRIBUTION, f"{SITE}A", f"{SITE}B")
    scores = {name: generator.uniform(size=count) for name in (*names, *of_sites)}
    return scores | {name: np.where(several_sites, scores[name], np.nan) for name in of_sites}


def measure(count: int) -> None:
    frame = make_runs(count)
    start, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    texts = leaderboard_texts(frame, PUBLISHED) | ablation_texts(frame, PUBLISHED)
    seconds, peak = time.process_time() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(seconds, peak / 1024, (peak - before) / 1024, sum(text.count("\n") - 1 for text in texts.values()))


def main() -> None:
    sizes = [int(text) for text in sys.argv[1:]] or SIZES
    print("| runs | rows of tables | CPU seconds | per 1 000 runs | peak memory (MiB) | growth of seconds / of runs |")
    print("|---|---|---|---|---|---|")
    last = None
    for count in sizes:
        done = subprocess.run([sys.executable, __file__, "measure", str(count)], check=True, stdout=subprocess.PIPE)
        seconds, peak, _, lines = map(float, done.stdout.split())
        ratio = f"{seconds / last[1]:.1f} / {count / last[0]:.1f}" if last else ""
        print(f"| {count} | {lines:.0f} | {seconds:.2f} | {1000 * seconds / count:.3f} | {peak:.0f} | {ratio} |")
        last = count, seconds


if __name__ == "__main__":
    measure(int(sys.argv[2])) if sys.argv[1:2] == ["measure"] else main()
