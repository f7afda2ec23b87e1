"""Small data sets in the forms of the layouts, written as their tools write them."""

import json
from pathlib import Path

import numpy as np
from PIL import Image


def picture(path: Path, width: int = 40, height: int = 30, value: int = 90) -> Path:
    """An image of one colour."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (width, height), (value, value, value)).save(path)
    return path


def voc(folder: Path, name: str = "a", boxes=(("rbc", 1, 1, 10, 20),), size=(40, 30), extra: str = "") -> Path:
    """An image and its XML file, corners as given; returns the XML file."""
    picture(folder / "JPEGImages" / f"{name}.jpg")
    objects = "".join(
        f"<object><name>{label}</name><difficult>0</difficult><bndbox><xmin>{x}</xmin><ymin>{y}</ymin><xmax>{a}</xmax>"
        f"<ymax>{b}</ymax></bndbox></object>"
        for label, x, y, a, b in boxes
    )
    text = (
        f"{extra}<annotation><filename>{name}.jpg</filename><size><width>{size[0]}</width><height>{size[1]}</height>"
        f"</size>{objects}</annotation>"
    )
    path = folder / "Annotations" / f"{name}.xml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def yolo(folder: Path, lines: str, name: str = "a", split: str = "") -> Path:
    """An image and its text file; returns the text file."""
    picture(folder / "images" / split / f"{name}.jpg")
    path = folder / "labels" / split / f"{name}.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(lines)
    return path


def coco(folder: Path, annotations=None, **changes) -> Path:
    """Two images, and a JSON file with categories 7 (wbc) and 3 (rbc); returns that file."""
    for name in ("a.png", "b.png"):
        picture(folder / "images" / name)
    square = {"bbox": [10, 5, 20, 10], "segmentation": [[10, 5, 30, 5, 30, 15, 10, 15]], "iscrowd": 0}
    content = {
        "images": [{"id": i, "file_name": f"{n}.png", "width": 40, "height": 30} for i, n in enumerate("ab")],
        "categories": [{"id": 7, "name": "wbc"}, {"id": 3, "name": "rbc"}],
        "annotations": [{"id": 1, "image_id": 0, "category_id": 7, **square}] if annotations is None else annotations,
    }
    path = folder / "annotations.json"
    path.write_text(json.dumps(content | changes))
    return path


def medmnist(path: Path, colours: bool = False, n: int = 6) -> Path:
    """As MedMNIST ships: 28 x 28 pixels, labels (N, 1)."""
    rng = np.random.default_rng(0)
    arrays = {}
    for split in ("train", "val", "test"):
        shape = (n, 28, 28, 3) if colours else (n, 28, 28)
        arrays[f"{split}_images"] = rng.integers(0, 256, shape, dtype=np.uint8)
        arrays[f"{split}_labels"] = (np.arange(n, dtype=np.uint8) % 3)[:, None]
    np.savez_compressed(path, **arrays)
    return path
