"""Whatever stands in a file of boxes or arrays, it is read or one error that names the file."""

import json
import random

import pytest

from bench.core.errors import DataError
from tasks.layouts.arrays import Arrays
from tasks.layouts.coco import Coco
from tasks.layouts.voc import Voc
from tasks.layouts.yolo import Yolo
from tests.tasks.layouts.written import coco, medmnist, voc, yolo

CLASSES = ("rbc", "wbc")
ODD = ("", "-1", "1e999", "nan", "null", "{}", "9" * 50, "\x00", "<", "]", '"')


def damaged(content: bytes, seed: int) -> bytes:
    """The content with a cut, a changed byte, or a piece replaced by something odd."""
    rng = random.Random(seed)
    place = rng.randrange(len(content))
    kind = seed % 3
    if kind == 0:
        return content[:place]
    odd = bytes([rng.randrange(256)]) if kind == 1 else rng.choice(ODD).encode()
    return content[:place] + odd + content[place + rng.randrange(1, 6) :]


def outcome(reader, folder) -> str:
    try:
        for case in reader.read(folder):
            reader.load_image(case)
            if hasattr(reader, "load_masks"):
                reader.load_masks(case)
    except DataError as error:
        text = str(error)
        return "one error" if len(text.splitlines()) >= 2 and str(folder) in text else text
    return "read"


FORMS = {
    "voc": (lambda f: voc(f, boxes=[("rbc", 2, 3, 10, 20)]), Voc().reader("detection", CLASSES)),
    "yolo": (lambda f: yolo(f, "0 0.5 0.5 0.25 0.25\n1 0.25 0.25 0.1 0.1\n"), Yolo().reader("detection", CLASSES)),
    "boxes": (coco, Coco().reader("detection", CLASSES)),
    "masks": (coco, Coco().reader("segmentation_2d", CLASSES)),
    "arrays": (lambda f: medmnist(f / "a.npz", n=3), Arrays().reader("classification", ("0", "1", "2"))),
}


@pytest.mark.parametrize("form", FORMS)
def test_damaged_files_are_read_or_one_error(tmp_path, form):
    write, reader = FORMS[form]
    path = write(tmp_path)
    content = path.read_bytes()
    assert outcome(reader, tmp_path) == "read"
    found = set()
    for seed in range(150):
        path.write_bytes(damaged(content, seed))
        found.add(outcome(reader, tmp_path))
    assert found == {"read", "one error"} or found == {"one error"}


@pytest.mark.parametrize("value", [None, True, -1, 1e30, "x", [], {}, [[1]], {"a": 1}])
@pytest.mark.parametrize("key", ["bbox", "category_id", "image_id", "segmentation", "iscrowd", "id"])
@pytest.mark.parametrize("kind", ["detection", "segmentation_2d"])
def test_any_value_of_an_annotation_is_read_or_one_error(tmp_path, key, value, kind):
    path = coco(tmp_path)
    content = json.loads(path.read_text())
    content["annotations"][0][key] = value
    path.write_text(json.dumps(content))
    assert outcome(Coco().reader(kind, CLASSES), tmp_path) in ("read", "one error")
