"""Names of cases, normalised and hashed, so that lists of other projects find them."""

import pytest

from bench.data.dataset import read_data
from bench.data.published.names import HASH_BYTES, hash_of, names_of_cases, normalise, pack, unpack
from tasks.brats import BRATS
from tasks.mmwhs_ct import MMWHS_CT


@pytest.mark.parametrize(
    ("name", "normal"),
    [
        ("ISIC_0024763.jpg", "isic_0024763"),
        ("a/b/ct_train_1005_image.nii.gz", "ct_train_1005"),
        ("ct_train_1005_label.nii", "ct_train_1005"),
        ("BKL_ISIC_0012103_downsampled.jpg", "bkl_isic_0012103"),
        ("a\\b\\X.PNG ", "x"),
        ("Brats18_CBICA_ANZ_1/", "brats_cbica_anz_1"),
        ("BraTS19_CBICA_ANZ_1", "brats_cbica_anz_1"),
        ("BraTS20_Training_001", "brats20_training_001"),
        ("benign (1).png", "benign (1)"),
        ("v1.2.scan", "v1.2.scan"),
    ],
)
def test_normalised_names(name, normal):
    assert normalise(name) == normal


def test_hashes_are_sorted_and_once_each():
    packed = pack(["b.png", "a.jpg", "x/A.png"])
    assert unpack(packed) == {hash_of("a"), hash_of("b")}
    assert len(packed) == 2 * HASH_BYTES
    assert packed[:HASH_BYTES] < packed[HASH_BYTES:]


def test_cases_go_by_file_and_by_a_folder_of_their_own(segmentation_root):
    names = names_of_cases(read_data(BRATS, segmentation_root))
    assert names["Brats18_TCIA01_131_2"] == ["HGG/Brats18_TCIA01_131_2/Brats18_TCIA01_131_2_flair.nii.gz"]
    names = names_of_cases(read_data(MMWHS_CT, segmentation_root))
    assert names["ct_train_1005"] == names["ct_train_1005_image"] == ["ct_train/ct_train_1005_image.nii.gz"]
    assert "ct_train" not in names
