"""The engine of a family of tasks: head, loss, prediction and score."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from bench.core.settings import Settings
from bench.core.task import Case, Task

if TYPE_CHECKING:
    import numpy as np
    import torch
    from PIL.Image import Image
    from torch import Tensor, nn


class Shown(NamedTuple):
    """What a contact sheet shows of a case: pictures of any size, or texts of a few lines."""

    image: Image
    truth: Image | str
    prediction: Image | str


class Features(NamedTuple):
    """What a backbone returns for images (B, C, H, W)."""

    maps: list[Tensor]
    """Feature maps (B, channels[i], H / strides[i], W / strides[i]), finest first."""
    pooled: Tensor
    """Global embedding (B, D)."""
    stem: Tensor | None = None
    """Map before the first pooling (B, stem_channels, H / 2, W / 2), where the backbone has one; U-Nets use it."""


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
    target: ClassVar[type | None] = None
    """Type of every `Case.target`, such as `int` or `BoxTarget`; None: the target lies in files."""
    loads: ClassVar[tuple[str, ...]] = ()
    """Names of the `load_*` that a reader must have for it; `load_image` and `load_volume` are decoded without."""
    settings_class: ClassVar[type[Settings]]
    metrics: ClassVar[tuple[str, ...]]
    pooled_only: ClassVar[bool] = False
    """The head reads only `Features.pooled`, so that frozen protocols may embed every image once."""
    prepared_by: ClassVar[tuple[str, ...] | None] = None
    """Names of the settings that `prepare` depends on; None: all of them."""
    memory_mapped: ClassVar[bool] = False
    """Prepared cases are too large for memory, as volumes are: they are only read from disk, which has to hold them."""
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
        self.kept: Callable[[Case], Mapping[str, np.ndarray]] = self.prepare
        """What data sets call instead of `prepare`: the same arrays, not to be written to, which the harness keeps in
        memory and on disk. `kept(case)[part]` reads that part alone."""

    def adapt_backbone(self, backbone: nn.Module, *, frozen: bool) -> nn.Module:
        """The encoder as this kind uses it, before the head is built; unchanged unless a kind says otherwise.

        It may change `backbone` in place. `frozen` says that the protocol does not train it.
        """
        return backbone

    @abstractmethod
    def prepare(self, case: Case) -> Mapping[str, np.ndarray]:
        """A case decoded and resized: name of a part -> array, of any shape and type, the same parts for every case.

        A function of the case's files and id, of how its data set is declared and of the settings in `prepared_by`,
        and of nothing else: no randomness, no cache. Raises `DataError` naming a file that cannot be used.
        """

    def has_truth(self, case: Case) -> bool:
        """Whether a score of this case can be defined; a split where none can is an error before any training."""
        return True

    @abstractmethod
    def build_head(self, backbone: nn.Module) -> nn.Module:
        """Head that maps the backbone's `Features` to this kind's output."""

    @abstractmethod
    def dataset(self, cases: Sequence[Case], *, train: bool) -> torch.utils.data.Dataset[Any]:
        """Map-style data set of `(image (3, H, W), target)`; `train` adds augmentation and may resample.

        Without `train`, items come case by case, in the order of `cases`. A `bench.engine.datasets.KeptDataset` on
        `self.kept` is filled before the first epoch.
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

    @property
    def case_score_name(self) -> str:
        """What `case_scores` are, for a contact sheet."""
        return self.task.metric

    def case_scores(self, cases: Sequence[Case], predictions: np.ndarray) -> list[float | None]:
        """How good what `collect` gave is for each case, the greater the better; None where that is undefined."""
        pairs = range(len(cases))
        return [self.score(cases[i : i + 1], predictions[i : i + 1])[self.task.metric] for i in pairs]

    def show(self, case: Case, prediction: Any, saved: Path) -> Shown | None:
        """Image, truth and prediction of a case for a contact sheet; None: the kind draws none.

        `prediction` is its entry of what `collect` gave, and `saved` the folder that `collect` saved to.
        """
        return None

    @property
    def legend(self) -> Mapping[str, str]:
        """Name -> colour, as Pillow takes it, of what `show` draws."""
        return {}

    def sample_predictions(self, cases: Sequence[Case]) -> np.ndarray | None:
        """Made-up predictions, right in part, in the form that `score` takes; `behaviour.lock` keeps their metrics.

        None: there are none, and nothing watches over the metrics.
        """
        return None

    def provenance(self) -> dict[str, Any]:
        """What a record says beyond the settings about how this kind was run, such as the version of an engine."""
        return {}


def as_entries(found: Sequence[Any]) -> np.ndarray:
    """One entry per case, for `TaskKind.score`: an array (number of cases,) of objects."""
    import numpy as np

    entries = np.empty(len(found), dtype=object)
    entries[:] = found
    return entries
