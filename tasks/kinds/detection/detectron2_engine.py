"""Faster R-CNN by detectron2, on the same maps and with the same thresholds as the torchvision engine."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from torch import Tensor, nn

from bench.core.errors import UsageError
from bench.core.kind import Features
from tasks.kinds.detection import targets
from tasks.kinds.detection.pyramid import (
    ASPECT_RATIOS,
    CANONICAL_LEVEL,
    LEVELS,
    POOLED_SIZE,
    PROPOSAL_LEVELS,
    Pyramid,
    input_size,
    scales,
)
from tasks.kinds.detection.settings import MOST_DETECTIONS, STRIDES, DetectionSettings

INSTALL = "pip install --no-build-isolation 'git+https://github.com/facebookresearch/detectron2.git'"


def require_detectron2() -> None:
    """Raise `UsageError` with the line that installs it where detectron2 is missing, or what keeps it from loading."""
    if find_spec("detectron2") is None:
        raise UsageError(
            "task.engine=detectron2: the package detectron2 is not installed. It has no release on the package index; "
            f"install it from its repository:\n  {INSTALL}\nor use the default, task.engine=torchvision. "
            "docs/detection.md has a way without a compiler."
        )
    try:
        with _without_old_calls():
            import_module("detectron2.modeling")
    except ImportError as error:
        raise UsageError(
            f"task.engine=detectron2: the package detectron2 is installed and does not load: {error}.\n"
            "Install what is missing, or use the default, task.engine=torchvision."
        ) from error


def detectron2_version() -> str:
    """Version of the installed detectron2."""
    import detectron2

    return str(detectron2.__version__)


class Detectron2Head(nn.Module):
    """torchvision's feature pyramid with detectron2's region proposal network and box head."""

    def __init__(self, backbone: nn.Module, n_classes: int, settings: DetectionSettings) -> None:
        super().__init__()
        self.pyramid = Pyramid(backbone, settings.pyramid_channels)
        with _without_old_calls():
            self.proposals = _proposal_network(settings)
            self.boxes = _box_heads(n_classes, settings)

    def forward(self, features: Features, target: Tensor | None = None) -> list[dict[str, Tensor]] | dict[str, Tensor]:
        """Losses by name where the target (B, n_rows, 5) is given, else the detections of each image.

        Detections are `boxes` (N, 4), `scores` (N,) and `labels` (N,), best first, in pixels of the input.
        """
        with _without_old_calls():
            return self._forward(features, target)

    def _forward(self, features: Features, target: Tensor | None) -> list[dict[str, Tensor]] | dict[str, Tensor]:
        from detectron2.structures import ImageList
        from detectron2.utils.events import EventStorage

        maps = self.pyramid(features)
        size = input_size(maps)
        n_images = len(features.maps[0])
        images = ImageList(features.maps[0].new_empty(n_images, 0, *size), [size] * n_images)  # only sizes are read
        known = None if target is None else [_instances(*one, size) for one in targets.split(target)]
        with EventStorage():  # detectron2 counts its samples into one
            proposals, proposal_losses = self.proposals(images, maps, known)
            found, losses = self.boxes(images, maps, proposals, known)
        if target is not None:
            return {**proposal_losses, **losses}
        return [{"boxes": one.pred_boxes.tensor, "scores": one.scores, "labels": one.pred_classes} for one in found]


@contextmanager
def _without_old_calls() -> Iterator[None]:
    """Silence what torch says about calls in detectron2 that it has since deprecated."""
    logging.getLogger("torch.fx._symbolic_trace").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "torch.meshgrid", UserWarning)
        warnings.filterwarnings("ignore", "`torch.jit.script", category=Warning)
        yield


def _instances(boxes: Tensor, labels: Tensor, size: tuple[int, int]) -> Any:
    from detectron2.structures import Boxes, Instances

    return Instances(size, gt_boxes=Boxes(boxes), gt_classes=labels)


def _proposal_network(settings: DetectionSettings) -> nn.Module:
    from detectron2.modeling.anchor_generator import DefaultAnchorGenerator
    from detectron2.modeling.box_regression import Box2BoxTransform
    from detectron2.modeling.matcher import Matcher
    from detectron2.modeling.proposal_generator.rpn import RPN, StandardRPNHead

    anchors = DefaultAnchorGenerator(
        sizes=[[side] for side in scales(settings).anchors],
        aspect_ratios=[list(ASPECT_RATIOS)],
        strides=[*STRIDES, 2 * STRIDES[-1]],
        offset=0.0,
    )
    count = (settings.proposals, settings.proposals)
    network: nn.Module = RPN(
        in_features=list(PROPOSAL_LEVELS),
        head=StandardRPNHead(in_channels=settings.pyramid_channels, num_anchors=len(ASPECT_RATIOS)),
        anchor_generator=anchors,
        anchor_matcher=Matcher([0.3, 0.7], [0, -1, 1], allow_low_quality_matches=True),
        box2box_transform=Box2BoxTransform(weights=(1.0, 1.0, 1.0, 1.0)),
        batch_size_per_image=256,
        positive_fraction=0.5,
        pre_nms_topk=count,
        post_nms_topk=count,
        nms_thresh=0.7,
    )
    return network


def _box_heads(n_classes: int, settings: DetectionSettings) -> nn.Module:
    from detectron2.layers import ShapeSpec
    from detectron2.modeling.box_regression import Box2BoxTransform
    from detectron2.modeling.matcher import Matcher
    from detectron2.modeling.poolers import ROIPooler
    from detectron2.modeling.roi_heads.box_head import FastRCNNConvFCHead
    from detectron2.modeling.roi_heads.fast_rcnn import FastRCNNOutputLayers
    from detectron2.modeling.roi_heads.roi_heads import StandardROIHeads

    pooled = ShapeSpec(channels=settings.pyramid_channels, height=POOLED_SIZE, width=POOLED_SIZE)
    predictor = FastRCNNOutputLayers(
        ShapeSpec(channels=settings.box_hidden),
        box2box_transform=Box2BoxTransform(weights=(10.0, 10.0, 5.0, 5.0)),
        num_classes=n_classes,
        test_score_thresh=settings.min_score,
        test_nms_thresh=0.5,
        test_topk_per_image=MOST_DETECTIONS,
    )
    heads: nn.Module = StandardROIHeads(
        box_in_features=list(LEVELS),
        box_pooler=ROIPooler(
            POOLED_SIZE,
            scales=[1 / stride for stride in STRIDES],
            sampling_ratio=2,
            pooler_type="ROIAlignV2",
            canonical_box_size=round(scales(settings).canonical),
            canonical_level=CANONICAL_LEVEL,
        ),
        box_head=FastRCNNConvFCHead(pooled, conv_dims=[], fc_dims=[settings.box_hidden] * 2),
        box_predictor=predictor,
        num_classes=n_classes,
        batch_size_per_image=settings.box_samples,
        positive_fraction=0.25,
        proposal_matcher=Matcher([0.5], [0, 1], allow_low_quality_matches=False),
        proposal_append_gt=True,
    )
    return heads
