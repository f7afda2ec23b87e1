"""Canaries of what the harness does with data: decoding, splits, corpora."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from PIL import Image

from bench.core.task import Case, DataSet
from bench.data import split_files as split_reading
from bench.data import splits
from bench.data import volumes as volume_files
from bench.data.dataset import Data
from bench.data.decoding import images as image_files
from bench.data.decoding.labels import read_label_values
from bench.dev.made_up import (
    QUIET,
    SIDE,
    Values,
    flat,
    made_up_image,
    statistics,
)
from bench.engine import images as engine_images
from bench.engine import seeding
from bench.pretraining import balance, corpus_image, manifest
from bench.pretraining import corpus as corpora
from bench.pretraining.corpus_image import CorpusImage


def images(folder: Path) -> Values:
    """Every mode of image as it is decoded, as a mask, and shrunk."""
    values: dict[str, list[float]] = {}
    for name, image in _modes():
        path = folder / name.replace(" ", "_")
        image.save(path)
        values[name] = statistics(image_files.read_image(path))
        if "A." not in name:
            values[name] += statistics(read_label_values(path))
    large = Image.fromarray(made_up_image(3, 101))
    return values | {
        "mask in alpha": statistics(read_label_values(_saved(folder / "mask.png", _alpha_mask()))),
        "turned": statistics(image_files.read_image(_saved(folder / "turned.jpg", large, exif=_sideways()))),
        "shrunk": statistics(engine_images.shrink(large, 32)),
        "size": list(map(float, image_files.read_size(path))),
    }


def _saved(path: Path, image: Image.Image, **options: Any) -> Path:
    image.save(path, **options)
    return path


def _alpha_mask() -> Image.Image:
    alpha = made_up_image(5)[..., 0]
    return Image.merge("LA", [Image.new("L", alpha.shape[::-1], 255), Image.fromarray(alpha)])


def _sideways() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif


def _modes() -> Iterator[tuple[str, Image.Image]]:
    rgb, grey = made_up_image(1), made_up_image(2)[..., 0]
    alpha = np.dstack([rgb, made_up_image(4)[..., 0]])
    yield "RGB.png", Image.fromarray(rgb)
    yield "RGB.jpg", Image.fromarray(rgb)
    yield "L.png", Image.fromarray(grey)
    yield "LA.png", Image.merge("LA", [Image.fromarray(grey), Image.fromarray(alpha[..., 3])])
    yield "RGBA.png", Image.fromarray(alpha)
    yield "P.png", Image.fromarray(rgb).quantize(16)
    yield "1.png", Image.fromarray(grey).convert("1", dither=Image.Dither.NONE)
    yield "I16.png", Image.fromarray(grey.astype(np.uint16) * 137 + 900)
    yield "F.tif", Image.fromarray(grey.astype(np.float32) / 7 - 3)
    yield "CMYK.tif", Image.fromarray(rgb).convert("CMYK")


def volumes(folder: Path) -> Values:
    """Volumes of several types, orientations and ranges, as the corpus and as segmentation read them."""
    values = {}
    for name, array, affine in _volumes():
        path = folder / f"{name}.nii.gz"
        nibabel.save(nibabel.Nifti1Image(array, affine), path)
        grid = volume_files.read_grid(path)
        eight_bit = corpus_image.read_volume(path)
        slices = [CorpusImage(path, name, axis, 2).read() for axis in (0, 1, 2)]
        values[name] = [
            *map(float, volume_files.through_plane(grid)),
            *flat(statistics(x) for x in (eight_bit, *slices, volume_files.read_intensities(path))),
        ]
    return values


def _volumes() -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    ramp = np.arange(9 * 8 * 7, dtype=np.int16).reshape(9, 8, 7) * 5 % 901
    yield "int16", ramp, np.diag([1.0, 1.0, 3.0, 1.0])
    yield "float32", (ramp / 13 - 20).astype(np.float32), np.diag([2.0, 1.0, 1.0, 1.0])
    yield "left posterior", ramp, np.diag([-1.0, -1.0, 1.0, 1.0])
    turned = np.array([[0, 0, 1.5, 4], [1, 0, 0, 5], [0, 1, 0, 6], [0, 0, 0, 1.0]])
    yield "turned", ramp, turned
    almost = np.zeros((9, 8, 7), dtype=np.int16)
    almost[4, 4, 2:4] = 700
    yield "almost one value", almost, np.eye(4)
    yield "one value", np.full((9, 8, 7), 5, dtype=np.int16), np.eye(4)
    spread = np.random.default_rng(5).normal(100, 30, (9, 8, 7))
    yield "float64", np.where(spread > 160, spread * 9, spread), np.eye(4)


def split_cases(folder: Path) -> Values:
    """Splits of a fixed list: with subjects and equal files, with an owner's test split, by sites, and from a file."""
    values = {}
    for name, data in (("plain", _data()), ("owner", _data(owner=True)), ("sites", _data(sites=True))):
        for seed in (0, 1):
            drawn = splits.draw_split(data, seed)
            values[f"{name} seed {seed}"] = " ".join(
                f"{side}:{','.join(c.id for c in cases)}" for side, cases in drawn.sides.items()
            )
    path = folder / "given.csv"
    rows = [f"{c.id},{'test' if i < 10 else 'train'}" for i, c in enumerate(_data().cases)]
    path.write_text("\n".join(["case,split", *rows]) + "\n")
    given = split_reading.read_split(_data(), path, 0, QUIET)
    return values | {"given": ",".join(case.id for case in given.validation)}


def _data(*, owner: bool = False, sites: bool = False) -> Data:
    """Forty cases of two classes; every fifth has the file of its neighbour, three in a row are of one subject."""
    names = [f"case{i:02d}" for i in range(40)]
    cases = tuple(
        Case(
            name,
            Path(f"{name}.png"),
            i % 2,
            ("test" if i % 8 == 0 else "train") if owner else None,
            subject=f"s{i // 3}" if i > 20 else None,
            domain=("A" if i % 3 else "B") if sites else None,
        )
        for i, name in enumerate(names)
    )
    hashes = {name: f"h{i - (i % 5 == 1)}" for i, name in enumerate(names)}
    data_set = DataSet("canary", "", _NoReader(), ("x", "y"), {}, "MR", "", "", "", lambda f, s: None)  # type: ignore[arg-type]
    if sites:
        object.__setattr__(data_set, "domains", ("A", "B"))
    return Data(data_set, Path(), "phantom", cases, hashes, {}, (), "canary")


class _NoReader:
    layout = ""


def _blocks(pixels: np.ndarray) -> list[float]:
    """Means over 6 x 6 blocks of an image (SIDE, SIDE, 3), in which a shift of a few pixels shows."""
    side = SIDE // 6
    means: np.ndarray = pixels.reshape(6, side, 6, side, 3).mean(axis=(1, 3, 4))
    return means.flatten().tolist()


def corpus(folder: Path) -> Values:
    """The images of a pool and of a manifest in their order, and how modalities are balanced."""
    data = _data(owner=True)
    pool = corpora.pool_corpus([(data, splits.draw_split(data, 0))])
    for i in range(4):
        Image.fromarray(made_up_image(i)).save(folder / f"{i}.png")
    (folder / "list.csv").write_text("path,modality\n" + "".join(f"{i}.png,m{i % 3}\n" for i in (2, 0, 3, 1)))
    listed = manifest.read_manifest(folder / "list.csv")
    shown = balance.balanced([image.modality for image in listed], 7)
    again = []
    for seed in range(3):
        with seeding.seeded(seed):
            again.append(balance.crop_duplicate(np.asarray(listed[0].read())).astype(np.float64))
    return {
        "pool": ",".join(image.path.stem for image in pool.images),
        "excluded": str(pool.excluded),
        "manifest": ",".join(f"{image.path.stem}:{image.modality}" for image in listed),
        "balanced": str(shown),
        "duplicate": flat(_blocks(one) for one in again),
    }
