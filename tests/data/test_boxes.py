"""The readers of boxes: what they make of an owner's files, and one clear error for each way these can be wrong."""

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from bench.data import read_data
from bench.data_status import data_status
from bench.errors import DataError
from bench.interfaces import Box
from bench.phantom import ensure_phantoms
from bench.progress import Report
from bench.splits import draw_split
from bench.world import World
from tasks.kvasir_det import KVASIR_DET
from tasks.kvasir_seg import KVASIR_SEG
from tasks.readers.box_csv import fuse_boxes
from tasks.vindr import FINDINGS, VINDR


@pytest.fixture(scope="module")
def phantoms(tmp_path_factory):
    return ensure_phantoms([KVASIR_DET, KVASIR_SEG, VINDR], tmp_path_factory.mktemp("boxes"))


@pytest.fixture
def kvasir(phantoms, tmp_path) -> Path:
    """A copy of the folder Kvasir-SEG in a data root of its own."""
    return Path(shutil.copytree(phantoms / "kvasir", tmp_path / "data" / "kvasir")) / "Kvasir-SEG"


@pytest.fixture
def vindr(phantoms, tmp_path) -> Path:
    return Path(shutil.copytree(phantoms / "vindr", tmp_path / "data" / "vindr"))


def message_of(data_set, folder) -> str:
    with pytest.raises(DataError) as caught:
        read_data(data_set, next(p.parent for p in (folder, *folder.parents) if p.name in ("kvasir", "vindr")))
    return str(caught.value)


def edit_json(kvasir, change):
    path = kvasir / "kavsir_bboxes.json"
    entries = json.loads(path.read_text())
    change(entries, sorted(entries)[0])
    path.write_text(json.dumps(entries))
    return path, sorted(entries)[0]


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


def test_kvasir_phantom(phantoms):
    data = read_data(KVASIR_DET, phantoms)
    assert (data.counts, data.warnings) == ({"all": {"cases": 24}}, ())
    for case in data.cases[::6]:
        image = KVASIR_DET.reader.load_image(case)
        assert image.size == (case.target.width, case.target.height)
        mask = KVASIR_SEG.reader.load_masks(
            replace(case, labels=(Path(str(case.image).replace("/images/", "/masks/")),))
        )
        (box,) = case.target.boxes
        columns = mask[0].any(axis=0).nonzero()[0]
        assert abs(columns[0] - box.x_min) <= 2
        assert abs(columns[-1] - box.x_max) <= 2


def test_kvasir_without_the_outer_folder(kvasir):
    for entry in sorted(kvasir.iterdir()):
        entry.rename(kvasir.parent / entry.name)
    kvasir.rmdir()
    data = read_data(KVASIR_DET, kvasir.parents[1])
    assert len(data.cases) == 24
    assert data.cases[0].id.startswith("images/")


def test_an_empty_list_is_an_image_without_objects(kvasir):
    _, name = edit_json(kvasir, lambda entries, name: entries[name].update(bbox=[]))
    data = read_data(KVASIR_DET, kvasir.parents[1])
    assert [case.target.boxes for case in data.cases if name in case.id] == [()]
    assert len(data.cases) == 24


def test_boxes_change_the_fingerprint(kvasir):
    before = read_data(KVASIR_DET, kvasir.parents[1]).fingerprint
    edit_json(kvasir, lambda entries, name: entries[name]["bbox"][0].update(xmin=1))
    assert read_data(KVASIR_DET, kvasir.parents[1]).fingerprint != before


def test_boxes_over_the_edge_are_cut_counted_and_reported(kvasir):
    _, name = edit_json(kvasir, lambda entries, name: entries[name]["bbox"][0].update(xmin=-7, ymax=9999))
    data = read_data(KVASIR_DET, kvasir.parents[1])
    (case,) = [case for case in data.cases if name in case.id]
    (box,) = case.target.boxes
    assert (box.x_min, box.y_max, case.target.n_clipped) == (0, case.target.height, 1)
    warning = f"kvasir_det: boxes that reach over the edge of their image and were cut at it: 1, first in {case.id}."
    assert warning in data.warnings
    (status,) = data_status(kvasir.parents[1], [KVASIR_DET])
    assert warning in status.warnings


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


def test_whole_numbers_may_be_written_with_a_point(kvasir):
    before = read_data(KVASIR_DET, kvasir.parents[1])
    edit_json(kvasir, lambda entries, name: entries[name].update(width=float(entries[name]["width"])))
    again = read_data(KVASIR_DET, kvasir.parents[1])
    assert again.cases == before.cases
    assert type(again.cases[0].target.width) is int


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


def test_vindr_phantom(phantoms):
    data = read_data(VINDR, phantoms)
    assert data.counts == {"all": {"cases": 32}}, "8 of 40 images have no finding and are left out"
    (warning,) = data.warnings
    assert warning.startswith("vindr: boxes that reach over the edge of their image and were cut at it: 1, first in ")
    labels = {box.label for case in data.cases for box in case.target.boxes}
    assert labels == {0, 3, 8, 10}
    labels_of = [[box.label for box in case.target.boxes] for case in data.cases if not case.target.n_clipped]
    assert all(len(set(found)) == len(found) for found in labels_of), "the radiologists' boxes are fused"
    for case in data.cases[::8]:
        assert case.target.width >= 1000
        assert VINDR.reader.load_image(case).size == (128, 128)


def test_fusion_by_hand():
    """The mean of boxes that overlap; a box that one reader alone drew and boxes of other labels stay."""
    readers = [
        [Box(0, 10, 10, 50, 50), Box(3, 10, 10, 50, 50)],
        [Box(0, 12, 10, 54, 50)],
        [Box(0, 14, 13, 52, 50), Box(0, 70, 70, 90, 90)],
    ]
    fused = fuse_boxes(readers, 100, 200, 0.5)
    assert [box.label for box in fused] == [0, 0, 3]
    assert fused[0][1:] == pytest.approx((12, 11, 52, 50), abs=0.02)
    assert fused[1][1:] == pytest.approx((70, 70, 90, 90), abs=0.02)
    assert fused == fuse_boxes(readers[::-1], 100, 200, 0.5)
    assert fuse_boxes([[], []], 100, 200, 0.5) == ()


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


def test_the_fourteen_findings():
    assert len(FINDINGS) == 14
    assert (FINDINGS[0], FINDINGS[8], FINDINGS[13]) == ("Aortic enlargement", "Nodule/Mass", "Pulmonary fibrosis")


def test_both_tasks_on_kvasir_share_their_splits_and_a_corpus_has_each_image_once(phantoms):
    world = World(phantoms, Report(quiet=True), frozenset({"kvasir_det", "kvasir_seg"}))
    for seed in range(3):
        ours, theirs = world.split(KVASIR_DET, seed), world.split(KVASIR_SEG, seed)
        assert ours.fingerprint == theirs.fingerprint
        corpus = world.corpus("pool", KVASIR_DET, seed)
        assert corpus.sources == {"kvasir_seg": len(ours.train)}
        contents = [image.content for image in corpus.images]
        assert len(set(contents)) == len(contents)
        held_out = {world.data(KVASIR_DET).hashes[c.id] for c in (*ours.validation, *ours.test)}
        assert not held_out & set(contents)
    alone = World(phantoms, Report(quiet=True), frozenset({"kvasir_seg"})).corpus("pool", KVASIR_SEG, 0)
    assert alone.origin == world.corpus("pool", KVASIR_SEG, 0).origin, "the boxes bring no image and change no run"


def test_a_given_split_of_one_task_holds_out_its_test_images_from_the_other(phantoms, tmp_path):
    split = draw_split(read_data(KVASIR_SEG, phantoms), 0)
    stolen = split.train[:3]
    sides = {"test": stolen, "train": (*split.train[3:], *split.validation, *split.test)}
    rows = [f"{case.id},{side}" for side, cases in sides.items() for case in cases]
    (tmp_path / "given.csv").write_text("\n".join(["case,split", *rows]))
    only = frozenset({"kvasir_det", "kvasir_seg"})
    world = World(phantoms, Report(quiet=True), only, {"kvasir_det": tmp_path / "given.csv"})
    hashes = world.data(KVASIR_SEG).hashes
    corpus = world.corpus("pool", KVASIR_DET, 0)
    assert corpus.images
    assert not {hashes[case.id] for case in (*stolen, *split.test)} & {image.content for image in corpus.images}
    assert corpus.excluded >= 3


@pytest.mark.real_data
def test_real_kvasir(real_root):
    data = read_data(KVASIR_DET, real_root)
    assert (len(data.cases), data.warnings) == (1000, ())
    assert sum(len(case.target.boxes) for case in data.cases) == 1063
    for case in data.cases[::50]:
        KVASIR_DET.reader.load_image(case)
    assert draw_split(data, 0).fingerprint == draw_split(read_data(KVASIR_SEG, real_root), 0).fingerprint
