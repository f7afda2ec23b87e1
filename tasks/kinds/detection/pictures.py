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


def save_picture(
    image: Image.Image, target: BoxTarget, detected: Detected, classes: tuple[str, ...], path: Path
) -> None:
    """Write a PNG with true boxes in green and predicted boxes of `SHOWN_SCORE` in amber, named with their scores.

    The image may be a resized copy of the one that the boxes are for.
    """
    enlarged = -(-SMALLEST_SIDE // min(image.size))
    image = image.resize((enlarged * image.width, enlarged * image.height), Image.Resampling.BILINEAR)
    scale = np.array([image.width / target.width, image.height / target.height] * 2)
    shown = np.flatnonzero(detected["scores"] >= SHOWN_SCORE)[:MOST_SHOWN]
    true = np.array([box[1:] for box in target.boxes]).reshape(-1, 4)
    boxes = np.concatenate([true, detected["boxes"][shown]]) * scale
    found = zip(detected["labels"][shown], detected["scores"][shown], strict=True)
    names = [classes[box.label] for box in target.boxes] + [f"{classes[label]} {score:.2f}" for label, score in found]
    pixels = torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1)
    if len(boxes):
        colours = [_TRUE] * len(true) + [_PREDICTED] * (len(boxes) - len(true))
        pixels = draw_bounding_boxes(pixels, torch.from_numpy(boxes), names, colours, width=2)
    drawn = Image.fromarray(pixels.permute(1, 2, 0).numpy())
    write_atomic(path, partial(drawn.save, format="PNG"))
