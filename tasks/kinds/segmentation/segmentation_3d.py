"""Segmentation of volumes, slice by slice: predictions are stacked and scored in 3D on the owner's grid."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import ClassVar

import nibabel
import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn.functional import interpolate

from bench.core.errors import DataError
from bench.core.files import write_atomic
from bench.core.kind import Shown, as_entries
from bench.core.task import Case
from bench.data.contract.loads import load_labels, load_volume
from bench.evaluation.pictures.overlay import overlay
from tasks.kinds.segmentation.base import SegmentationKind
from tasks.kinds.segmentation.grid import cut, find_grid, scale_intensities, stack
from tasks.kinds.segmentation.scores import Scores
from tasks.kinds.segmentation.settings import VolumeSettings
from tasks.kinds.segmentation.slices import SLICE, VolumeSlices
from tasks.kinds.segmentation.volume_scores import score_volume

SLICES = 3
"""Slices of a volume on a contact sheet."""
Stream = Iterator[tuple[Tensor, Tensor]]
"""Logits (channels, S, S) and target (1, S, S) of slice after slice."""


class Segmentation3D(SegmentationKind):
    """Structures in volumes, with a 2D U-Net on slices; structures exclude each other.

    Volumes are turned to right-anterior-superior orientation, scaled to [0, 1], cut into slices and resized to squares.
    Training takes slices with and without a structure equally often. Metrics of a case: `iou_3d`, `dice_3d`, `hd95_mm`
    over the volume, `dice` over its slices, each also per structure, and `false_positive_rate_absent`. The test split
    is scored on the owner's grid; epochs are selected on validation at the input size, without distances.
    """

    name = "segmentation_3d"
    version: ClassVar[int] = 1
    metrics_version: ClassVar[int] = 1
    decoding: ClassVar[tuple[str, ...]] = ("volumes",)
    memory_mapped: ClassVar[bool] = True
    prepared_by: ClassVar[tuple[str, ...]] = ("image_size", "plane", "window")
    loads: ClassVar[tuple[str, ...]] = ("load_labels",)
    settings_class = VolumeSettings
    metrics: ClassVar[tuple[str, ...]] = ("iou_3d", "dice_3d", "hd95_mm", "dice", "false_positive_rate_absent")
    settings: VolumeSettings

    @property
    def sigmoid(self) -> bool:
        """Whether there is one structure; several exclude each other in a label map."""
        return len(self.classes) == 1

    def dataset(self, cases: Sequence[Case], *, train: bool) -> VolumeSlices:
        """Slices (3, S, S) with labels (1, S, S), uint8; `train` balances and augments them."""
        return VolumeSlices(self.kept, cases, self.settings, self.task.data, train=train)

    def collect(
        self, cases: Sequence[Case], batches: Iterable[tuple[Tensor, Tensor]], *, test: bool, save: Path | None = None
    ) -> np.ndarray:
        """Score volume by volume, holding one at a time; `save` gets one NIfTI label map per case."""
        stream = (item for output, target in batches for item in zip(output, target, strict=True))
        score = partial(self._score_original, save=save) if test else self._score_small
        return as_entries([score(case, islice(stream, len(self.kept(case)["present"]))) for case in cases])

    def sample_predictions(self, cases: Sequence[Case]) -> np.ndarray:
        """Scores of the true labels, moved by a row."""
        scores = []
        for case in cases:
            labels = load_labels(self.task.data, case)
            grid = find_grid(labels.affine, self.settings.plane)
            truth = cut(labels.array, grid)
            scores.append(score_volume(truth, np.roll(truth, 1, axis=1), self.classes, grid.spacing_mm))
        return as_entries(scores)

    def prepare(self, case: Case) -> dict[str, np.ndarray]:
        """`slices` at the input size (N, S, S), dtype `SLICE`, and `present` (N,), bool: which hold a structure.

        Raises:
            DataError: a file of the case cannot be used.
        """
        volume, labels = load_volume(self.task.data, case), load_labels(self.task.data, case)
        if volume.array.shape != labels.array.shape or volume.array.ndim != 3:
            raise DataError(
                f"{case.image}: the volume has shape {volume.array.shape} and its labels {labels.array.shape}; "
                "expected one 3D grid.\nRestore both files from the owner's archive."
            )
        grid = find_grid(volume.affine, self.settings.plane)
        images = cut(scale_intensities(volume.array, self.settings.window), grid)
        targets = cut(labels.array, grid)
        size = self.settings.image_size
        slices = np.empty((len(images), size, size), dtype=SLICE)
        for k, (image, target) in enumerate(zip(images, targets, strict=True)):
            slices["image"][k] = _resize(image, size, mode="bilinear", antialias=True)
            slices["target"][k] = _resize(target, size, mode="nearest-exact")
        return {"slices": slices, "present": np.any(slices["target"], axis=(1, 2))}

    def has_truth(self, case: Case) -> bool:
        """Whether any structure is in the volume, at the input size."""
        return bool(self.kept(case)["present"].any())

    def show(self, case: Case, prediction: Scores, saved: Path) -> Shown:
        """Slices beside each other, spread over those with a structure: plain, with the truth, with what was saved."""
        volume, labels = load_volume(self.task.data, case), load_labels(self.task.data, case)
        grid = find_grid(volume.affine, self.settings.plane)
        truth = cut(labels.array, grid)
        found = cut(np.asarray(nibabel.Nifti1Image.from_filename(_saved_file(case, saved)).dataobj), grid)
        present = np.flatnonzero(truth.any(axis=(1, 2)))
        present = present if len(present) else np.arange(len(truth))
        at = present[np.linspace(0, len(present) - 1, SLICES + 2).round().astype(int)[1:-1]]
        pixels = (255 * np.hstack(cut(scale_intensities(volume.array, self.settings.window), grid)[at])).astype(
            np.uint8
        )
        image = Image.fromarray(pixels)
        values = np.arange(1, len(self.classes) + 1).reshape(-1, 1, 1)
        masks = [np.hstack(side[at])[None] == values for side in (truth, found)]
        return Shown(image, *(overlay(image, mask) for mask in masks))

    def _score_small(self, case: Case, stream: Stream) -> Scores:
        pairs = [(self._labels(logits[None]), target[0].numpy()) for logits, target in stream]
        return score_volume(np.stack([t for _, t in pairs]), np.stack([p for p, _ in pairs]), self.classes, None)

    def _score_original(self, case: Case, stream: Stream, save: Path | None) -> Scores:
        labels = load_labels(self.task.data, case)
        grid = find_grid(labels.affine, self.settings.plane)
        truth = cut(labels.array, grid)
        prediction = np.empty(truth.shape, dtype=np.uint8)
        for k, (logits, _) in enumerate(stream):
            large = interpolate(logits[None].float(), size=truth.shape[1:], mode="bilinear", align_corners=False)
            prediction[k] = self._labels(large)
        if save is not None:
            image = nibabel.Nifti1Image(stack(prediction, grid), labels.affine)
            content = gzip.compress(image.to_bytes(), mtime=0)
            write_atomic(_saved_file(case, save), lambda file: file.write(content))
        return score_volume(truth, prediction, self.classes, grid.spacing_mm)

    def _labels(self, logits: Tensor) -> np.ndarray:
        """Logits (1, channels, H, W) -> labels (H, W), uint8."""
        masks = self.predict(logits)[0]
        labels: np.ndarray = np.tensordot(np.arange(1, len(masks) + 1, dtype=np.uint8), masks, axes=1)
        return labels.astype(np.uint8)


def _saved_file(case: Case, folder: Path) -> Path:
    """Where the predicted label map of a case is saved."""
    return folder / f"{case.id.removesuffix('.gz').removesuffix('.nii')}-prediction.nii.gz"


def _resize(plane: np.ndarray, size: int, **how: object) -> np.ndarray:
    """(H, W) -> (size, size)."""
    tensor = torch.from_numpy(np.ascontiguousarray(plane))[None, None]
    resized: np.ndarray = interpolate(tensor, size=(size, size), **how)[0, 0].numpy()  # type: ignore[arg-type]
    return resized
