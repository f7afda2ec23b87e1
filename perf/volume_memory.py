"""Memory and time of decoding and of scoring one volume of the size that MM-WHS's CT scans reach, 512 x 512 x 363.

A synthetic volume with seven structures is written as the owner's files are (int16, gzip). Decoding is what the first
epoch does to it; scoring compares a prediction with the truth on the owner's grid, once a good one, and once the worst
case for distances: every structure with a stray voxel in the opposite corner, so that boxes span the volume. Each runs
in a process of its own; peak is the growth of the resident set. Run: python perf/volume_memory.py [side slices]
"""

from __future__ import annotations

import multiprocessing
import sys
import tempfile
from pathlib import Path

import nibabel
import numpy as np
from matching_memory import peak_growth

from bench.core.registry import kinds, tasks
from bench.core.task import Case
from bench.runs.config import resolve_config
from tasks.kinds.segmentation.volume_scores import score_volume
from tasks.readers.mmwhs import VALUES

SPACING_MM = (0.5, 0.35, 0.35)


def labels_of(shape: tuple[int, int, int]) -> np.ndarray:
    """Seven boxes in a row, labelled 1 to 7, in the middle of a volume (X, Y, Z)."""
    labels = np.zeros(shape, np.uint8)
    x, y, z = shape
    for k in range(7):
        labels[x // 4 + k * x // 16 : x // 4 + (k + 1) * x // 16, y // 3 : y // 2, z // 3 : z // 2] = k + 1
    return labels


def write(folder: Path, shape: tuple[int, int, int]) -> Case:
    """The two files of one case."""
    labels = labels_of(shape)
    noise = np.random.default_rng(0).integers(-1000, 1000, shape, dtype=np.int16)
    numbers = np.zeros(8, np.int16)
    numbers[list(VALUES.values())] = list(VALUES)
    affine = np.diag([*SPACING_MM[::-1], 1.0])
    paths = folder / "image.nii.gz", folder / "label.nii.gz"
    for path, array in zip(paths, (noise, numbers[labels]), strict=True):
        nibabel.save(nibabel.Nifti1Image(array, affine), path)
    return Case("volume", paths[0], None, None, labels=(paths[1],))


def decode(case: Case) -> tuple[float, float]:
    """MiB and CPU seconds of decoding, in this process."""
    task = tasks().get("mmwhs_ct")
    config = resolve_config("random", task, "finetune", "paper", "resnet50", {})
    kind_class = kinds().get(task.kind)
    kind = kind_class(task, kind_class.settings_class.model_validate(config.task))
    return peak_growth(lambda: kind.prepare(case))


def score(shape: tuple[int, int, int], stray: bool) -> tuple[float, float]:
    """MiB and CPU seconds of scoring, in this process."""
    classes = tasks().get("mmwhs_ct").data.classes
    truth = labels_of(shape).transpose(2, 0, 1)
    prediction = np.roll(truth, 2, axis=1)
    if stray:
        for k in range(7):
            prediction[0, 0, k] = prediction[-1, -1, k] = k + 1
    return peak_growth(lambda: score_volume(truth, prediction, classes, SPACING_MM))


def main() -> None:
    side, slices = map(int, sys.argv[1:3] or ("512", "363"))
    shape = (side, side, slices)
    print(f"{side} x {side} x {slices}\n\n| part | peak growth (GiB) | CPU seconds |\n|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        jobs = [
            ("decoding volume and labels", decode, (write(Path(folder), shape),)),
            ("scoring a good prediction", score, (shape, False)),
            ("scoring with stray voxels of every structure", score, (shape, True)),
        ]
        for name, function, arguments in jobs:
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                mib, seconds = pool.apply(function, arguments)
            print(f"| {name} | {mib / 1024:.2f} | {seconds:.0f} |", flush=True)


if __name__ == "__main__":
    main()
