"""COCO's evaluation of boxes, through faster-coco-eval, and what breaks ties between epochs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torchvision.ops import box_iou

from bench.core.task import BoxTarget
from tasks.kinds.detection.settings import MOST_DETECTIONS

Detected = dict[str, np.ndarray]
"""`boxes` (N, 4), `scores` (N,) and `labels` (N,) of one image, in pixels of the owner's image."""
METRICS = ("ap50", "map", "ar100")


def coco_scores(
    truth: Sequence[BoxTarget], detected: Sequence[Detected], classes: Sequence[str]
) -> dict[str, float | None]:
    """AP50, COCO mAP (IoU 0.5 to 0.95), AR of 100 detections, and `ap50/CLASS`, `map/CLASS`, in [0, 1].

    Means are over the classes that have a box in `truth`; a class without one has None, and so has everything where no
    image has a box. Precision is interpolated at 101 recalls and all areas count, as in the COCO evaluation.
    """
    per_class = [f"{name}/{c}" for name in ("ap50", "map") for c in classes] if len(classes) > 1 else []
    if not any(target.boxes for target in truth):
        return dict.fromkeys((*METRICS, *per_class))
    precision, recall = _evaluate(truth, detected, len(classes))
    scores = {"ap50": _mean(precision[0]), "map": _mean(precision), "ar100": _mean(recall)}
    if len(classes) > 1:
        scores |= {f"ap50/{c}": _mean(precision[0, :, k]) for k, c in enumerate(classes)}
        scores |= {f"map/{c}": _mean(precision[:, :, k]) for k, c in enumerate(classes)}
    return scores


def _evaluate(
    truth: Sequence[BoxTarget], detected: Sequence[Detected], n_classes: int
) -> tuple[np.ndarray, np.ndarray]:
    """Precision (IoU thresholds, recalls, classes) and recall (IoU thresholds, classes); -1 where undefined."""
    from faster_coco_eval import COCO, COCOeval_faster

    reference = COCO(to_coco(truth, n_classes))
    evaluation = COCOeval_faster(reference, reference.loadRes(detections_to_coco(detected)), "bbox")
    evaluation.params.maxDets = [1, 10, MOST_DETECTIONS]
    evaluation.evaluate()
    evaluation.accumulate()
    return evaluation.eval["precision"][..., 0, -1], evaluation.eval["recall"][..., 0, -1]


def to_coco(truth: Sequence[BoxTarget], n_classes: int) -> dict[str, Any]:
    """The truth as a COCO annotation document; images are numbered from 1, classes from 0."""
    boxes = [(i, box) for i, target in enumerate(truth, start=1) for box in target.boxes]
    return {
        "info": {},
        "images": [{"id": i, "width": t.width, "height": t.height} for i, t in enumerate(truth, start=1)],
        "categories": [{"id": k, "name": str(k)} for k in range(n_classes)],
        "annotations": [
            {
                "id": number,
                "image_id": i,
                "category_id": box.label,
                "bbox": [box.x_min, box.y_min, box.x_max - box.x_min, box.y_max - box.y_min],
                "area": (box.x_max - box.x_min) * (box.y_max - box.y_min),
                "iscrowd": 0,
            }
            for number, (i, box) in enumerate(boxes, start=1)
        ],
    }


def detections_to_coco(detected: Sequence[Detected]) -> list[dict[str, Any]]:
    """Detections as a COCO result list."""
    return [
        {"image_id": i, "category_id": int(label), "bbox": [x0, y0, x1 - x0, y1 - y0], "score": float(score)}
        for i, image in enumerate(detected, start=1)
        for label, score, (x0, y0, x1, y1) in zip(
            image["labels"], image["scores"], image["boxes"].tolist(), strict=True
        )
    ]


def _mean(values: np.ndarray) -> float | None:
    """Mean of the defined values; None where there is none."""
    defined = values[values > -1]
    return float(defined.mean()) if defined.size else None


def missed_share(found: dict[str, Tensor], boxes: Tensor, labels: Tensor) -> Tensor:
    """Mean over the true boxes of 1 - max(score x IoU) over detections of their label; a scalar in [0, 1].

    It breaks ties between epochs of equal AP50. 0 for an image without boxes.
    """
    if not len(boxes):
        return boxes.new_zeros(())
    if not len(found["boxes"]):
        return boxes.new_ones(())
    agreement = box_iou(boxes, found["boxes"]) * found["scores"]  # (true, found)
    agreement = torch.where(labels[:, None] == found["labels"], agreement, 0.0)
    return 1 - agreement.max(dim=1).values.mean()
