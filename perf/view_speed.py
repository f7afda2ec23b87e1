"""What a view costs on one core: ours from a kept array, lightly's, torchvision's v2, and albumentations' if installed.

SimCLR's views (crop, flip, colour jitter, grey, blur, normalisation) of 96 px from smooth images with grain of 192 by
240 px in memory, each row in turns with the others on the same images, CPU time, median over the turns. Ours is timed
with what a loader does around it: from the array to the tensor. Ratios are of turns in the same run; other programs on
the machine slow all rows alike. The batched executor is timed on the device of the training: perf/gpu.py.
Run: python perf/view_speed.py [--help].
"""

from __future__ import annotations

import argparse
import statistics
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from lightly.transforms import SimCLRTransform
from PIL import Image
from torchvision.transforms import v2

from bench.engine.images import MEAN, STD
from bench.engine.process import prepare_process
from bench.engine.seeding import seeded
from bench.pretraining.augment import Augmentation, MultiView
from bench.pretraining.views.resize import crop_resized

View = Callable[[np.ndarray], Any]


def pictures(count: int) -> list[np.ndarray]:
    draw = np.random.default_rng(0)
    found = []
    for _ in range(count):
        coarse = Image.fromarray(draw.integers(0, 256, (12, 15, 3), dtype=np.uint8))
        smooth = np.asarray(coarse.resize((240, 192), Image.Resampling.BICUBIC))
        found.append(np.clip(smooth + draw.normal(0, 6, smooth.shape), 0, 255).astype(np.uint8))
    return found


def torchvisions(size: int) -> View:
    steps = [
        v2.ToImage(),
        v2.RandomResizedCrop(size, (0.08, 1.0), antialias=True),
        v2.RandomHorizontalFlip(),
        v2.RandomApply([v2.ColorJitter(0.8, 0.8, 0.8, 0.2)], 0.8),
        v2.RandomGrayscale(0.2),
        v2.RandomApply([v2.GaussianBlur(5, (0.1, 0.9))], 0.5),
        v2.ToDtype(torch.float32, scale=True),
        v2.Normalize(MEAN, STD),
    ]
    return v2.Compose(steps)


def albumentations(size: int) -> View | None:
    """The same by albumentations, with OpenCV's plain bilinear resize, or None where it is not installed."""
    try:
        import albumentations as A
        from albumentations.pytorch import ToTensorV2
    except ImportError:
        return None
    compose = A.Compose(
        [
            A.RandomResizedCrop((size, size), scale=(0.08, 1.0)),
            A.HorizontalFlip(p=0.5),
            A.ColorJitter((0.2, 1.8), (0.2, 1.8), (0.2, 1.8), (-0.2, 0.2), p=0.8),
            A.ToGray(p=0.2),
            A.GaussianBlur(blur_limit=0, sigma_limit=(0.1, 0.9), p=0.5),
            A.Normalize(MEAN, STD),
            ToTensorV2(),
        ]
    )
    return lambda image: compose(image=image)["image"]


def rows(size: int) -> dict[str, tuple[View, int]]:
    """Name -> what makes views of an array, and how many at a call."""
    ours = MultiView(2 * [Augmentation(size)])
    lightly = SimCLRTransform(size, cj_strength=1.0)
    found: dict[str, tuple[View, int]] = {
        "ours": (ours, 2),
        "lightly SimCLRTransform, Pillow": (lambda image: lightly(Image.fromarray(image)), 2),
        "torchvision v2, tensors": (torchvisions(size), 1),
    }
    theirs = albumentations(size)
    if theirs is None:
        print("albumentations is not installed: no row of it (pip install albumentations).")
    else:
        found["albumentations, OpenCV's resize without antialiasing"] = (theirs, 1)
    box = (20, 20, 140, 160)
    found["crop alone, ours"] = (lambda image: crop_resized(image, box, size, size, Image.Resampling.BILINEAR), 1)
    found["crop alone, Pillow, wrapped and unwrapped"] = (lambda image: pillows_crop(image, box, size), 1)
    return found


def pillows_crop(image: np.ndarray, box: tuple[int, int, int, int], size: int) -> np.ndarray:
    top, left, height, width = box
    area = (left, top, left + width, top + height)
    return np.array(Image.fromarray(image).resize((size, size), Image.Resampling.BILINEAR, box=area))


def main() -> None:
    prepare_process()  # as the command line does
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=96)
    parser.add_argument("--images", type=int, default=32, help="of each turn")
    parser.add_argument("--turns", type=int, default=15)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    images, every = pictures(arguments.images), rows(arguments.size)
    times: dict[str, list[float]] = {name: [] for name in every}
    for turn in range(-1, arguments.turns):
        for name, (view, count) in every.items():
            with seeded(turn % 2**32), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                start = time.process_time()
                for image in images:
                    view(image)
                if turn >= 0:
                    times[name].append(1000 * (time.process_time() - start) / len(images) / count)
    print("\n| a view | CPU ms, median | times ours, median (lowest to highest turn) |\n|---|---|---|")
    for name, found in times.items():
        each = [a / b for a, b in zip(found, times["ours"], strict=True)]
        ratio = f"{statistics.median(each):.2f} ({min(each):.2f} to {max(each):.2f})"
        print(f"| {name} | {statistics.median(found):.3f} | {ratio} |")


if __name__ == "__main__":
    main()
