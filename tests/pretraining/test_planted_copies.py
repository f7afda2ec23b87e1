"""No corpus holds what a task evaluates on, in any encoding: copies are planted, and looked for."""

import gzip

import nibabel
import numpy as np
import pytest
from PIL import Image

from bench.core.console import Report
from bench.core.errors import DataError
from bench.runs.world import World
from tasks.brain_tumor import BRAIN_TUMOR
from tasks.mmwhs_ct import MMWHS_CT
from tests.data.near_duplicates.planted import CHANGES, texture

QUIET = Report(quiet=True)


def plant(image: Image.Image, folder, stem: str) -> list[str]:
    """Write an image in other encodings and with each of `CHANGES`; the names of the files."""
    exif = Image.Exif()
    exif[0x010E] = "another camera"
    grey = image.convert("L")
    files = {
        "png": lambda path: image.save(path.with_suffix(".png")),
        "tif": lambda path: image.save(path.with_suffix(".tif"), compression="tiff_lzw"),
        "jpeg": lambda path: image.save(path.with_suffix(".jpeg"), quality=95, exif=exif),
        "grey": lambda path: grey.save(path.with_suffix(".png")),
        "palette": lambda path: grey.convert("P").save(path.with_suffix(".png")),
        "alpha": lambda path: image.convert("RGBA").save(path.with_suffix(".png")),
        "bmp": lambda path: image.save(path.with_suffix(".bmp")),
    }
    for name, write in files.items():
        write(folder / f"{stem}_{name}")
    for number, change in enumerate(CHANGES.values()):
        change(image).save(folder / f"{stem}_change{number}.png")
    return [path.name for path in folder.glob(f"{stem}_*")]


def corpus_of(world, folder, names, data_set):
    (folder / "list.csv").write_text("path\n" + "\n".join(names) + "\n")
    return world.corpus(str(folder / "list.csv"), data_set, 0)


def test_copies_in_any_encoding_stay_out_of_a_manifest(phantom_root, tmp_path):
    world = World(phantom_root, QUIET)
    split = world.split(BRAIN_TUMOR, 0)
    planted = []
    for number, case in enumerate((split.test[0], split.test[-1], split.validation[0])):
        with Image.open(case.image) as image:
            planted += plant(image.convert("RGB"), tmp_path, f"new{number}")
    texture(1).save(tmp_path / "own.png")
    with pytest.raises(DataError, match="no image left to pretrain on"):
        corpus_of(world, tmp_path, planted, BRAIN_TUMOR)
    corpus = corpus_of(World(phantom_root, QUIET), tmp_path, [*planted, "own.png"], BRAIN_TUMOR)
    assert [image.path.name for image in corpus.images] == ["own.png"]
    assert corpus.excluded == len(planted) == 3 * (7 + len(CHANGES))


def test_copies_among_training_images_stay_out_of_the_pool(phantom_root, tmp_path):
    """The owner's training folder holds a test image again, in another encoding and brighter."""
    import shutil

    root = tmp_path / "data"
    shutil.copytree(phantom_root, root)
    test = World(phantom_root, QUIET).split(BRAIN_TUMOR, 0).test[3]
    with Image.open(test.image) as image:
        folder = next((root / "brain_tumor" / "Training").iterdir())
        planted = plant(image.convert("RGB"), folder, "again")
    for name in ("pool", "task"):
        corpus = World(root, QUIET).corpus(name, BRAIN_TUMOR, 0)
        assert not {image.path.name for image in corpus.images} & set(planted)


def test_voxels_and_sequences_of_a_test_volume_stay_out(segmentation_root, tmp_path):
    world = World(segmentation_root, QUIET)
    case = world.split(MMWHS_CT, 0).test[0]
    volume = nibabel.load(case.image)
    raw = gzip.decompress(case.image.read_bytes()) if case.image.suffix == ".gz" else case.image.read_bytes()
    (tmp_path / "scan1.nii.gz").write_bytes(gzip.compress(raw, 1))
    (tmp_path / "scan2.nii").write_bytes(raw)
    as_float = nibabel.Nifti1Image(np.asarray(volume.dataobj, np.float64), volume.affine)
    nibabel.save(as_float, tmp_path / "scan3.nii.gz")
    other = nibabel.Nifti1Image(np.asarray(volume.dataobj, np.float64)[::-1] + 5, volume.affine)
    sibling = case.image.name.replace("image", "t1ce")
    nibabel.save(other, tmp_path / sibling)
    unrelated = nibabel.Nifti1Image(np.asarray(volume.dataobj, np.float64)[::-1] + 6, volume.affine)
    nibabel.save(unrelated, tmp_path / "scan4.nii.gz")
    names = ["scan1.nii.gz", "scan2.nii", "scan3.nii.gz", sibling, "scan4.nii.gz"]
    corpus = corpus_of(world, tmp_path, names, MMWHS_CT)
    assert {image.path.name for image in corpus.images} == {"scan4.nii.gz"}


@pytest.mark.slow
@pytest.mark.real_data
def test_planted_copies_of_real_test_images(real_root, tmp_path):
    world = World(real_root, QUIET, frozenset({"brain_tumor"}))
    split = world.split(BRAIN_TUMOR, 0)
    planted = []
    for number, case in enumerate(split.test[::13]):
        with Image.open(case.image) as image:
            planted += plant(image.convert("RGB"), tmp_path, f"new{number}")
    texture(1).save(tmp_path / "own.png")
    corpus = corpus_of(world, tmp_path, [*planted, "own.png"], BRAIN_TUMOR)
    assert len(planted) == 31 * (7 + len(CHANGES))
    assert corpus.excluded >= 0.99 * len(planted)
    assert "own.png" in {image.path.name for image in corpus.images}
