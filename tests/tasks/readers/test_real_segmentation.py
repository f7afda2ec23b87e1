"""The readers on real data sets: every file is read once."""

import json
from pathlib import Path

import numpy as np
import pytest

from bench.data.dataset import read_data
from tasks.brain_tumor import BRAIN_TUMOR
from tasks.drive import DRIVE
from tasks.jsrt import JSRT
from tasks.kvasir_seg import KVASIR_SEG
from tasks.readers.nifti_volumes import NiftiVolumes
from tasks.readers.pairs import Part

pytestmark = pytest.mark.real_data


def shares(data_set, data):
    """Mean share of each structure in the images; checks sizes on the way."""
    reader, found = data_set.reader, []
    for case in data.cases:
        image, masks = reader.load_image(case), reader.load_masks(case)
        assert masks.shape == (len(data_set.classes), image.height, image.width)
        found.append(masks.mean(axis=(1, 2)))
    return np.mean(found, axis=0)


def test_drive(real_root):
    data = read_data(DRIVE, real_root)
    assert data.warnings == ()
    assert 0.08 < shares(DRIVE, data)[0] < 0.095
    regions = [DRIVE.reader.load_region(case) for case in data.cases]
    assert all(region.shape == (584, 565) and 0.6 < region.mean() < 0.75 for region in regions)


def test_kvasir(real_root):
    data = read_data(KVASIR_SEG, real_root)
    assert (len(data.cases), data.warnings) == (1000, ())
    assert 0.14 < shares(KVASIR_SEG, data)[0] < 0.17


def test_jsrt_copy_without_clavicles(real_root):
    data = read_data(JSRT, real_root)
    assert len(data.cases) == 247
    (warning,) = data.warnings
    assert warning.startswith("jsrt: this copy has no masks of right clavicle, left clavicle")
    right, left, heart, *clavicles = shares(JSRT, data)
    assert right > left > heart > 0.05
    assert clavicles == [0, 0]


def test_volumes_of_the_medical_segmentation_decathlon(real_root):
    reader = NiftiVolumes((Part("imagesTr/{case}.nii.gz", ("labelsTr/{case}.nii.gz",)),), {1: 1, 2: 2})
    cases = reader.read(real_root / "hippocampus" / "Task04_Hippocampus")
    assert len(cases) == 260
    for case in cases[::10]:
        volume, labels = reader.load_volume(case), reader.load_labels(case)
        assert volume.array.shape == labels.array.shape
        assert set(np.unique(labels.array)) == {0, 1, 2}


def test_brain_tumor_keeps_the_fingerprint_of_committed_records(real_root):
    runs = Path(__file__).parents[3] / "results" / "runs" / "real"
    records = [json.loads(path.read_text()) for path in runs.rglob("*.json")]
    fingerprints = {r["fingerprints"]["data"] for r in records if r["data_set"] == "brain_tumor"}
    if not fingerprints:
        pytest.skip("no record of brain_tumor is committed")
    assert fingerprints == {read_data(BRAIN_TUMOR, real_root).fingerprint}
