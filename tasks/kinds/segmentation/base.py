"""What both segmentation kinds share: head, loss, hard masks, cached preparation, aggregation of per-case scores."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import torch
from lightly.transforms.utils import IMAGENET_NORMALIZE
from torch import Tensor, nn

from bench.core.errors import DataError, TrainingError
from bench.core.identity import declaration_fingerprint, digest
from bench.core.kind import TaskKind
from bench.core.task import Case
from bench.core.versions import preparation_versions
from tasks.kinds.segmentation.loss import dice_cross_entropy
from tasks.kinds.segmentation.scores import Scores, mean_scores
from tasks.kinds.segmentation.settings import SegmentationSettings
from tasks.kinds.segmentation.transunet import TransUNetHead
from tasks.kinds.segmentation.unet import UNetHead

_MEAN = torch.tensor(IMAGENET_NORMALIZE["mean"]).view(3, 1, 1)
_STD = torch.tensor(IMAGENET_NORMALIZE["std"]).view(3, 1, 1)


class SegmentationKind(TaskKind):
    """A U-Net trained with Dice plus cross-entropy; per-case scores, no prediction is kept in memory.

    Output channels: one per structure with a sigmoid where there is one structure or structures may overlap
    (`DataSet.overlapping_classes`); else background and the structures with a softmax.
    """

    evaluation_batch: ClassVar[int] = 16
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

    def case_columns(self, cases: Sequence[Case], predictions: np.ndarray) -> dict[str, list[Any]]:
        """The metrics of each case; masks are not kept in the record."""
        rounded = [{k: None if v is None else round(v, 5) for k, v in scores.items()} for scores in predictions]
        return {"metrics": rounded}

    def key(self, case: Case, *settings: Any) -> str:
        """Name of a case's prepared array: content of its files, reader, this code and the settings that matter."""
        if self.cache is None:
            return ""
        if (case.id, *settings) in self._keys:
            return self._keys[case.id, *settings]
        labels = ["/".join(path.parts[-3:]) for path in case.labels]
        content = [case.id, labels, self.contents[case.id]]
        key = digest([self._preparation, self.settings.image_size, self.sigmoid, *settings, content])
        self._keys[case.id, *settings] = key
        return key

    def kept(self, key: str, make: Callable[[], np.ndarray], *, required: bool = False) -> np.ndarray:
        """`make()`, from the cache where there is one."""
        return self.cache.get(key, make, required=required) if self.cache else make()

    @cached_property
    def _keys(self) -> dict[tuple[Any, ...], str]:
        return {}

    @cached_property
    def _preparation(self) -> list[Any]:
        return [preparation_versions(self), declaration_fingerprint(self.task.data), self.task.data.name]


def normalise(image: Tensor) -> Tensor:
    """ImageNet-normalise an image (1 or 3, H, W), uint8 or float in [0, 1] -> (3, H, W) float32."""
    scaled = image.float() / 255 if image.dtype == torch.uint8 else image.float()
    return (scaled - _MEAN) / _STD


def as_entries(scores: Sequence[Scores]) -> np.ndarray:
    """One entry per case, for `TaskKind.score`: an array (number of cases,) of dicts."""
    entries = np.empty(len(scores), dtype=object)
    entries[:] = scores
    return entries


def no_target(kind: SegmentationKind, n_cases: int) -> DataError:
    """The error for masks that are all empty."""
    return DataError(
        f"{kind.task.data.name}: the masks of all {n_cases} training cases are empty (structures: "
        f"{', '.join(kind.classes)}), so there is nothing to learn.\nRestore the masks from the owner's archive."
    )
