"""Phantoms of images, boxes and volumes in folders that a test may damage."""

import shutil
from pathlib import Path

import pytest

from bench.data.phantom import ensure_phantoms
from tasks.kvasir_det import KVASIR_DET
from tasks.kvasir_seg import KVASIR_SEG
from tasks.mmwhs_ct import MMWHS_CT
from tasks.vindr import VINDR


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
