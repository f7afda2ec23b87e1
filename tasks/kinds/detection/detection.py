"""Detection of objects in images: Faster R-CNN with a feature pyramid on the encoder, scored as COCO does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
import torchvision
from PIL import Image
from torch import Tensor, nn

from bench.core.errors import TrainingError
from bench.core.kind import Shown, TaskKind, as_entries
from bench.core.settings import Settings
from bench.core.task import BoxTarget, Case, Task
from bench.data.contract.loads import load_image
from tasks.kinds.detection import norm, targets
from tasks.kinds.detection.detectron2_engine import Detectron2Head, detectron2_version, require_detectron2
from tasks.kinds.detection.images import DetectionImages
from tasks.kinds.detection.pictures import LEGEND, draw_boxes, save_picture
from tasks.kinds.detection.scores import METRICS, Detected, coco_scores, missed_share
from tasks.kinds.detection.settings import DetectionSettings
from tasks.kinds.detection.torchvision_engine import TorchvisionHead


class Detection(TaskKind):
    """Boxes of one or more classes. Images are squashed to a square; predictions are stretched back.

    Metrics as in the COCO evaluation, on the owner's pixels, over all cases: `ap50`, `map`, `ar100`, each AP also per
    class where there are several. Detections are rounded before they are scored (boxes to a tenth of a pixel, scores
    to four digits) and kept in the record, so that its metrics can be computed from it.
    """

    name = "detection"
    version: ClassVar[int] = 1
    metrics_version: ClassVar[int] = 1
    settings_class = DetectionSettings
    metrics: ClassVar[tuple[str, ...]] = METRICS
    target: ClassVar[type] = BoxTarget
    evaluation_batch: ClassVar[int] = 16
    mixed_head: ClassVar[bool] = False
    prepared_by: ClassVar[tuple[str, ...]] = ("image_size",)
    quick: ClassVar[Mapping[str, Any]] = {
        "image_size": 128,
        "pyramid_channels": 64,
        "box_hidden": 256,
        "anchor_scale": 4.0,
        "proposals": 100,
        "box_samples": 64,
    }
    quick_protocol: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "finetune": {"epochs": 20, "batch_size": 8, "lr": 1e-3},
        "linear": {"epochs": 20, "batch_size": 8, "lr": 1e-3},
    }
    settings: DetectionSettings

    def __init__(self, task: Task, settings: Settings) -> None:
        super().__init__(task, settings)
        self._norm: norm.Choice | None = None
        if self.settings.engine == "detectron2":
            require_detectron2()

    def prepare(self, case: Case) -> dict[str, np.ndarray]:
        """`image` at the input size (3, S, S), uint8."""
        image = load_image(self.task.data, case)
        size = (self.settings.image_size, self.settings.image_size)
        pixels = np.asarray(image.resize(size, Image.Resampling.BILINEAR)).transpose(2, 0, 1)
        return {"image": np.ascontiguousarray(pixels)}

    def adapt_backbone(self, backbone: nn.Module, *, frozen: bool) -> nn.Module:
        """Freeze the encoder's batch norms in place, or leave them to be trained, as `norm.choose` says."""
        self._norm = norm.choose(backbone, self.settings.norm, frozen=frozen)
        if self._norm == "frozen":
            norm.freeze(backbone)
        return backbone

    def build_head(self, backbone: nn.Module) -> nn.Module:
        """Feature pyramid, region proposals and box head. Raises `UsageError` for maps at other strides."""
        engine = Detectron2Head if self.settings.engine == "detectron2" else TorchvisionHead
        return engine(backbone, len(self.task.data.classes), self.settings)

    def dataset(self, cases: Sequence[Case], *, train: bool) -> DetectionImages:
        """Images (3, S, S) with boxes (n_rows, 5), padded; `train` flips half of them left to right."""
        return DetectionImages(self.kept, cases, self.settings, self.task.data.name, train=train)

    def training_loss(self, model: nn.Module, images: Tensor, target: Tensor) -> Tensor:
        """Sum of the engine's losses: objectness and regression of proposals, class and regression of boxes."""
        losses: dict[str, Tensor] = model(images, target)
        return torch.stack(list(losses.values())).sum()

    def loss(self, output: Any, target: Tensor) -> Tensor:
        """What `missed_share` says of detections, mean over the images; it breaks ties between epochs only."""
        pairs = zip(output, targets.split(target), strict=True)
        return torch.stack([missed_share(found, boxes, labels) for found, (boxes, labels) in pairs]).mean()

    def predict(self, output: Any) -> np.ndarray:
        """Detections of each image as `Detected`, in pixels of the input: an array (B,) of objects.

        Raises:
            TrainingError: a box or score is not finite.
        """
        found = [{key: value.detach().cpu().numpy() for key, value in one.items()} for one in output]
        if not all(np.isfinite(one[key]).all() for one in found for key in ("boxes", "scores")):
            raise TrainingError("Predictions are not finite: the model diverged. Lower protocol.lr and run it again.")
        return as_entries(found)

    def collect(
        self, cases: Sequence[Case], batches: Iterable[tuple[Any, Tensor]], *, test: bool, save: Path | None = None
    ) -> np.ndarray:
        """Detections in pixels of the owner's images, rounded; `save` gets one picture per case."""
        found = [one for output, _ in batches for one in self.predict(output)]
        detected = [self._on_original(case, one) for case, one in zip(cases, found, strict=True)]
        if save is not None:
            for case, one in zip(cases, detected, strict=True):
                image = load_image(self.task.data, case)
                save_picture(image, case.target, one, self.task.data.classes, save / f"{case.id}.png")
        return as_entries(detected)

    def has_truth(self, case: Case) -> bool:
        """Whether the image has a box."""
        return bool(case.target.boxes)

    def score(self, cases: Sequence[Case], predictions: np.ndarray) -> dict[str, float | None]:
        """`coco_scores` of what `collect` gave."""
        if len(cases) != len(predictions):
            raise ValueError(f"detections of {len(predictions)} images for {len(cases)} cases")
        return coco_scores([case.target for case in cases], list(predictions), self.task.data.classes)

    def show(self, case: Case, prediction: Detected, saved: Path) -> Shown:
        """The image, with its true boxes, and with the predicted ones."""
        image, classes = load_image(self.task.data, case), self.task.data.classes
        found = draw_boxes(image, case.target, classes, prediction, truth=False)
        return Shown(image, draw_boxes(image, case.target, classes), found)

    @property
    def legend(self) -> Mapping[str, str]:
        """True and predicted boxes."""
        return LEGEND

    def sample_predictions(self, cases: Sequence[Case]) -> np.ndarray:
        """The true boxes, moved a little, and a false one in every second image."""
        random = np.random.default_rng(0)
        found: list[Detected] = []
        for i, case in enumerate(cases):
            boxes = np.array([box[1:] for box in case.target.boxes], dtype=np.float64).reshape(-1, 4)
            extent = np.tile(boxes[:, 2:] - boxes[:, :2], 2)
            moved = boxes + extent * random.uniform(-0.2, 0.2, boxes.shape)
            moved = np.concatenate([moved, [[0.0, 0.0, 9.0, 9.0]] * (i % 2)]) if i % 2 else moved
            labels = np.array([box.label for box in case.target.boxes] + [0] * (i % 2), dtype=np.int64)
            found.append({"boxes": moved, "scores": random.uniform(0.1, 1, len(moved)).round(4), "labels": labels})
        return as_entries(found)

    def case_columns(self, cases: Sequence[Case], predictions: np.ndarray) -> dict[str, list[Any]]:
        """True boxes as [label, x_min, y_min, x_max, y_max], detections as [label, score, x_min, ...], per case."""
        found = [
            [[int(k), s, *b] for k, s, b in zip(*(one[n].tolist() for n in ("labels", "scores", "boxes")), strict=True)]
            for one in predictions
        ]
        return {"target": [[list(box) for box in case.target.boxes] for case in cases], "prediction": found}

    def provenance(self) -> dict[str, Any]:
        """Engine with its version, and how the encoder's batch norms were used."""
        own = self.settings.engine == "torchvision"
        version = torchvision.__version__ if own else detectron2_version()
        return {"detection": {"engine": self.settings.engine, "version": version, "norm": self._norm}}

    def _on_original(self, case: Case, found: Detected) -> Detected:
        scale = np.array([case.target.width, case.target.height] * 2) / self.settings.image_size
        boxes = (found["boxes"].astype(np.float64) * scale).round(1)
        scores = found["scores"].astype(np.float64).round(4)
        return {"boxes": boxes, "scores": scores, "labels": found["labels"].astype(np.int64)}
