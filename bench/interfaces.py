"""The nouns everything shares: `Method`, `Backbone` features, `Task`, `TaskKind`, `Reader`.

This module imports no torch, so that listing and describing plugins stays instant.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple, Protocol, runtime_checkable

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    import numpy as np
    import torch
    from PIL.Image import Image
    from torch import Tensor, nn

    from bench.disk_cache import DiskCache
    from bench.records import WeightsRecord

OptimizerName = Literal["adam", "adamw", "lars", "sgd"]


class Settings(BaseModel):
    """Base of every configuration: frozen, typed, and unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Features(NamedTuple):
    """What a backbone returns for images (B, C, H, W)."""

    maps: list[Tensor]
    """Feature maps (B, channels[i], H / strides[i], W / strides[i]), finest first."""
    pooled: Tensor
    """Global embedding (B, D)."""
    stem: Tensor | None = None
    """Map before the first pooling (B, stem_channels, H / 2, W / 2), where the backbone has one; U-Nets use it."""


@dataclass(frozen=True)
class Progress:
    """Where pretraining stands, for schedules that follow it."""

    step: int
    """Optimiser steps done so far."""
    total_steps: int
    epoch: int
    """Epochs finished so far."""
    total_epochs: int

    @property
    def fraction(self) -> float:
        """Share of the steps done, in [0, 1]."""
        return self.step / max(self.total_steps, 1)


class MethodConfig(Settings):
    """Settings every pretraining method has; a method's own config inherits from it and sets published defaults."""

    optimizer: OptimizerName = Field("adam", description="Optimiser of the pretraining.")
    lr: float = Field(1e-3, gt=0, description="Peak learning rate (already scaled to the batch size).")
    weight_decay: float = Field(0.0, ge=0, description="Weight decay; biases and norms are excluded.")
    schedule: Literal["cosine", "constant", "halve_four_times"] = Field("cosine", description="Learning-rate schedule.")
    warmup_fraction: float = Field(0.0, ge=0, lt=1, description="Share of all steps with linear warm-up.")


class Method(ABC):
    """A pretraining method: views, modules and a loss. It owns no loop, optimiser, device or evaluation.

    `build` returns a module that has the encoder under training as attribute `backbone`.
    """

    name: ClassVar[str]
    version: ClassVar[int]
    """Raised whenever the method trains another encoder than before under the same settings. A class that declares
    none has the hash of its source instead (`versions.plugin_versions`)."""
    title: ClassVar[str]
    citation: ClassVar[str]
    config_class: ClassVar[type[MethodConfig]] = MethodConfig
    quick: ClassVar[Mapping[str, Any]] = {}
    """Settings of the `quick` profile that differ from the published defaults."""
    ablations: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    """Name -> settings that take one part away or change one value, for `bench ablate`; no part of a run's identity."""
    pretrains: ClassVar[bool] = True
    """False for floors such as `random`, whose checkpoint is the initialised backbone."""
    backbones: ClassVar[tuple[str, ...] | None] = None
    """The backbones it exists for, or None for all."""

    def __init__(self, config: MethodConfig) -> None:
        self.config = config

    @property
    def batch_multiple(self) -> int:
        """The batch size must be a multiple of this (graph methods cut a batch into graphs)."""
        return 1

    def view_transform(self, image_size: int) -> Callable[[Image], Any]:
        """Transform one RGB image to this method's views: any nest of tensors that torch's default collate can stack.

        Randomness must come from torch's, NumPy's or Python's global generator; the loop seeds all three per image.
        """
        raise TypeError(f"The method {self.name!r} has no views: it is never trained.")

    @abstractmethod
    def build(self, backbone: nn.Module) -> nn.Module:
        """Add heads and teachers around `backbone`; the result's `backbone` attribute is the student encoder."""

    @abstractmethod
    def loss(self, module: nn.Module, views: Any, progress: Progress) -> Mapping[str, Tensor]:
        """Return scalars: key `loss` is minimised, every other key is logged (detached)."""

    def before_step(self, module: nn.Module, progress: Progress) -> None:  # noqa: B027
        """Change gradients between the backward pass and the optimiser step, where a method does (DINO does)."""

    def after_step(self, module: nn.Module, progress: Progress) -> None:  # noqa: B027
        """Update what is not trained by gradient (teachers), after each optimiser step."""

    def initialise(self, backbone: nn.Module) -> WeightsRecord | None:
        """Give an encoder that is not pretrained here its weights, and say what was loaded; None: it stays as built."""
        return None

    def encoder(self, module: nn.Module) -> nn.Module:
        """The backbone that is exported and evaluated; the student unless the method says otherwise."""
        backbone: nn.Module = module.get_submodule("backbone")
        return backbone


@dataclass(frozen=True)
class Case:
    """One labelled unit of a data set as its owner ships it: an image here, a volume in 3D tasks."""

    id: str
    """Unique and stable: the path relative to the data set's folder, with forward slashes."""
    image: Path
    target: Any
    """Class index for classification; other kinds define theirs."""
    owner_split: Literal["train", "test"] | None
    """The owner's split, or None where the owner gives none."""
    subject: str | None = None
    """Cases of one subject never stand on both sides of a split; None means unknown."""
    labels: tuple[Path, ...] = ()
    """Files that hold the target where it is not an index (masks, regions); part of the data set's fingerprint."""
    domain: str | None = None
    """Site or scanner, one of `DataSet.domains`, where a data set has several."""


class Box(NamedTuple):
    """One labelled box, in pixels; x to the right, y downwards, edges where pixels begin or end."""

    label: int
    """Index into `DataSet.classes`."""
    x_min: float
    y_min: float
    x_max: float
    y_max: float


@dataclass(frozen=True)
class BoxTarget:
    """The boxes of one image, as `Case.target` of a detection data set."""

    width: int
    """Of the image that the boxes were drawn on, in pixels; the file may hold a resized copy of it."""
    height: int
    boxes: tuple[Box, ...]
    """All inside the image, none without area; empty for an image without objects."""
    n_clipped: int = 0
    """Boxes of the owner's that reached over the image's edge and were cut at it."""


class Reader(Protocol):
    """Reads one owner's layout. Methods named `load_*` each load one part of a case; `bench data verify` calls all.

    The class may declare `version`, a number that is raised whenever a `load_*` gives something else than before from
    the same file; without one, the hash of its source stands for it.
    """

    @property
    def layout(self) -> str:
        """The expected folders and files, as text for `bench show` and for error messages."""
        ...

    def matches(self, folder: Path) -> bool:
        """Whether `folder` looks like the data set's own folder (used to tell a wrong level from a missing set)."""
        ...

    def read(self, folder: Path) -> list[Case]:
        """List the cases, sorted by id. Raises `DataError` naming the folder or file that is wrong."""
        ...


@dataclass(frozen=True)
class Volume:
    """A 3D image or label map on its original grid."""

    array: np.ndarray
    """(X, Y, Z): float32 intensities, or uint8 labels, where 0 is background and i is `DataSet.classes[i - 1]`."""
    affine: np.ndarray
    """(4, 4) voxel indices to millimetres, right-anterior-superior."""


@runtime_checkable
class RemarkingReader(Reader, Protocol):
    """A reader that accepts copies which lack a part of the data set, and says so."""

    def remarks(self, cases: Sequence[Case]) -> tuple[str, ...]:
        """What these cases lack, one sentence each; they become warnings of the data set and of its records."""
        ...


class ImageMaskReader(Reader, Protocol):
    """Reads 2D images with masks; every load raises `DataError` naming the file and the fix."""

    def load_image(self, case: Case) -> Image:
        """8-bit RGB image (H x W)."""
        ...

    def load_masks(self, case: Case) -> np.ndarray:
        """(C, H, W) bool, one channel per structure of `DataSet.classes`; structures may overlap."""
        ...

    def load_region(self, case: Case) -> np.ndarray | None:
        """(H, W) bool, the pixels that are trained on and scored, such as a field of view; None means all."""
        ...


class BoxReader(Reader, Protocol):
    """Reads 2D images whose cases have a `BoxTarget`; every load raises `DataError` naming the file and the fix."""

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the objects, as `DataSet.classes`."""
        ...

    def load_image(self, case: Case) -> Image:
        """8-bit RGB image (H x W), of the boxes' size or a resized copy."""
        ...


class VolumeReader(Reader, Protocol):
    """Reads volumes with label maps; every load raises `DataError` naming the file and the fix."""

    def load_volume(self, case: Case) -> Volume:
        """Intensities (X, Y, Z), float32."""
        ...

    def load_labels(self, case: Case) -> Volume:
        """Labels (X, Y, Z), uint8, on the grid of the volume."""
        ...


@dataclass(frozen=True)
class DataSet:
    """A data set: where it lies, how it is read, what it should contain, whose it is."""

    name: str
    """Name, and folder under the data root unless `folder` is given."""
    title: str
    reader: Reader
    classes: tuple[str, ...]
    expected_counts: Mapping[str, Mapping[str, int]]
    """Domain, owner split or `all` -> class name, or `cases` where cases have no class -> number, as published."""
    modality: str
    citation: str
    licence: str
    obtain: str
    """How a user gets it."""
    phantom: Callable[[Path, int], None]
    """Write a small synthetic data set in the owner's layout into a folder; second argument is the seed."""
    ordered_classes: bool = False
    """Whether classes are grades, which makes quadratic kappa meaningful."""
    overlapping_classes: bool = False
    """Segmentation: whether a pixel may belong to several structures (sigmoid each) or to one at most (softmax)."""
    validation_fraction: float = 0.2
    """Share of the owner's training cases drawn for validation."""
    folder: str = ""
    """Folder under the data root where it is not `name`."""
    stand_in_for: str = ""
    """Name of a data set whose code this one tries on real data. Its tasks are none of the benchmark: `--task all`
    and mean ranks leave them out, and its records say what it is."""
    domains: tuple[str, ...] = ()
    """Sites or scanners: the first is trained and tested on, the others are only tested on (out of distribution)."""


@dataclass(frozen=True)
class Task:
    """A task is a data set, a kind and a default protocol, with the settings of the paper."""

    name: str
    data: DataSet
    kind: str
    """Name of the task kind, an entry point of the group `bench.kinds`."""
    protocol: str
    """Default protocol."""
    metric: str
    """Headline metric."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Task settings that follow from the data set and hold in every profile, such as the plane of slices."""
    paper: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Section (`task`, `protocol`) -> setting -> value of the `paper` profile; a protocol takes those it has."""


class TaskKind(ABC):
    """The engine of a family of tasks: head, loss, prediction, score. It owns no loop."""

    name: ClassVar[str]
    version: ClassVar[int]
    """Raised whenever the kind adapts or predicts otherwise than before under the same settings. A class that declares
    none has the hash of its source instead (`versions.plugin_versions`)."""
    metrics_version: ClassVar[int]
    """Likewise for `score`: raised whenever the same predictions get other metrics."""
    decoding: ClassVar[tuple[str, ...]] = ("images",)
    """What the harness decodes for it, `images` or `volumes`, whose versions are in the identity of its runs."""
    settings_class: ClassVar[type[Settings]]
    metrics: ClassVar[tuple[str, ...]]
    pooled_only: ClassVar[bool] = False
    """The head reads only `Features.pooled`, so that frozen protocols may embed every image once."""
    evaluation_batch: ClassVar[int] = 128
    """Images per batch in evaluation."""
    mixed_head: ClassVar[bool] = True
    """Whether the head may compute in mixed precision where the protocol says so; coordinates do not bear it."""
    quick: ClassVar[Mapping[str, Any]] = {"image_size": 48}
    """Task settings of the `quick` profile."""
    quick_protocol: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    """Protocol -> settings of the `quick` profile that differ from the protocol's own."""

    def __init__(self, task: Task, settings: Settings) -> None:
        self.task = task
        self.settings = settings
        self.cache: DiskCache | None = None
        """Where decoded data is kept between epochs and runs; None: nowhere."""
        self.contents: Mapping[str, str] = {}
        """Case id -> hash of the content of its files, which names what is kept in the cache."""

    def adapt_backbone(self, backbone: nn.Module, *, frozen: bool) -> nn.Module:
        """The encoder as this kind uses it, before the head is built; unchanged unless a kind says otherwise.

        It may change `backbone` in place. `frozen` says that the protocol does not train it.
        """
        return backbone

    @abstractmethod
    def build_head(self, backbone: nn.Module) -> nn.Module:
        """Head that maps the backbone's `Features` to this kind's output."""

    @abstractmethod
    def dataset(self, cases: Sequence[Case], *, train: bool) -> torch.utils.data.Dataset[Any]:
        """Map-style data set of `(image (3, H, W), target)`; `train` adds augmentation and may resample.

        Without `train`, items come case by case, in the order of `cases`.
        """

    @abstractmethod
    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        """Scalar training loss of a batch."""

    def training_loss(self, model: nn.Module, images: Tensor, target: Tensor) -> Tensor:
        """Scalar loss of a training step; kinds whose head needs the target to make its losses say so here.

        `model(images)` gives the head's output, `model(images, target)` also hands the target to the head.
        """
        return self.loss(model(images), target)

    @abstractmethod
    def predict(self, output: Tensor) -> np.ndarray:
        """Predictions of a batch, one entry per item, from the head's output."""

    def collect(
        self, cases: Sequence[Case], batches: Iterable[tuple[Tensor, Tensor]], *, test: bool, save: Path | None = None
    ) -> np.ndarray:
        """Reduce the (output, target) batches of a split, as they come, to one entry per case, for `score`.

        Kinds with large predictions reduce them to scores here and keep no prediction; `test` is False while an epoch
        is selected on validation. `save` names a folder for predictions worth a file.
        """
        import numpy as np

        return np.concatenate([self.predict(output) for output, _ in batches])

    @abstractmethod
    def score(self, cases: Sequence[Case], predictions: np.ndarray) -> dict[str, float | None]:
        """Metrics over all cases, from what `collect` gave; None where a metric is undefined."""

    def case_columns(self, cases: Sequence[Case], predictions: np.ndarray) -> dict[str, list[Any]]:
        """Per-case columns of the record, one entry per case: target and prediction unless a kind says otherwise."""
        return {"target": [case.target for case in cases], "prediction": predictions.round(5).tolist()}

    def sample_predictions(self, cases: Sequence[Case]) -> np.ndarray | None:
        """Made-up predictions, right in part, in the form that `score` takes; `behaviour.lock` keeps their metrics.

        None: there are none, and nothing watches over the metrics.
        """
        return None

    def provenance(self) -> dict[str, Any]:
        """What a record says beyond the settings about how this kind was run, such as the version of an engine."""
        return {}
