"""Manifests: images, folders and volumes that a file lists, and one error for each that is wrong."""

import nibabel
import numpy as np
import pytest
from PIL import Image

from bench.core.console import Report
from bench.core.errors import DataError
from bench.pretraining.corpus import manifest_corpus
from bench.pretraining.manifest import left_out
from bench.runs.world import World
from tasks.brain_tumor import BRAIN_TUMOR


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


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("c.csv", b"path,axis\n,1\n", "line 2 has no `path`; found ''"),
        ("c.csv", b"path\n" + b"a" * 300 + b"\n", "File name too long"),
        ("c.csv", b"path\na\0b\n", "line 2|NUL|null"),
        ("c.csv", b"path;axis\nimages;2\n", "has no column `path`; found: path;axis"),
        ("c.csv", b"path,axis\nimages,2,\n", "line 2 has 3 fields for 2 columns"),
        ("c.csv", b"path,patern\nimages,*.png\n", "line 2: the key 'patern' is not known"),
        ("c.csv", b"path\n\xe9\n", "byte 0xe9 at position 5 is not UTF-8"),
        ("c.csv", b"", "has no column `path`; found: nothing"),
        ("c.toml", b'[[image]]\npath = "\xe9"\n', "byte 0xe9"),
        ("c.toml", b"image = 3\n", r"expected tables \[\[image\]\]"),
        ("c.toml", b'[image]\npath = "images"\n', r"expected tables \[\[image\]\]"),
        ("c.toml", b"image = [1]\n", r"expected tables \[\[image\]\]"),
        ("c.toml", b"[[folder]]\npath = 3\n", "path must be a text; found 3"),
        ("c.toml", b'[[folder]]\npath = "images"\npatern = "*"\n', "the key 'patern' is not known"),
        (
            "c.toml",
            b'[[folder]]\npath = "images"\npattern = "/etc/*"\n',
            "cannot be read: Non-relative patterns",
        ),
        ("c.toml", b'[[folder]]\npath = "images"\npattern = "**x/["\n', "images: cannot be read: Invalid pattern"),
        ("c.toml", b"image = " + b"[" * 50_000, "nested too deeply"),
        ("c.toml", b'[[volume]]\npath = "images"\naxis = ' + b"9" * 5000, "digits"),
    ],
)
def test_whatever_is_wrong_with_a_manifest_is_one_error_that_names_it(tmp_path, name, content, message):
    image(tmp_path / "images" / "a.png", 10)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message) as caught:
        manifest_corpus(tmp_path / name, [])
    assert name in str(caught.value)


def test_a_folder_named_na_is_a_folder_and_a_link_to_above_ends(tmp_path):
    image(tmp_path / "NA" / "a.png", 10)
    (tmp_path / "NA" / "up").symlink_to("..")
    (tmp_path / "c.csv").write_bytes(b"\xef\xbb\xbfpath,modality\r\nNA,X-ray\r\n")
    assert [i.path.name for i in manifest_corpus(tmp_path / "c.csv", []).images] == ["a.png"]


def test_a_device_in_a_manifest_is_not_read(tmp_path):
    (tmp_path / "a.png").symlink_to("/dev/zero")
    (tmp_path / "c.csv").write_text("path\na.png\n")
    with pytest.raises(DataError, match=r"a\.png: cannot be read: it is no regular file"):
        manifest_corpus(tmp_path / "c.csv", [])


def test_an_image_that_is_listed_thrice_is_there_once(tmp_path):
    image(tmp_path / "more" / "a.png", 3)
    (tmp_path / "again.png").write_bytes((tmp_path / "more" / "a.png").read_bytes())
    nibabel.save(nibabel.Nifti1Image(np.zeros((2, 2, 5), np.int16), np.eye(4)), tmp_path / "v.nii")
    manifest = tmp_path / "corpus.csv"
    manifest.write_text("path\nmore/a.png\nmore\nmore/a.png\nagain.png\nv.nii\nv.nii\n")
    corpus = manifest_corpus(manifest, [])
    assert [i.path.name for i in corpus.images] == ["a.png", *["v.nii"] * 5]


def test_files_that_are_not_taken_are_counted_by_suffix(tmp_path, phantom_root, capsys):
    image(tmp_path / "more" / "a.png", 3)
    for name in ("b.dcm", "c.DCM", "deep/d.webp", "README", ".DS_Store"):
        (tmp_path / "more" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "more" / name).write_bytes(b"x")
    manifest = tmp_path / "corpus.csv"
    manifest.write_text("path\nmore\n")
    assert left_out(manifest) == "4 files not taken: .dcm 2, without a suffix 1, .webp 1"
    World(phantom_root, Report()).corpus(str(manifest), BRAIN_TUMOR, 0)
    assert "corpus.csv: 4 files not taken: .dcm 2, " in capsys.readouterr().err
    manifest.write_text("path\nmore/a.png\n")
    assert left_out(manifest) is None


def test_a_folder_is_a_corpus_with_what_a_manifest_of_it_would_be(tmp_path):
    folder = tmp_path / "scans.v2"
    for number in range(3):
        image(folder / f"deep/{number}" / "a.png", number)
    image(tmp_path / "elsewhere" / "b.png", 9)
    (folder / "link").symlink_to(tmp_path / "elsewhere")
    (folder / "deep" / "loop").symlink_to(folder)
    (folder / "notes.txt").write_text("x")
    (tmp_path / "corpus.csv").write_text("path\nscans.v2\n")
    alone, listed = (manifest_corpus(path, []) for path in (folder, tmp_path / "corpus.csv"))
    assert (len(alone.images), alone.fingerprint, alone.origin) == (4, listed.fingerprint, listed.origin)
    assert alone.label == "scans.v2(scans.v2)"
    assert left_out(folder) == "1 file not taken: .txt 1"
    (tmp_path / "none").mkdir()
    with pytest.raises(DataError, match="no images under"):
        manifest_corpus(tmp_path / "none", [])


def test_the_home_folder_may_be_written_as_a_tilde(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    image(tmp_path / "home.png", 3)
    (tmp_path / "lists").mkdir()
    manifest = tmp_path / "lists" / "corpus.csv"
    manifest.write_text("path\n~/home.png\n")
    assert [i.path.name for i in manifest_corpus(manifest, []).images] == ["home.png"]


def test_what_operating_systems_leave_is_no_image(tmp_path):
    image(tmp_path / "more" / "a.png", 3)
    for name in ("._a.png", "__MACOSX/b.png", "@eaDir/a.png/c.jpg", ".hidden/d.png"):
        (tmp_path / "more" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "more" / name).write_bytes(b"x")
    manifest = tmp_path / "corpus.toml"
    for pattern in ("**/*", "**/*.*"):
        manifest.write_text(f'[[folder]]\npath = "more"\npattern = "{pattern}"\n')
        assert [i.path.name for i in manifest_corpus(manifest, []).images] == ["a.png"]
        assert left_out(manifest) is None


def dicom_folder(folder):
    """Two images, a volume of three frames, and files that are no images of a corpus."""
    pytest.importorskip("pydicom")
    from tests.data.decoding.dicom_files import write

    folder.mkdir()
    grey = np.arange(64, dtype=np.uint8).reshape(8, 8)
    write(folder / "a.dcm", grey)
    write(folder / "IM0001", grey + 60)
    write(folder / "v.dcm", np.stack([grey, grey + 1, grey + 2]))
    write(folder / "seg.dcm", grey, SOPClassUID="1.2.840.10008.5.1.4.1.1.66.4")
    (folder / "DICOMDIR").write_bytes((folder / "a.dcm").read_bytes())
    return folder


def test_dicom_files_are_images_and_volumes(tmp_path):
    dicom_folder(tmp_path / "scans")
    manifest = tmp_path / "corpus.csv"
    manifest.write_text("path,axis\nscans,2\n")
    images = manifest_corpus(manifest, []).images
    assert [(i.path.name, i.axis, i.index) for i in images] == [
        ("IM0001", None, 0),
        ("a.dcm", None, 0),
        *(("v.dcm", 2, k) for k in range(3)),
    ]
    assert np.asarray(images[1].read())[..., 0].tolist() == np.arange(64).reshape(8, 8).tolist()
    assert images[3].read().size == (8, 8)
    assert left_out(manifest) == "2 files not taken: without a suffix 1, .dcm 1"


def test_without_pydicom_dicom_files_are_not_taken_and_that_is_said(tmp_path, monkeypatch):
    folder = dicom_folder(tmp_path / "scans")
    monkeypatch.setattr("bench.data.decoding.dicom.is_installed", lambda: False)
    manifest = tmp_path / "corpus.csv"
    manifest.write_text("path\nscans\n")
    with pytest.raises(DataError, match=r"no images under .*to read DICOM: pip install 'medical-ssl-bench\[dicom\]'"):
        manifest_corpus(manifest, [])
    image(folder / "b.png", 3)
    assert [i.path.name for i in manifest_corpus(manifest, []).images] == ["b.png"]
    assert left_out(manifest).startswith("5 files not taken: .dcm 3, without a suffix 2 (to read DICOM: pip install")
