"""Small pictures of cases: the image, or a slice of the volume, with the outlines of masks."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
from PIL import Image

from bench.core.task import Case, DataSet
from bench.data.contract.loads import load_image, load_labels, load_masks, load_volume, shows_volume
from bench.data.decoding.labels import read_label_values
from bench.evaluation.pictures.overlay import mask_files
from bench.results.report.extras import Picture

SIDE = 96
"""Of a picture, pixels."""
TRUTH, FOUND = (46, 204, 64), (255, 176, 0)
"""Colours of outlines, as the report's boxes have them."""
QUALITY = 75


def thumbnail(data_set: DataSet, case: Case, predictions: Path | None = None) -> Picture:
    """The picture of a case. Raises `DataError` naming a file that cannot be read.

    `predictions` is the folder of a run's saved masks, whose outlines are drawn where it has them.
    """
    if shows_volume(data_set.reader, case):
        pixels, truth = _slice(data_set, case)
        found = np.zeros(truth.shape, bool)
    else:
        pixels = np.asarray(load_image(data_set, case).convert("RGB"))
        truth = _masks(data_set, case, pixels.shape[:2])
        found = _saved(data_set, case, predictions, pixels.shape[:2])
    return _picture(pixels, truth, found)


def _picture(pixels: np.ndarray, truth: np.ndarray, found: np.ndarray) -> Picture:
    """From (H, W, 3) uint8 and two masks (H, W)."""
    height, width = pixels.shape[:2]
    ratio = SIDE / max(height, width)
    size = max(round(width * ratio), 1), max(round(height * ratio), 1)
    small = np.array(Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR))
    for mask, colour in ((truth, TRUTH), (found, FOUND)):
        small[outline(np.asarray(Image.fromarray(mask).resize(size, Image.Resampling.NEAREST)))] = colour
    buffer = io.BytesIO()
    Image.fromarray(small).save(buffer, format="JPEG", quality=QUALITY, optimize=True)
    return Picture(f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}", width, height)


def outline(mask: np.ndarray) -> np.ndarray:
    """The pixels of a mask (H, W) that have a neighbour outside it, or lie at the edge."""
    padded = np.pad(mask.astype(bool), 1)
    inside = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    edge: np.ndarray = padded[1:-1, 1:-1] & ~inside
    return edge


def _slice(data_set: DataSet, case: Case) -> tuple[np.ndarray, np.ndarray]:
    """The axial slice with most of the labelled voxels, grey (H, W, 3), and its labels (H, W)."""
    volume = load_volume(data_set, case).array
    labels = load_labels(data_set, case).array if hasattr(data_set.reader, "load_labels") else np.zeros(volume.shape)
    counts = (labels > 0).sum(axis=(0, 1))
    at = int(counts.argmax()) if counts.any() else volume.shape[2] // 2
    plane = volume[:, :, at].T[::-1]
    low, high = np.percentile(plane, [1, 99])
    grey = (np.clip((plane - low) / max(high - low, 1e-6), 0, 1) * 255).astype(np.uint8)
    return np.repeat(grey[:, :, None], 3, axis=2), labels[:, :, at].T[::-1] > 0


def _masks(data_set: DataSet, case: Case, shape: tuple[int, ...]) -> np.ndarray:
    """All structures together (H, W); nothing where there are none, or of another size."""
    none = np.zeros(shape, bool)
    masks: np.ndarray = load_masks(data_set, case).max(axis=0) if hasattr(data_set.reader, "load_masks") else none
    return masks if masks.shape == shape else none


def _saved(data_set: DataSet, case: Case, folder: Path | None, shape: tuple[int, ...]) -> np.ndarray:
    """Masks that `--save-predictions` wrote, together (H, W)."""
    every = np.zeros(shape, bool)
    for path in mask_files(folder, case.id, data_set.classes) if folder else ():
        if path.is_file():
            mask = read_label_values(path) > 0
            every |= mask if mask.shape == shape else False
    return every
