"""Detection engine: Faster R-CNN on a pretrained encoder, by torchvision or by detectron2.

The kind is exported here so that a run's identity covers every module of this folder.
"""

from tasks.kinds.detection.detection import Detection

__all__ = ["Detection"]
