"""Images sorted into one folder per class, with or without folders per split."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from bench.core.errors import DataError
from bench.core.task import Case
from tasks.readers.folders import advice, names_found, visible


@dataclass(frozen=True)
class ClassFolders:
    """Reader of `<split>/<class>/<image>`, or of `<class>/<image>` where both split folders are None."""

    version: ClassVar[int] = 1

    train: str | None
    """Folder of the owner's training split."""
    test: str | None
    """Folder of the owner's test split."""
    classes: Mapping[str, int]
    """Class folder -> class index."""
    suffixes: tuple[str, ...] = (".jpg", ".jpeg", ".png")
    """Lower-case suffixes of images; other files are ignored."""

    @property
    def layout(self) -> str:
        """The expected folders, one line per split."""
        files = f"{{{','.join(self.classes)}}}/*{{{','.join(self.suffixes)}}}"
        return "\n".join(f"{split}/{files}" if split else files for split, _ in self._splits())

    def matches(self, folder: Path) -> bool:
        """Whether any class folder stands where the layout wants it."""
        return any((folder / split / name).is_dir() for split, _ in self._splits() for name in self.classes)

    def read(self, folder: Path) -> list[Case]:
        """List the cases of all splits, sorted by id (the path relative to `folder`).

        Raises:
            DataError: a split or class folder is missing, a class folder has no images, or a folder is no known class.
        """
        cases: list[Case] = []
        for split, owner_split in self._splits():
            for class_folder, target in self._class_folders(folder, split):
                cases += [
                    Case(path.relative_to(folder).as_posix(), path, target, owner_split)
                    for path in self._images(class_folder)
                ]
        return sorted(cases, key=lambda case: case.id)

    def _splits(self) -> list[tuple[str, Literal["train", "test"] | None]]:
        splits: list[tuple[str, Literal["train", "test"] | None]] = []
        if self.train:
            splits.append((self.train, "train"))
        if self.test:
            splits.append((self.test, "test"))
        return splits or [("", None)]

    def _class_folders(self, folder: Path, split: str) -> list[tuple[Path, int]]:
        split_folder = folder / split
        if not split_folder.is_dir():
            raise DataError(f"{split_folder}: this folder is missing.\n{self._advice(folder)}")
        found = {path.name for path in visible(split_folder) if path.is_dir()}
        missing, unknown = sorted(set(self.classes) - found), sorted(found - set(self.classes))
        if missing:
            raise DataError(f"{split_folder / missing[0]}: this class folder is missing.\n{self._advice(folder)}")
        if unknown:
            raise DataError(
                f"{split_folder / unknown[0]}: this folder is none of the data set's classes "
                f"({', '.join(self.classes)}).\nMove it out of {split_folder}, or give it its class's name."
            )
        return [(split_folder / name, target) for name, target in self.classes.items()]

    def _images(self, class_folder: Path) -> list[Path]:
        found = [path for path in visible(class_folder) if not path.is_dir()]
        images = [path for path in found if path.suffix.lower() in self.suffixes]
        if not images:
            raise DataError(
                f"{class_folder}: no images in this folder "
                f"(suffixes: {', '.join(self.suffixes)}; {names_found(found)}).\nUnpack the owner's archive again."
            )
        return images

    def _advice(self, folder: Path) -> str:
        return advice(folder, self.matches, self.layout)
