"""Pictures of predictions: the image with its true and predicted boxes."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torchvision.utils import draw_bounding_boxes

from bench.core.files import write_atomic
from bench.core.task import BoxTarget
from tasks.kinds.detection.scores import Detected

SHOWN_SCORE = 0.3
"""Predictions with a lower score are not drawn."""
MOST_SHOWN = 10
"""Predictions drawn, those with the highest scores."""
SMALLEST_SIDE = 256
"""Smaller images are enlarged to at least this many pixels, so that names can be read."""
_TRUE, _PREDICTED = "#00c853", "#ffab00"
"""Green and amber."""


LEGEND = {"true box": _TRUE, f"predicted box, score {SHOWN_SCORE} or more": _PREDICTED}


def save_picture(
    image: Image.Image, target: BoxTarget, detected: Detected, classes: tuple[str, ...], path: Path
) -> None:
    """Write a PNG with true boxes in green and predicted boxes of `SHOWN_SCORE` in amber, named with their scores.

    The image may be a resized copy of the one that the boxes are for.
    """
    drawn = draw_boxes(image, target, classes, detected)
    write_atomic(path, partial(drawn.save, format="PNG"))


def draw_boxes(
    image: Image.Image,
    target: BoxTarget,
    classes: tuple[str, ...],
    detected: Detected | None = None,
    *,
    truth: bool = True,
) -> Image.Image:
    """The image, enlarged where it is small, with its true boxes, unless they are left out, and those `detected`."""
    enlarged = -(-SMALLEST_SIDE // min(image.size))
    image = image.resize((enlarged * image.width, enlarged * image.height), Image.Resampling.BILINEAR)
    scale = np.array([image.width / target.width, image.height / target.height] * 2)
    true = np.array([box[1:] for box in target.boxes if truth], dtype=float).reshape(-1, 4)
    boxes, names = true, [classes[box.label] for box in target.boxes if truth]
    if detected is not None:
        shown = np.flatnonzero(detected["scores"] >= SHOWN_SCORE)[:MOST_SHOWN]
        boxes = np.concatenate([true, detected["boxes"][shown]])
        found = zip(detected["labels"][shown], detected["scores"][shown], strict=True)
        names += [f"{classes[label]} {score:.2f}" for label, score in found]
    pixels = torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1)
    if len(boxes):
        colours = [_TRUE] * len(true) + [_PREDICTED] * (len(boxes) - len(true))
        pixels = draw_bounding_boxes(pixels, torch.from_numpy(boxes * scale), names, colours, width=2)
    return Image.fromarray(pixels.permute(1, 2, 0).numpy())
