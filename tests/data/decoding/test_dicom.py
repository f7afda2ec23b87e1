"""DICOM images: which files are, what is read of known values, compressed or not, and one error for damaged ones."""

import builtins
import warnings

import numpy as np
import pytest

pytest.importorskip("pydicom")

from pydicom import dcmread
from pydicom.uid import (
    MPEG2MPML,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    RLELossless,
    generate_uid,
)

from bench.core.errors import DataError
from bench.data.decoding.dicom import holds_image, is_dicom, is_installed, n_frames, read_dataset
from bench.data.decoding.images import is_image, read_image, read_size, read_stored
from bench.data.decoding.labels import read_label_values
from tests.data.decoding.dicom_files import dataset, write

GREY8 = np.arange(48, dtype=np.uint8).reshape(6, 8)
DEEP = np.arange(48, dtype=np.uint16).reshape(6, 8) * 80


def grey(path) -> np.ndarray:
    pixels = np.asarray(read_image(path))
    assert (pixels == pixels[..., :1]).all()
    return pixels[..., 0]


def test_eight_bits_are_the_pixels(tmp_path):
    path = write(tmp_path / "a.dcm", GREY8)
    assert grey(path).tolist() == GREY8.tolist()
    assert read_size(path) == (6, 8)
    assert read_stored(path)[..., 0].tolist() == GREY8.tolist()


def test_deep_greys_without_a_window_are_scaled_by_their_range(tmp_path):
    path = write(tmp_path / "a.dcm", DEEP, BitsStored=12, HighBit=11)
    assert grey(path).tolist() == np.rint(DEEP * (255 / DEEP.max())).astype(np.uint8).tolist()
    assert read_stored(path).tolist() == DEEP.tolist()


def test_signed_values_are_read_as_such(tmp_path):
    signed = DEEP.astype(np.int16) - 2000
    assert read_stored(write(tmp_path / "a.dcm", signed)).tolist() == signed.tolist()


def test_colours_and_palettes_are_read_as_colours(tmp_path):
    colours = np.random.default_rng(0).integers(0, 255, (6, 8, 3), dtype=np.uint8)
    assert np.asarray(read_image(write(tmp_path / "a.dcm", colours))).tolist() == colours.tolist()
    table = np.arange(256, dtype=np.uint16) * 257
    fields = {f"{name}PaletteColorLookupTableDescriptor": [256, 0, 16] for name in ("Red", "Green", "Blue")}
    fields |= {"RedPaletteColorLookupTableData": table.tobytes(), "GreenPaletteColorLookupTableData": bytes(512)}
    fields |= {"BluePaletteColorLookupTableData": table[::-1].tobytes()}
    palette = write(tmp_path / "p.dcm", GREY8, PhotometricInterpretation="PALETTE COLOR", **fields)
    pixels = np.asarray(read_image(palette))
    assert pixels[..., 0].tolist() == GREY8.tolist()
    assert not pixels[..., 1].any()
    assert pixels[..., 2].tolist() == (255 - GREY8).tolist()


def test_luminance_and_chrominance_become_colours(tmp_path):
    grey_as_ybr = np.stack([GREY8, np.full_like(GREY8, 128), np.full_like(GREY8, 128)], axis=-1)
    path = write(tmp_path / "a.dcm", grey_as_ybr, PhotometricInterpretation="YBR_FULL")
    assert np.abs(grey(path).astype(int) - GREY8).max() <= 1


def test_colours_of_sixteen_bits_are_scaled_all_alike(tmp_path):
    colours = np.stack([DEEP, DEEP // 2, DEEP // 4], axis=-1)
    pixels = np.asarray(read_image(write(tmp_path / "a.dcm", colours)))
    assert pixels.tolist() == np.rint(colours * (255 / DEEP.max())).astype(np.uint8).tolist()
    assert read_stored(tmp_path / "a.dcm").tolist() == colours.tolist()


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless, JPEGLSLossless])
def test_compressed_values_are_the_same(tmp_path, syntax):
    if syntax != RLELossless:
        pytest.importorskip("jpeg_ls" if syntax == JPEGLSLossless else "openjpeg")
    values = np.random.default_rng(0).integers(0, 4096, (64, 80), dtype=np.uint16)
    path = write(tmp_path / "a.dcm", values, syntax=syntax)
    assert dcmread(path).file_meta.TransferSyntaxUID == syntax
    assert read_stored(path).tolist() == values.tolist()


def test_a_mask_is_its_values_whatever_is_shown(tmp_path):
    mask = (GREY8 > 20).astype(np.uint8)
    shown = {"WindowCenter": 200, "WindowWidth": 10, "PhotometricInterpretation": "MONOCHROME1"}
    assert read_label_values(write(tmp_path / "a.dcm", mask, **shown)).tolist() == mask.tolist()
    assert read_label_values(write(tmp_path / "b.dcm", mask, RescaleSlope=2, RescaleIntercept=1)).max() == 3


def test_files_are_known_by_suffix_or_by_what_stands_in_them(tmp_path):
    image = write(tmp_path / "IM0001", GREY8)
    uid = write(tmp_path / "1.2.840.113619.2", GREY8)
    (tmp_path / "notes").write_text("none")
    (tmp_path / "DICOMDIR").write_bytes(image.read_bytes())
    assert is_dicom(image)
    assert is_dicom(uid)
    assert is_dicom(tmp_path / "missing.DCM")
    assert is_image(image)
    assert not any(is_dicom(tmp_path / name) for name in ("notes", "DICOMDIR", "missing", "x.png", ""))
    assert grey(image).tolist() == GREY8.tolist()


def test_only_images_hold_images(tmp_path):
    assert holds_image(write(tmp_path / "a.dcm", GREY8))
    assert holds_image(write(tmp_path / "v.dcm", np.stack([GREY8] * 3)))
    film = np.zeros((2, 4, 4, 3), np.uint8)
    data = dataset(film[0], NumberOfFrames=2)
    data.PixelData = film.tobytes()
    data.save_as(tmp_path / "film.dcm", enforce_file_format=True)
    assert n_frames(read_dataset(tmp_path / "film.dcm", pixels=False)) == 2
    report = dataset(GREY8)
    del report.Rows, report.PixelData
    report.save_as(tmp_path / "report.dcm", enforce_file_format=True)
    (tmp_path / "damaged.dcm").write_bytes((tmp_path / "a.dcm").read_bytes()[:200])
    write(tmp_path / "seg.dcm", GREY8, SOPClassUID="1.2.840.10008.5.1.4.1.1.66.4")
    assert not any(holds_image(tmp_path / f"{name}.dcm") for name in ("film", "report", "seg"))


def cut(path, n_bytes):
    path.write_bytes(path.read_bytes()[:-n_bytes])


def as_syntax(path, syntax):
    data = dcmread(path)
    data.file_meta.TransferSyntaxUID = syntax
    data["PixelData"].is_undefined_length = syntax.is_encapsulated
    if syntax.is_encapsulated:
        from pydicom.encaps import encapsulate

        data.PixelData = encapsulate([data.PixelData])
    data.save_as(path, enforce_file_format=True)


def without(path, *names):
    data = dcmread(path)
    for name in names:
        delattr(data, name)
    data.save_as(path, enforce_file_format=True)


def with_fields(path, **fields):
    data = dcmread(path)
    for name, value in fields.items():
        setattr(data, name, value)
    data.save_as(path, enforce_file_format=True)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda p: cut(p, 20), "cannot be decoded"),
        (lambda p: p.write_bytes(p.read_bytes()[:140]), "cannot be decoded"),
        (lambda p: p.write_bytes(b"no DICOM at all" * 30), "it is no DICOM file: DICM is missing at byte 128"),
        (lambda p: p.write_bytes(b""), "the file is empty (0 bytes)"),
        (lambda p: p.unlink(), "there is no such file"),
        (lambda p: without(p, "PixelData"), "it has no pixels"),
        (lambda p: without(p, "PixelData", "Rows"), "it holds no image (SOP class CT Image Storage)"),
        (lambda p: as_syntax(p, JPEGBaseline8Bit), "cannot be decoded"),
        (lambda p: as_syntax(p, JPEG2000Lossless), "cannot be decoded"),
        (lambda p: as_syntax(p, MPEG2MPML), "which cannot be decoded"),
        (lambda p: with_fields(p, PhotometricInterpretation="HSV"), "its colours are HSV, which are not known"),
        (lambda p: with_fields(p, Rows=60000, Columns=60000), "cannot be decoded"),
        (lambda p: with_fields(p, Rows=0), "it holds no image"),
        (lambda p: with_fields(p, BitsAllocated=24), "cannot be decoded"),
    ],
)
def test_a_damaged_file_is_one_error(tmp_path, damage, message):
    path = write(tmp_path / "a.dcm", DEEP, SeriesInstanceUID=generate_uid())
    damage(path)
    with pytest.raises(DataError) as caught:
        read_image(path)
    text = str(caught.value)
    assert text.startswith(str(path))
    assert message in text or "has more than" in text
    assert len(text.splitlines()) == 2


def test_every_cut_is_read_or_one_error(tmp_path):
    whole = write(tmp_path / "a.dcm", GREY8, WindowCenter=20, WindowWidth=20).read_bytes()
    for length in range(1, len(whole), 7):
        (tmp_path / "b.dcm").write_bytes(whole[:length])
        with pytest.raises(DataError):
            read_image(tmp_path / "b.dcm")


def test_every_changed_byte_of_the_header_is_read_or_one_error(tmp_path):
    whole = write(tmp_path / "a.dcm", GREY8, WindowCenter=20, WindowWidth=20, RescaleSlope=2, RescaleIntercept=3)
    content = whole.read_bytes()
    generator = np.random.default_rng(0)
    for place in range(132, len(content) - GREY8.size, 3):
        changed = bytearray(content)
        changed[place] = int(generator.integers(256))
        (tmp_path / "b.dcm").write_bytes(changed)
        assert mode_or_error(tmp_path / "b.dcm") in ("RGB", "one error"), place


def mode_or_error(path) -> str:
    try:
        return read_image(path).mode
    except DataError as error:
        return "one error" if len(str(error).splitlines()) == 2 else str(error)


def test_several_frames_are_no_image(tmp_path):
    path = write(tmp_path / "a.dcm", np.stack([GREY8] * 3))
    with pytest.raises(DataError, match=r"holds 3 frames; expected one image.\nUse it as a volume"):
        read_image(path)


def test_what_pydicom_warns_of_is_no_crash(tmp_path):
    path = write(tmp_path / "a.dcm", GREY8)
    data = dcmread(path)
    data.PixelData = GREY8.tobytes() + bytes(10)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data.add_new("PatientBirthDate", "DA", "no date at all")
        data.save_as(path, enforce_file_format=True)
    assert grey(path).tolist() == GREY8.tolist()


def test_without_pydicom_the_error_says_what_to_install(tmp_path, monkeypatch):
    path = write(tmp_path / "a.dcm", GREY8)
    real = builtins.__import__

    def none(name, *args, **kwargs):
        if name.partition(".")[0] == "pydicom":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", none)
    assert not is_installed()
    with pytest.raises(DataError, match=r"pip install 'medical-ssl-bench\[dicom\]'"):
        read_image(path)


def test_layouts_of_images_take_dicom(tmp_path):
    from tasks.layouts.class_folders import ClassFolders

    for name in ("benign", "malignant"):
        (tmp_path / name).mkdir()
        write(tmp_path / name / "a.dcm", GREY8)
    cases = ClassFolders().reader("classification", ("benign", "malignant")).read(tmp_path)
    assert [case.id for case in cases] == ["benign/a.dcm", "malignant/a.dcm"]
    assert grey(cases[0].image).tolist() == GREY8.tolist()
