"""Settings of the detection engines."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from bench.core.settings import Settings

Engine = Literal["torchvision", "detectron2"]
Norm = Literal["auto", "frozen", "batch"]

MOST_DETECTIONS = 100
"""Detections kept per image, as in the COCO evaluation."""
STRIDES = (4, 8, 16, 32)
"""Strides of the feature maps that the pyramid is built on; the region proposals add one level at stride 64."""


class DetectionSettings(Settings):
    """How images are prepared and augmented, and the detector. Defaults: Faster R-CNN with FPN as published."""

    image_size: int = Field(
        512, ge=64, multiple_of=32, description="Side of the input in pixels; images are resized to a square."
    )
    engine: Engine = Field(
        "torchvision", description="Whose region proposal network and box head: torchvision, or detectron2 (installed)."
    )
    norm: Norm = Field(
        "auto",
        description="Batch norms of the encoder: frozen, batch (trained), or auto: frozen where it was trained before.",
    )
    flip: float = Field(0.5, ge=0, le=1, description="Probability of a left-right flip in training.")
    pyramid_channels: int = Field(256, ge=16, description="Channels of the feature pyramid.")
    box_hidden: int = Field(1024, ge=16, description="Width of the box head's two layers.")
    anchor_scale: float = Field(
        8.0, gt=0, description="Side of an anchor as a multiple of its level's stride; 8 gives 32 to 512 pixels."
    )
    proposals: int = Field(1000, ge=10, description="Region proposals per image, after suppression.")
    box_samples: int = Field(512, ge=8, description="Proposals per image that the box head is trained on.")
    min_score: float = Field(0.05, ge=0, lt=1, description="Detections with a lower score are dropped, before scoring.")
