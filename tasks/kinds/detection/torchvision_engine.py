"""Faster R-CNN by torchvision, on the maps of a backbone outside of it."""

from __future__ import annotations

from torch import Tensor, nn
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.roi_heads import RoIHeads
from torchvision.models.detection.rpn import RegionProposalNetwork, RPNHead
from torchvision.ops import MultiScaleRoIAlign

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
from tasks.kinds.detection.settings import MOST_DETECTIONS, DetectionSettings


class TorchvisionHead(nn.Module):
    """Feature pyramid, region proposal network and box head (Ren et al. 2015; thresholds as torchvision's own)."""

    def __init__(self, backbone: nn.Module, n_classes: int, settings: DetectionSettings) -> None:
        super().__init__()
        sizes, channels = scales(settings), settings.pyramid_channels
        self.pyramid = Pyramid(backbone, channels)
        anchors = AnchorGenerator(tuple((side,) for side in sizes.anchors), (ASPECT_RATIOS,) * len(PROPOSAL_LEVELS))
        count = {"training": settings.proposals, "testing": settings.proposals}
        self.proposals = RegionProposalNetwork(
            anchors,
            RPNHead(channels, anchors.num_anchors_per_location()[0]),
            fg_iou_thresh=0.7,
            bg_iou_thresh=0.3,
            batch_size_per_image=256,
            positive_fraction=0.5,
            pre_nms_top_n=count,
            post_nms_top_n=count,
            nms_thresh=0.7,
        )
        pool = MultiScaleRoIAlign(
            list(LEVELS), POOLED_SIZE, 2, canonical_scale=round(sizes.canonical), canonical_level=CANONICAL_LEVEL
        )
        self.boxes = RoIHeads(
            pool,
            TwoMLPHead(channels * POOLED_SIZE**2, settings.box_hidden),
            FastRCNNPredictor(settings.box_hidden, n_classes + 1),
            fg_iou_thresh=0.5,
            bg_iou_thresh=0.5,
            batch_size_per_image=settings.box_samples,
            positive_fraction=0.25,
            bbox_reg_weights=None,
            score_thresh=settings.min_score,
            nms_thresh=0.5,
            detections_per_img=MOST_DETECTIONS,
        )

    def forward(self, features: Features, target: Tensor | None = None) -> list[dict[str, Tensor]] | dict[str, Tensor]:
        """Losses by name where the target (B, n_rows, 5) is given, else the detections of each image.

        Detections are `boxes` (N, 4), `scores` (N,) and `labels` (N,), best first, in pixels of the input.
        """
        maps = self.pyramid(features)
        size = input_size(maps)
        n_images = len(features.maps[0])
        images = ImageList(features.maps[0].new_empty(n_images, 0, *size), [size] * n_images)  # only sizes are read
        known = None
        if target is not None:
            known = [{"boxes": boxes, "labels": labels + 1} for boxes, labels in targets.split(target)]
        proposals, proposal_losses = self.proposals(images, maps, known)
        found, losses = self.boxes(maps, proposals, images.image_sizes, known)
        if target is not None:
            return {**proposal_losses, **losses}
        return [{**one, "labels": one["labels"] - 1} for one in found]
