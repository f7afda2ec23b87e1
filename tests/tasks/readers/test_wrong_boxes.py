"""Files of boxes that are wrong: one clear error for each way, naming the line or the entry."""

import csv
import json
import shutil
from pathlib import Path

import pytest
from PIL import Image

from bench.core.errors import DataError
from bench.data.dataset import read_data
from tasks.kvasir_det import KVASIR_DET
from tasks.vindr import VINDR
from tests.tasks.readers.edits import edit_json


@pytest.fixture
def vindr(phantoms, tmp_path) -> Path:
    return Path(shutil.copytree(phantoms / "vindr", tmp_path / "data" / "vindr"))


def message_of(data_set, folder) -> str:
    with pytest.raises(DataError) as caught:
        read_data(data_set, next(p.parent for p in (folder, *folder.parents) if p.name in ("kvasir", "vindr")))
    return str(caught.value)


def edit_csv(vindr, change):
    """Change the first row that has a box; returns the file and its line."""
    path = vindr / "train.csv"
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    number = next(i for i, row in enumerate(rows) if row["class_id"] != "14")
    change(rows[number])
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return path, f"line {number + 2}"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"xmin": 50, "xmax": 50}, "box 1: this box is inverted or has no area: x 50 to 50"),
        ({"ymin": 60, "ymax": 20}, "box 1: this box is inverted or has no area: x"),
        ({"xmin": 500, "xmax": 600}, "box 1: this box lies outside its image of"),
        ({"label": "ulcer"}, "box 1: unknown label 'ulcer'; known: polyp"),
        ({"xmin": None}, "`xmin` must be a number; found None"),
        ({"xmin": float("nan")}, "`xmin` must be a finite number; found nan"),
        ({"xmax": float("inf")}, "`xmax` must be a finite number; found inf"),
    ],
)
def test_wrong_boxes_of_kvasir(kvasir, change, message):
    path, name = edit_json(kvasir, lambda entries, name: entries[name]["bbox"][0].update(change))
    found = message_of(KVASIR_DET, kvasir)
    assert found.startswith(f"{path}, image '{name}")
    assert message in found
    assert "owner's archive" in found


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"width": float("nan")}, "`width` must be a finite number; found nan"),
        ({"height": float("inf")}, "`height` must be a finite number; found inf"),
        ({"height": 10**400}, "`height` must be a finite number; found inf"),
        ({"width": 80.5}, "`width` must be a whole number; found 80.5"),
        ({"width": 0}, "`width` must be above 0; found 0"),
        ({"height": -50}, "`height` must be above 0; found -50"),
        ({"height": True}, "`height` must be a number; found True"),
    ],
)
def test_wrong_sizes_of_kvasir(kvasir, change, message):
    path, name = edit_json(kvasir, lambda entries, name: entries[name].update(change))
    found = message_of(KVASIR_DET, kvasir)
    assert found.startswith(f"{path}, image '{name}': {message}")
    assert "owner's archive" in found


def test_wrong_files_of_kvasir(kvasir):
    path = kvasir / "kavsir_bboxes.json"
    content = path.read_text()
    name = sorted(json.loads(content))[0]
    (kvasir / "images" / f"{name}.png").write_bytes(b"x")
    assert f"the image id {name!r} occurs twice" in message_of(KVASIR_DET, kvasir)
    (kvasir / "images" / f"{name}.png").unlink()
    (kvasir / "images" / "new.jpg").write_bytes(b"x")
    assert "new.jpg: this image is not named in kavsir_bboxes.json" in message_of(KVASIR_DET, kvasir)
    (kvasir / "images" / "new.jpg").unlink()
    (kvasir / "images" / f"{name}.jpg").rename(kvasir / "gone.jpg")
    assert f"{path}: names the image {name!r}, and there is no such file" in message_of(KVASIR_DET, kvasir)
    (kvasir / "gone.jpg").rename(kvasir / "images" / f"{name}.jpg")
    path.write_text(content.replace("{", f'{{"{name}": {{"height": 1, "width": 1, "bbox": []}}, ', 1))
    assert f"{path}: {name!r} occurs twice; an image id must be unique" in message_of(KVASIR_DET, kvasir)
    path.write_text("[1, 2]")
    assert "expected one object per image name" in message_of(KVASIR_DET, kvasir)
    path.write_text("{")
    assert "cannot be read as JSON" in message_of(KVASIR_DET, kvasir)
    path.unlink()
    assert message_of(KVASIR_DET, kvasir).startswith(f"{path}: this is missing")


def test_an_image_of_another_size_than_its_boxes(kvasir):
    case = read_data(KVASIR_DET, kvasir.parents[1]).cases[0]
    Image.new("RGB", (50, 40)).save(case.image)
    with pytest.raises(DataError, match=r"50 x 40 pixels, and its boxes in kavsir_bboxes\.json are for"):
        KVASIR_DET.reader.load_image(case)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"class_id": "15"}, "unknown class_id 15; known: 0 to 14"),
        ({"class_id": "1"}, "class_id 1 is 'Atelectasis', class_name says"),
        ({"class_id": "x"}, "class_id must be a number; found 'x'"),
        ({"class_id": "3.7"}, "class_id must be a whole number; found 3.7"),
        ({"class_id": "nan"}, "class_id must be a finite number; found nan"),
        ({"class_id": "inf"}, "class_id must be a finite number; found inf"),
        ({"width": "nan"}, "width must be a finite number; found nan"),
        ({"height": "-inf"}, "height must be a finite number; found -inf"),
        ({"height": "1000.5"}, "height must be a whole number; found 1000.5"),
        ({"width": "0"}, "width must be above 0; found 0"),
        ({"height": "-1"}, "height must be above 0; found -1"),
        ({"x_max": "inf"}, "x_max must be a finite number; found inf"),
        ({"x_min": "900", "x_max": "100"}, "this box is inverted or has no area: x 900 to 100"),
        ({"y_min": "100", "y_max": "100"}, "this box is inverted or has no area"),
        ({"y_min": "8000", "y_max": "9000"}, "this box lies outside its image of"),
        ({"x_min": ""}, "x_min must be a number; found ''"),
        ({"width": "1"}, "pixels"),
        ({"image_id": "unknown"}, "names the image 'unknown', and there is no such file"),
    ],
)
def test_wrong_rows_of_vindr(vindr, change, message):
    path, line = edit_csv(vindr, lambda row: row.update(change))
    found = message_of(VINDR, vindr)
    assert found.startswith(f"{path}")
    assert message in found
    if "image_id" not in change:
        assert line in found


def test_wrong_files_of_vindr(vindr):
    first = next((vindr / "train").iterdir())
    shutil.copy(first, vindr / "train" / "unlisted.png")
    assert "unlisted.png: this image is not named in train.csv" in message_of(VINDR, vindr)
    (vindr / "train" / "unlisted.png").unlink()
    shutil.copy(first, first.with_suffix(".jpg"))
    assert f"the image id {first.stem!r} occurs twice" in message_of(VINDR, vindr)
    first.with_suffix(".jpg").unlink()
    (vindr / "train.csv").write_text("image_id,class_id\n")
    assert "the column 'class_name' is missing (found: image_id, class_id)" in message_of(VINDR, vindr)


@pytest.mark.parametrize(("tail", "n"), [(",", 11), (",,7", 12)])
def test_rows_with_more_fields_than_columns(vindr, tail, n):
    path = vindr / "train.csv"
    header, first, *rest = path.read_text().splitlines()
    path.write_text("\n".join([header, first + tail, *rest]) + "\n")
    assert message_of(VINDR, vindr).startswith(f"{path}, line 2 has {n} fields for 10 columns.")
    path.write_text("\n".join([header, first.rpartition(",")[0], *rest]) + "\n")
    assert message_of(VINDR, vindr).startswith(f"{path}, line 2 has 9 fields for 10 columns.")


def test_a_box_without_a_visible_area(vindr):
    def thin(row):
        row.update(x_min="10.00001", x_max="10.00002")

    path, line = edit_csv(vindr, thin)
    assert message_of(VINDR, vindr).startswith(f"{path}, {line}: this box is thinner than 0.1 pixels")
