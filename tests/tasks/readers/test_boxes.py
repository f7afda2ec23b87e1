"""The readers of boxes: what they make of an owner's files, and one clear error for each way these can be wrong."""

from dataclasses import replace
from pathlib import Path

import pytest

from bench.core.console import Report
from bench.core.task import Box
from bench.data.dataset import read_data
from bench.data.splits import draw_split
from bench.data.status import data_status
from bench.runs.world import World
from tasks.kvasir_det import KVASIR_DET
from tasks.kvasir_seg import KVASIR_SEG
from tasks.readers.box_csv import fuse_boxes
from tasks.vindr import FINDINGS, VINDR
from tests.tasks.readers.edits import edit_json


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


def test_whole_numbers_may_be_written_with_a_point(kvasir):
    before = read_data(KVASIR_DET, kvasir.parents[1])
    edit_json(kvasir, lambda entries, name: entries[name].update(width=float(entries[name]["width"])))
    again = read_data(KVASIR_DET, kvasir.parents[1])
    assert again.cases == before.cases
    assert type(again.cases[0].target.width) is int


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
