from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bench.core import reading
from bench.core.errors import DataError
from bench.data.decoding.images import read_image


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


@pytest.mark.parametrize("fault", ["0 bytes", "truncated", "not an image", "no such file", "directory"])
def test_bad_file_is_named_with_its_fix(tmp_path, fault):
    path = bad_file(tmp_path, fault)
    with pytest.raises(DataError) as caught:
        read_image(path)
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
