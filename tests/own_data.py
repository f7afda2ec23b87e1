"""Small data sets of a user's, with the file that declares them."""

from __future__ import annotations

from pathlib import Path

from bench.core.registry import layouts
from bench.core.task import DataSet, Task
from bench.data.own.declaration import read_declaration
from bench.data.own.made import make_task


def declare(path: Path, layout: str, top: str = "") -> Path:
    """Write a file with some keys and a table `[layout]`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{top}\n[layout]\n{layout}\n", encoding="utf-8")
    return path


def draw(
    folder: Path, kind: str, classes: tuple[str, ...], layout: str, sites: tuple[str, ...] = (), **options
) -> None:
    """Fill a folder with pictures in a layout, as its phantom has them, under no marker: as if they were real."""
    folder.mkdir(parents=True, exist_ok=True)
    layouts().get(layout).model_validate(options).write_phantom(folder, kind, classes, 0, sites)


def task_of(path: Path) -> Task:
    """The task that a file declares."""
    return make_task(path, read_declaration(path))


def data_set_of(path: Path) -> DataSet:
    """Its data set."""
    return task_of(path).data
