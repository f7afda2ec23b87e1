"""The nouns everything shares: `Method`, `Backbone` features, `Task`, `TaskKind`, `Reader`.

This module imports no torch, so that listing and describing plugins stays instant.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol, runtime_checkable

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image


OwnerSplit = Literal["train", "validation", "test"]


@dataclass(frozen=True)
class Case:
    """One labelled unit of a data set as its owner ships it: an image here, a volume in 3D tasks."""

    id: str
    """Unique and stable: the path relative to the data set's folder, with forward slashes."""
    image: Path
    target: Any
    """Class index for classification; other kinds define theirs."""
    owner_split: OwnerSplit | None
    """The owner's split, or None where the owner gives none."""
    subject: str | None = None
    """Cases of one subject never stand on both sides of a split; None means unknown."""
    labels: tuple[Path, ...] = ()
    """Files that hold the target where it is not an index (masks, regions); part of the data set's fingerprint."""
    domain: str | None = None
    """Site or scanner, one of `DataSet.domains`, where a data set has several."""
    content: str | None = None
    """What stands for the hash of `image` where one file holds many cases: a key of this case's own part."""


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
    n_rounded: int = 0
    """Voxels of a label map that were stored as nearly whole numbers (after resampling or scaling) and were rounded."""


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
class Declared:
    """What a data set has besides that a user's file declares, not a package."""

    folder: Path | None
    """Where it lies; None: under the data root, as another data set that sites were added to."""
    phantom_folder: str
    """Of its phantom, under the data root of phantoms; another one for every shape that is declared."""
    subject: str = ""
    """Regular expression on the ids of cases whose group names the subject; empty: the reader says it."""
    site: str = ""
    """Likewise of the site."""
    extends: str = ""
    """Name of the data set that this one is, with sites added."""


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
    declared: Declared | None = None
    """Set where a user's file declares it."""


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
