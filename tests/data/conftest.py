import shutil
from pathlib import Path

import pytest

from bench.core.task import DataSet
from bench.data.phantom import ensure_phantoms
from tasks.kvasir_det import KVASIR_DET
from tasks.kvasir_seg import KVASIR_SEG
from tasks.mmwhs_ct import MMWHS_CT
from tasks.readers.class_folders import ClassFolders
from tasks.vindr import VINDR


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


@pytest.fixture(scope="module")
def phantoms(tmp_path_factory) -> Path:
    """A data root with the phantoms of all data sets with boxes; do not change it."""
    return ensure_phantoms([KVASIR_DET, KVASIR_SEG, VINDR], tmp_path_factory.mktemp("boxes"))


@pytest.fixture
def kvasir(phantoms, tmp_path) -> Path:
    """A copy of the folder Kvasir-SEG in a data root of its own."""
    return Path(shutil.copytree(phantoms / "kvasir", tmp_path / "data" / "kvasir")) / "Kvasir-SEG"


@pytest.fixture
def copy(segmentation_root, tmp_path):
    """A copy of a phantom that a test may damage."""

    def call(data_set) -> Path:
        name = data_set.folder or data_set.name
        return Path(shutil.copytree(segmentation_root / name, tmp_path / "data" / name))

    return call


@pytest.fixture
def pair(copy):
    """A case of a copied phantom, and its label map."""
    case = MMWHS_CT.reader.read(copy(MMWHS_CT))[0]
    return case, case.labels[0]
