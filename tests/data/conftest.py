from pathlib import Path

import pytest

from bench.core.task import DataSet
from tasks.readers.class_folders import ClassFolders


def write_tiny(folder: Path, seed: int = 0) -> None:
    """Distinct files; 6 per class in a, 2 in b. The content is no image: readers and hashes do not decode."""
    for split, count in (("a", 6), ("b", 2)):
        for name in ("cat", "dog"):
            for i in range(count):
                path = folder / split / name / f"{i}.jpg"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(f"{split} {name} {i} {seed}".encode())


@pytest.fixture
def tiny() -> DataSet:
    return DataSet(
        name="tiny",
        title="Tiny",
        reader=ClassFolders("a", "b", {"cat": 0, "dog": 1}),
        classes=("cat", "dog"),
        expected_counts={"train": {"cat": 6, "dog": 6}, "test": {"cat": 2, "dog": 2}},
        modality="none",
        citation="none",
        licence="none",
        obtain="Ask the zoo.",
        phantom=write_tiny,
        validation_fraction=0.34,
    )


@pytest.fixture
def tiny_root(tmp_path: Path) -> Path:
    write_tiny(tmp_path / "data" / "tiny")
    return tmp_path / "data"
