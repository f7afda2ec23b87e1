"""Manifests: images, folders and volumes that a file lists, and one error for each that is wrong."""

import nibabel
import numpy as np
import pytest
from PIL import Image

from bench.core.console import Report
from bench.core.errors import DataError
from bench.pretraining.corpus import manifest_corpus
from bench.runs.world import World


@pytest.fixture(scope="module")
def world(phantom_root):
    return World(phantom_root, Report(quiet=True))


def image(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (20, 20), (value, value, value)).save(path)
    return path


def test_csv_manifest_of_files_and_folders(tmp_path, world):
    image(tmp_path / "a.png", 10)
    image(tmp_path / "more" / "b.jpg", 200)
    (tmp_path / "more" / "notes.txt").write_text("no image")
    manifest = tmp_path / "corpus.csv"
    manifest.write_text("path\na.png\nmore\n")
    corpus = manifest_corpus(manifest, [])
    assert [i.path.name for i in corpus.images] == ["a.png", "b.jpg"]
    assert corpus.images[0].read().getpixel((0, 0)) == (10, 10, 10)


def test_toml_manifest_slices_volumes(tmp_path):
    volume = np.zeros((4, 5, 6), dtype=np.int16)
    volume[:, :, 3] = 1000
    nibabel.save(nibabel.Nifti1Image(volume, np.eye(4)), tmp_path / "v.nii.gz")
    manifest = tmp_path / "corpus.toml"
    manifest.write_text('[[volume]]\npath = "v.nii.gz"\naxis = 2\n')
    corpus = manifest_corpus(manifest, [])
    assert len(corpus.images) == 6
    brightness = [np.asarray(i.read()).mean() for i in corpus.images]
    assert brightness.index(max(brightness)) == 3
    assert max(brightness) == 255
    assert corpus.images[0].read().size == (4, 5)


@pytest.mark.parametrize("axis", ["3", "-1", "1.5", '"z"', "nan"])
def test_axis_of_a_manifest_must_be_one_of_three(tmp_path, axis):
    nibabel.save(nibabel.Nifti1Image(np.zeros((2, 2, 2), np.int16), np.eye(4)), tmp_path / "V.NII.GZ")
    manifest = tmp_path / "corpus.toml"
    manifest.write_text(f'[[volume]]\npath = "V.NII.GZ"\naxis = {axis}\n')
    with pytest.raises(DataError, match=r"corpus\.toml, \[\[volume\]\] number 1: axis .* expected 0 \(sagittal\)"):
        manifest_corpus(manifest, [])
    manifest.write_text('[[volume]]\npath = "V.NII.GZ"\naxis = 1\n')
    assert len(manifest_corpus(manifest, []).images) == 2


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("c.csv", "file\na.png\n", "has no column `path`; found: file"),
        ("c.csv", "path\nnone.png\n", r"c\.csv, line 2: .*none\.png does not exist"),
        ("c.toml", "[[volumes]]\n", r"expected tables \[\[image\]\]"),
        ("c.toml", "[[folder]]\npattern = '*'\n", r"\[\[folder\]\] number 1 has no `path`"),
        ("c.toml", "not toml", "is not valid TOML"),
    ],
)
def test_bad_manifests(tmp_path, name, text, message):
    manifest = tmp_path / name
    manifest.write_text(text)
    with pytest.raises(DataError, match=message):
        manifest_corpus(manifest, [])


def test_broken_volume_is_named(tmp_path):
    (tmp_path / "v.nii.gz").write_bytes(b"no volume")
    manifest = tmp_path / "c.csv"
    manifest.write_text("path\nv.nii.gz\n")
    with pytest.raises(DataError, match=r"v\.nii\.gz is not a readable NIfTI volume"):
        manifest_corpus(manifest, [])


def test_a_manifest_may_name_modalities(tmp_path):
    for name in ("a", "b", "c"):
        Image.new("RGB", (20, 20), (ord(name), 0, 0)).save(tmp_path / f"{name}.png")
    (tmp_path / "m.csv").write_text("path,modality\na.png,MRI\nb.png,CT\nc.png,\n")
    assert [i.modality for i in manifest_corpus(tmp_path / "m.csv", []).images] == ["MRI", "CT", ""]
    (tmp_path / "m.toml").write_text('[[image]]\npath = "a.png"\nmodality = "X-ray"\n')
    assert [i.modality for i in manifest_corpus(tmp_path / "m.toml", []).images] == ["X-ray"]
