"""Segmentation engines: U-Nets on a pretrained encoder, for images and for volumes cut into slices.

Both kinds are exported here so that a run's identity covers every module of this folder.
"""

from tasks.kinds.segmentation.segmentation_2d import Segmentation2D
from tasks.kinds.segmentation.segmentation_3d import Segmentation3D

__all__ = ["Segmentation2D", "Segmentation3D"]
