"""A layout: the form in which a user's data set lies on disk, with its options, and the reader that they make."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import ClassVar

from bench.core.errors import DataError
from bench.core.settings import Settings
from bench.core.task import Reader


class Layout(Settings):
    """Base of the layouts, entry points of the group `bench.layouts`: the table `[layout]` of a data set's file.

    Fields are its options, each with a description; unknown ones are errors. What they make is a reader, a frozen
    dataclass whose fields are all that changes what is read: they are part of the identity of runs.
    """

    kinds: ClassVar[tuple[str, ...]]
    """Kinds of task that it can feed."""
    example: ClassVar[str]
    """The table `[layout]`, as documents show it."""

    def classes(self, folder: Path, kind: str) -> tuple[str, ...]:
        """Names of the classes in a folder, in their order; none where the layout cannot know. Raises `DataError`."""
        return ()

    def sites(self, folder: Path, kind: str) -> tuple[str, ...]:
        """Names of the sites in a folder, the trained one first; none where it has no sites. Raises `DataError`."""
        return ()

    @abstractmethod
    def reader(self, kind: str, classes: tuple[str, ...]) -> Reader:
        """What reads a folder for tasks of a kind, an `ImageMaskReader`, `BoxReader` or `VolumeReader` where it asks.

        Raises:
            DataError: the options and the classes contradict each other.
        """

    def write_phantom(
        self, folder: Path, kind: str, classes: tuple[str, ...], seed: int, sites: tuple[str, ...] = ()
    ) -> None:
        """Write a small synthetic data set in this layout into a folder; the same seed writes the same bytes.

        Raises:
            DataError: this layout writes none.
        """
        raise DataError(
            f"The layout {type(self).__name__} writes no synthetic data{' with sites' if sites else ''}.\n"
            "Run on the data set itself: name its folder as `folder` of the data set's file."
        )
