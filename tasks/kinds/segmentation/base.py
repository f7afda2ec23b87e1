"""What both segmentation kinds share: head, loss, hard masks, aggregation of per-case scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from bench.core.errors import TrainingError
from bench.core.kind import TaskKind
from bench.core.task import Case
from bench.evaluation.pictures.overlay import legend_of
from tasks.kinds.segmentation.loss import dice_cross_entropy
from tasks.kinds.segmentation.scores import mean_scores
from tasks.kinds.segmentation.settings import SegmentationSettings
from tasks.kinds.segmentation.transunet import TransUNetHead
from tasks.kinds.segmentation.unet import UNetHead


class SegmentationKind(TaskKind):
    """A U-Net trained with Dice plus cross-entropy; per-case scores, no prediction is kept in memory.

    Output channels: one per structure with a sigmoid where there is one structure or structures may overlap
    (`DataSet.overlapping_classes`); else background and the structures with a softmax.
    """

    evaluation_batch: ClassVar[int] = 16
    prepared_by: ClassVar[tuple[str, ...]] = ("image_size",)
    quick: ClassVar[Mapping[str, Any]] = {"image_size": 64, "decoder_channels": [64, 32, 32, 16, 16]}
    quick_protocol: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "finetune": {"epochs": 5, "batch_size": 8},
        "linear": {"epochs": 5, "batch_size": 8, "lr": 1e-3},
    }
    settings: SegmentationSettings

    @property
    def classes(self) -> tuple[str, ...]:
        """Structures, without background."""
        return self.task.data.classes

    @property
    def sigmoid(self) -> bool:
        """Whether each structure has a channel of its own."""
        return len(self.classes) == 1 or self.task.data.overlapping_classes

    def build_head(self, backbone: nn.Module) -> nn.Module:
        """U-Net or TransUNet on the backbone's feature maps. Raises `UsageError` for maps that it cannot take."""
        n_outputs = len(self.classes) + (0 if self.sigmoid else 1)
        if self.settings.architecture == "transunet":
            return TransUNetHead(backbone, n_outputs, self.settings.decoder_channels)
        return UNetHead(backbone, n_outputs, self.settings.architecture, self.settings.decoder_channels)

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        """Dice plus cross-entropy of logits (B, channels, H, W) and target planes (B, T, H, W), uint8."""
        return dice_cross_entropy(output, target, sigmoid=self.sigmoid)

    def predict(self, output: Tensor) -> np.ndarray:
        """Masks (B, C, H, W), bool, from logits: probability above one half, or the most likely class.

        Raises:
            TrainingError: a logit is not finite.
        """
        if not torch.isfinite(output).all():
            raise TrainingError("Predictions are not finite: the model diverged. Lower protocol.lr and run it again.")
        masks: np.ndarray
        if self.sigmoid:
            masks = (output > 0).cpu().numpy()
        else:
            labels = output.argmax(dim=1, keepdim=True).cpu().numpy()
            masks = labels == np.arange(1, len(self.classes) + 1).reshape(1, -1, 1, 1)
        return masks

    def score(self, cases: Sequence[Case], predictions: np.ndarray) -> dict[str, float | None]:
        """Mean of every per-case metric over the cases where it is defined; predictions are what `collect` gave."""
        if len(cases) != len(predictions):
            raise ValueError(f"scores of {len(predictions)} cases for {len(cases)} cases")
        return {self.task.metric: None} | mean_scores(list(predictions))

    def case_scores(self, cases: Sequence[Case], predictions: np.ndarray) -> list[float | None]:
        """The headline metric of each case."""
        return [scores.get(self.task.metric) for scores in predictions]

    @property
    def legend(self) -> Mapping[str, str]:
        """The colours of the structures."""
        return legend_of(self.classes)

    def case_columns(self, cases: Sequence[Case], predictions: np.ndarray) -> dict[str, list[Any]]:
        """The metrics of each case; masks are not kept in the record."""
        rounded = [{k: None if v is None else round(v, 5) for k, v in scores.items()} for scores in predictions]
        return {"metrics": rounded}
