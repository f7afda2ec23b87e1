from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms

from bench.core import reading
from bench.core.errors import DataError
from bench.data.decoding.remarks import collected_remarks
from bench.data.images import read_image, read_mask_values, read_pixels, read_size
from tests.data.decoding.written import chunk


def saved(path: Path, values: np.ndarray, **options) -> Path:
    Image.fromarray(values).save(path, **options)
    return path


def test_rgb_keeps_its_pixels(tmp_path):
    values = np.random.default_rng(0).integers(0, 256, (9, 7, 3), dtype=np.uint8)
    image = read_image(saved(tmp_path / "a.png", values))
    assert image.mode == "RGB"
    assert np.array_equal(np.asarray(image), values)


def test_grey_becomes_three_equal_channels(tmp_path):
    pixels = np.asarray(read_image(saved(tmp_path / "a.png", np.array([[0, 128, 255]], dtype=np.uint8))))
    assert pixels.tolist() == [[[0] * 3, [128] * 3, [255] * 3]]


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_16_bit_is_scaled_by_its_own_range(tmp_path, suffix):
    values = np.array([[1000, 2000, 3000]], dtype=np.uint16)
    pixels = np.asarray(read_image(saved(tmp_path / f"a.{suffix}", values)))
    assert pixels[0, :, 0].tolist() == [0, 128, 255]


def test_constant_16_bit_is_black(tmp_path):
    pixels = np.asarray(read_image(saved(tmp_path / "a.png", np.full((2, 2), 700, dtype=np.uint16))))
    assert pixels.max() == 0


def test_transparent_palette_and_alpha_become_rgb(tmp_path):
    colours = Image.new("RGBA", (4, 4), (10, 20, 30, 40))
    colours.save(tmp_path / "alpha.png")
    Image.new("P", (4, 4)).save(tmp_path / "palette.png", transparency=bytes([7, 255]))
    assert read_image(tmp_path / "alpha.png").getpixel((0, 0)) == (10, 20, 30)
    assert read_image(tmp_path / "palette.png").mode == "RGB"


def test_a_picture_in_transparency_alone_is_refused(tmp_path):
    alpha = np.arange(16, dtype=np.uint8).reshape(4, 4)
    constant = np.full_like(alpha, 255)
    saved(tmp_path / "la.png", np.dstack([constant, alpha]))
    saved(tmp_path / "rgba.png", np.dstack([constant] * 3 + [alpha]))
    index = Image.fromarray(alpha).convert("P")
    index.putpalette([9, 9, 9] * 256)
    index.save(tmp_path / "p.png", transparency=bytes(range(256)))
    cv2.imwrite(str(tmp_path / "deep.png"), np.dstack([constant] * 3 + [alpha]).astype(np.uint16) * 200)
    for name in ("la.png", "rgba.png", "p.png", "deep.png"):
        for read in (read_image, read_pixels):
            with pytest.raises(DataError, match=r"shows its picture in its transparency alone.*\nSave it as it looks"):
                read(tmp_path / name)
    saved(tmp_path / "opaque.png", np.dstack([constant, constant]))
    assert np.asarray(read_image(tmp_path / "opaque.png")).min() == 255, "one colour is no fault"


def test_inks_become_colours_by_the_stated_formula(tmp_path):
    inks = np.random.default_rng(0).integers(0, 256, (6, 7, 4), dtype=np.uint8)
    Image.fromarray(inks, "CMYK").save(tmp_path / "a.tif")
    light = 255 - inks.astype(float)
    wanted = light[..., :3] * light[..., 3:] / 255
    assert np.abs(np.asarray(read_image(tmp_path / "a.tif")) - wanted).max() <= 1
    Image.fromarray(np.zeros((8, 8, 4), np.uint8), "CMYK").save(tmp_path / "no ink.jpg", quality=100)
    assert np.asarray(read_image(tmp_path / "no ink.jpg")).min() >= 254


def test_gamma_and_profiles_are_not_applied(tmp_path):
    values = np.arange(0, 240, 5, dtype=np.uint8).reshape(6, 8)
    plain = saved(tmp_path / "a.png", values)
    content = plain.read_bytes()
    gamma = chunk(b"gAMA", (45455).to_bytes(4, "big"))
    (tmp_path / "b.png").write_bytes(content[:33] + gamma + content[33:])
    with Image.open(tmp_path / "b.png") as image:
        assert image.info["gamma"] == 0.45455
    saved(tmp_path / "c.png", values, icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    for name in ("b.png", "c.png"):
        assert np.array_equal(read_pixels(tmp_path / name), read_pixels(plain))
        assert np.array_equal(read_mask_values(tmp_path / name), values)


def bad_file(folder: Path, fault: str) -> Path:
    path = folder / "bad (7).jpg"
    if fault == "0 bytes":
        path.touch()
    elif fault == "truncated":
        values = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
        path.write_bytes(saved(folder / "whole.jpg", values).read_bytes()[:-400])
    elif fault == "not an image":
        path.write_text("<html>404</html>")
    elif fault == "directory":
        path.mkdir()
    return path


@pytest.mark.parametrize("read", [read_image, read_pixels, read_mask_values])
@pytest.mark.parametrize("fault", ["0 bytes", "truncated", "not an image", "no such file", "directory"])
def test_bad_file_is_named_with_its_fix(tmp_path, fault, read):
    path = bad_file(tmp_path, fault)
    if fault == "truncated":
        assert read_size(path) == (64, 64), "it stands in the header"
    with pytest.raises(DataError) as caught:
        read(path)
    message = str(caught.value)
    assert str(path) in message
    assert "Restore" in message
    assert fault in message


def test_an_image_of_too_many_pixels_is_not_called_damaged(tmp_path, monkeypatch):
    Image.new("L", (40, 40)).save(tmp_path / "a.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 500)
    with pytest.raises(DataError, match=r"a\.png: has more than 1 000 pixels.*\nMake it smaller, or cut it into tiles"):
        read_image(tmp_path / "a.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 800)
    Image.new("L", (20, 20)).save(tmp_path / "a.png")
    assert read_image(tmp_path / "a.png").size == (20, 20)


def test_an_image_larger_than_memory_is_not_decoded(tmp_path, monkeypatch):
    Image.new("L", (40, 40)).save(tmp_path / "a.png")
    monkeypatch.setattr(reading, "free_bytes", lambda: 1000)
    with pytest.raises(DataError, match="an image of 40 x 40 needs"):
        read_image(tmp_path / "a.png")


@pytest.mark.real_data
def test_plain_files_are_as_pillow_decodes_them(real_root):
    """Eight bits, one frame, no orientation: nothing is scaled, turned or mixed."""
    paths = [p for p in sorted(real_root.rglob("*")) if p.suffix in (".jpg", ".png", ".tif")][::20]
    assert len(paths) > 100
    with collected_remarks() as remarks:
        for path in paths:
            with Image.open(path) as image:
                assert image.mode in ("RGB", "L")
                stored, wanted = np.asarray(image), np.asarray(image.convert("RGB"))
            assert np.array_equal(read_pixels(path), wanted), path
            assert np.array_equal(np.asarray(read_image(path)), wanted), path
            values = read_mask_values(path)
            assert np.array_equal(values if values.ndim == stored.ndim else np.dstack([values] * 3), stored), path
    assert remarks == []
