"""How the search for near duplicates grows with the number of images: seconds and memory, on made-up textures.

    python perf/near_duplicates.py --sizes 10000 100000

One image in a hundred is a planted copy of another (mirrored, cropped or brighter), so that something is found.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time

import numpy as np

SIDE, PLANTED = 64, 100


def make_thumbnails(n: int) -> np.ndarray:
    """(n, 64, 64) uint8: smooth textures, every hundredth a changed copy of the one before it."""
    import cv2

    rng = np.random.default_rng(0)
    made = np.empty((n, SIDE, SIDE), np.uint8)
    for i in range(n):
        if i % PLANTED == 1:
            made[i] = changed(made[i - 1], i // PLANTED)
            continue
        rough = rng.standard_normal((SIDE, SIDE)).astype(np.float32)
        smooth = cv2.GaussianBlur(rough, (0, 0), 4) + 0.3 * cv2.GaussianBlur(rough, (0, 0), 1.5)
        made[i] = np.clip(128 + 40 * smooth / smooth.std(), 0, 255)
    return made


def changed(image: np.ndarray, kind: int) -> np.ndarray:
    import cv2

    if kind % 3 == 0:
        return image[:, ::-1]
    if kind % 3 == 1:
        return cv2.resize(image[3:-3, 3:-3], (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return np.clip(image * 0.8, 0, 255).astype(np.uint8)


def search(n: int) -> None:
    """Print the row of one size; in a process of its own, for the memory."""
    import resource

    import torch

    from bench.core.console import Report
    from bench.data.near_duplicates import search as searching

    torch.set_num_threads(2)
    thumbnails = make_thumbnails(n)
    start = time.perf_counter()
    candidates = sum(1 for _ in searching.find_candidates(thumbnails))
    found = time.perf_counter()
    pairs = {pair[:2] for pair in searching.near_pairs(thumbnails, Report(quiet=True))}
    whole = time.perf_counter() - found
    planted = {(i, i + 1) for i in range(0, n - 1, PLANTED)}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{n:>8} {found - start:>11.1f} {candidates:>11} {whole:>8.1f} {len(planted & pairs):>6} of {len(planted):<5} "
        f"{len(pairs - planted):>6} {peak:>9.0f}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10000, 100000])
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        search(options.sizes[0])
        return
    print(
        f"{'images':>8} {'screening s':>11} {'looked at':>11} {'all s':>8} {'found':>15} {'others':>6} {'peak MiB':>9}"
    )
    sys.stdout.flush()
    for size in options.sizes:
        subprocess.run([sys.executable, __file__, "--one", "--sizes", str(size)], check=True)


if __name__ == "__main__":
    main()
