"""Segmentation of images: masks predicted at the input size, scored at the resolution of the original."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import ClassVar

import numpy as np
from PIL import Image
from torch import Tensor
from torch.nn.functional import interpolate

from bench.core.errors import DataError
from bench.core.files import write_atomic
from bench.core.kind import Shown, as_entries
from bench.core.task import Case
from bench.data.contract.loads import load_image, load_masks, load_region
from bench.evaluation.pictures.overlay import mask_files, overlay
from tasks.kinds.segmentation.base import SegmentationKind
from tasks.kinds.segmentation.images import SegmentationImages
from tasks.kinds.segmentation.loss import IGNORE
from tasks.kinds.segmentation.scores import Scores, hd95, per_class, score_masks
from tasks.kinds.segmentation.settings import SegmentationSettings
from tasks.kinds.segmentation.targets import any_target


class Segmentation2D(SegmentationKind):
    """Structures in 2D images. Images are squashed to a square; predictions are stretched back.

    Metrics of a case are means over the structures present in its truth: `dice`, `iou`, `hd95_px`, each also per
    structure, and `false_positive_rate_absent`. The test split is scored on the owner's pixels inside the reader's
    region; epochs are selected on validation at the input size, without distances.
    """

    name = "segmentation_2d"
    version: ClassVar[int] = 1
    metrics_version: ClassVar[int] = 1
    loads: ClassVar[tuple[str, ...]] = ("load_masks",)
    settings_class = SegmentationSettings
    metrics: ClassVar[tuple[str, ...]] = ("dice", "iou", "hd95_px", "false_positive_rate_absent")

    def dataset(self, cases: Sequence[Case], *, train: bool) -> SegmentationImages:
        """Images (3, S, S) with target planes (T, S, S), uint8; `train` augments both alike."""
        return SegmentationImages(self.kept, cases, self.settings, self.task.data, train=train)

    def collect(
        self, cases: Sequence[Case], batches: Iterable[tuple[Tensor, Tensor]], *, test: bool, save: Path | None = None
    ) -> np.ndarray:
        """Score image by image; `save` gets one PNG per case and structure, at the original resolution."""
        scores: list[Scores] = []
        for output, target in batches:
            for logits, planes in zip(output, target, strict=True):
                case = cases[len(scores)]
                scores.append(self._score_original(case, logits, save) if test else self._score_small(logits, planes))
        return as_entries(scores)

    def sample_predictions(self, cases: Sequence[Case]) -> np.ndarray:
        """Scores of the true masks, moved by a few pixels."""
        return as_entries([self._score_masks(case, _moved(self.load_truth(case)[0])) for case in cases])

    def prepare(self, case: Case) -> dict[str, np.ndarray]:
        """`image` (3, S, S) and target `planes` (T, S, S), uint8, and `has_target` (1,), bool: any structure?

        Raises:
            DataError: a file of the case cannot be used, or its structures overlap undeclared.
        """
        size = (self.settings.image_size, self.settings.image_size)
        image, (masks, region) = load_image(self.task.data, case), self.load_truth(case)
        if masks.shape != (len(self.classes), image.height, image.width):
            raise DataError(
                f"{case.image}: the image has {image.height} x {image.width} pixels and its masks have shape "
                f"{masks.shape}; expected ({len(self.classes)}, {image.height}, {image.width}).\n"
                "Restore both files from the owner's archive."
            )
        planes = masks.astype(np.uint8) if self.sigmoid else self._to_labels(case, masks)
        if region is not None:
            planes[:, ~region] = IGNORE
        small = np.stack([np.asarray(Image.fromarray(p).resize(size, Image.Resampling.NEAREST)) for p in planes])
        pixels = np.asarray(image.resize(size, Image.Resampling.BILINEAR)).transpose(2, 0, 1)
        return {"image": np.ascontiguousarray(pixels), "planes": small, "has_target": np.array([any_target(small)])}

    def has_truth(self, case: Case) -> bool:
        """Whether any structure is in the image, at the input size."""
        return bool(self.kept(case)["has_target"].any())

    def load_truth(self, case: Case) -> tuple[np.ndarray, np.ndarray | None]:
        """Masks (C, H, W), bool, empty outside the region, and the region (H, W), bool, or None."""
        masks, region = load_masks(self.task.data, case), load_region(self.task.data, case)
        return (masks if region is None else masks & region), region

    def _to_labels(self, case: Case, masks: np.ndarray) -> np.ndarray:
        """(C, H, W) bool -> (1, H, W) uint8 labels, 0 for background."""
        if (masks.sum(axis=0) > 1).any():
            raise DataError(
                f"{case.image}: its structures overlap, and the data set {self.task.data.name!r} says they do not.\n"
                "Restore its masks, or declare DataSet.overlapping_classes."
            )
        labels: np.ndarray = masks.argmax(axis=0) + 1
        return np.where(masks.any(axis=0), labels, 0).astype(np.uint8)[None]

    def _score_small(self, logits: Tensor, planes: Tensor) -> Scores:
        target = planes.numpy()
        valid = target != IGNORE
        truth = (target == 1) if self.sigmoid else target == np.arange(1, len(self.classes) + 1).reshape(-1, 1, 1)
        masks = self.predict(logits[None])[0] & valid
        return self._named(score_masks(truth, masks, self.classes, valid[0]))

    def _score_original(self, case: Case, logits: Tensor, save: Path | None) -> Scores:
        truth, region = self.load_truth(case)
        size = truth.shape[1:]
        masks = self.predict(interpolate(logits[None].float(), size=size, mode="bilinear", align_corners=False))[0]
        if save is not None:
            self._save(case, masks if region is None else masks & region, save)
        return self._score_masks(case, masks)

    def _score_masks(self, case: Case, masks: np.ndarray) -> Scores:
        """Scores of masks (C, H, W), bool, on the owner's pixels."""
        truth, region = self.load_truth(case)
        if region is not None:
            masks = masks & region
        scores = score_masks(truth, masks, self.classes, region)
        scores["hd95_px"] = [hd95(t, p, (1.0, 1.0)) for t, p in zip(truth, masks, strict=True)]
        return self._named(scores)

    def _named(self, scores: dict[str, list[float | None]]) -> Scores:
        return {k: v for name, values in scores.items() for k, v in per_class(name, self.classes, values).items()}

    def show(self, case: Case, prediction: Scores, saved: Path) -> Shown:
        """The image, and its true and its saved masks over it."""
        image, (truth, _) = load_image(self.task.data, case), self.load_truth(case)
        masks = np.stack([np.asarray(Image.open(path)) > 0 for path in mask_files(saved, case.id, self.classes)])
        return Shown(image, overlay(image, truth), overlay(image, masks))

    def _save(self, case: Case, masks: np.ndarray, folder: Path) -> None:
        for path, mask in zip(mask_files(folder, case.id, self.classes), masks, strict=True):
            image = Image.fromarray(mask.astype(np.uint8) * 255)
            write_atomic(path, partial(image.save, format="PNG"))


def _moved(masks: np.ndarray) -> np.ndarray:
    """Masks (C, H, W) two pixels lower and further right."""
    moved: np.ndarray = np.roll(masks, (2, 2), axis=(1, 2))
    return moved
