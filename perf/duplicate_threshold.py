"""Recall of planted copies, and pairs among images that are no planted copies, against the threshold of similarity.

    python perf/duplicate_threshold.py --made-up 10000
    python perf/duplicate_threshold.py --data-root ~/data --task brain_tumor,kvasir_seg,jsrt,dr_patient600

Of at most 1000 images one changed copy each is planted, the kinds of change in turn. Made-up heads, which share their
outline and nothing else, have no copies of their own; real data sets may, and then `pairs` counts these too. Images of
equal pixels count once.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

THRESHOLDS = (0.85, 0.88, 0.90, 0.91, 0.92, 0.93, 0.94, 0.95, 0.97)
PLANTED = 1000


def made_up(n: int) -> list[Image.Image]:
    from tests.data.near_duplicates.planted import head

    return [head(seed) for seed in range(n)]


def real(name: str, root: Path) -> list[Image.Image]:
    """The images of a task's data set, those of equal pixels once."""
    from bench.core.console import Report
    from bench.core.registry import tasks
    from bench.data.content import read_contents, sources_of
    from bench.data.dataset import read_data
    from bench.data.decoding.images import read_image

    data = read_data(tasks().get(name).data, root)
    contents = read_contents(sources_of(data), Report(quiet=True))
    paths = {contents[data.hashes[case.id]].key: case.image for case in data.cases}
    return [read_image(path) for _, path in sorted(paths.items())]


def curve(images: list[Image.Image]) -> Iterator[str]:
    """A row per threshold."""
    from bench.core.console import Report
    from bench.data.content import make_thumbnail
    from bench.data.near_duplicates.search import near_pairs
    from tests.data.near_duplicates.planted import CHANGES

    kinds, n = list(CHANGES), len(images)
    thumbnails = [make_thumbnail(np.asarray(image)) for image in images]
    chosen = np.random.default_rng(0).permutation(n)[:PLANTED].tolist()
    for number, place in enumerate(chosen):
        thumbnails.append(make_thumbnail(np.asarray(CHANGES[kinds[number % len(kinds)]](images[place]))))
    planted = {(place, n + number): kinds[number % len(kinds)] for number, place in enumerate(chosen)}
    found = {pair[:2]: pair.similarity for pair in near_pairs(np.stack(thumbnails), Report(), THRESHOLDS[0])}
    for threshold in THRESHOLDS:
        kept = {pair for pair, score in found.items() if score >= threshold}
        among = sum(second < n for _, second in kept)
        missed = [kind for pair, kind in planted.items() if pair not in kept]
        worst = max(kinds, key=missed.count) if missed else ""
        scaled = among * (10_000 / n) ** 2
        yield f"{threshold:>9.2f} {1 - len(missed) / len(planted):>7.1%} {among:>6} {scaled:>11.1f}  {worst}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--made-up", type=int, default=0, help="number of made-up heads")
    parser.add_argument("--data-root", type=Path)
    parser.add_argument("--task", default="")
    options = parser.parse_args()
    sets = {"made-up heads": made_up(options.made_up)} if options.made_up else {}
    sets |= {name: real(name, options.data_root) for name in options.task.split(",") if name}
    for name, images in sets.items():
        print(f"{name}: {len(images)} images, {min(PLANTED, len(images))} copies planted")
        print(f"{'threshold':>9} {'recall':>7} {'pairs':>6} {'of 10 000':>11}  most missed")
        for row in curve(images):
            print(row, flush=True)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    main()
