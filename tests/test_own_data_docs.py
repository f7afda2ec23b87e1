"""The examples of docs/own_data.md run as they stand."""

import re
from pathlib import Path

import pytest

from bench.core import registry
from bench.data.phantom import ensure_phantom
from tests.own_data import declare, draw

DOCS = Path(__file__).parents[1] / "docs" / "own_data.md"
RUN = ["--method", "random", "--seeds", "1", "--set=protocol.epochs=1", "--set=task.image_size=32", "--device", "cpu"]


def examples() -> dict[str, str]:
    """Name of a file -> its text, as the page has it: the block after a comment that names it."""
    found = {}
    for part in re.split(r"<!-- example: ", DOCS.read_text(encoding="utf-8"))[1:]:
        name, _, rest = part.partition(" -->\n")
        lines = [line[4:] for line in re.match(r"(?:    .*\n)+", rest)[0].splitlines()]
        found[name] = "\n".join(lines) + "\n"
    return found


@pytest.fixture
def folder(tmp_path):
    """The files of the page, and data of the shapes that they declare."""
    for name, text in examples().items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    draw(tmp_path / "cells", "classification", ("benign", "malignant"), "class_folders")
    table = {"file": "cases.csv", "delimiter": ";", "encoding": "utf-8"}
    columns = {"path": "image", "site": "hospital", "subject": "patient"}
    draw(tmp_path / "lesions", "segmentation_2d", ("disc",), "csv", ("north", "south"), columns=columns, **table)
    templates = {"images": "{case}/images/*.png", "masks": "{case}/masks/*.png"}
    draw(tmp_path / "nuclei", "segmentation_2d", ("structure",), "masks", **templates)
    templates = {"images": "images/{case}.png", "masks": "vessels/{case}.png"}
    draw(tmp_path / "stare", "segmentation_2d", ("vessel",), "masks", **templates)
    return tmp_path


def test_every_example_is_ten_lines_at_most():
    assert sorted(examples()) == ["cells.toml", "lesions.toml", "nuclei.toml", "stare.toml"]
    assert all(len(text.splitlines()) <= 10 for text in examples().values())


@pytest.mark.parametrize("name", ["cells", "lesions", "nuclei"])
def test_an_example_runs_from_its_file_alone(bench, folder, name, tmp_path):
    file = folder / f"{name}.toml"
    assert "nothing wrong" in bench("data", "verify", "--data", file).out
    done = bench("run", *RUN, "--data", file, "--results", tmp_path / "results", "--cache", tmp_path / "cache")
    assert done.code == 0, done.err
    assert f"task {name}, protocol finetune, backbone resnet18" in " ".join(done.out.split())
    if name == "lesions":
        assert "in and out of distribution" in " ".join(done.out.split())


def test_a_site_is_added_to_a_shipped_task_whose_score_stays(bench, folder, tmp_path):
    import bench as api

    root = ensure_phantom(registry.tasks().get("drive").data, tmp_path / "root")
    (root / "PHANTOM.json").unlink()  # as if it were the owner's
    options = {"seeds": 1, "settings": {"protocol.epochs": 1, "task.image_size": 32}, "device": "cpu", "quiet": True}
    places = {"results": tmp_path / "results", "cache": tmp_path / "cache", "data_root": root}
    alone = api.run("random", "drive", **options, **places)
    both = api.run("random", "drive", data=[folder / "stare.toml"], **options, **places)
    assert both.made == 1, "the record of drive is found again"
    sited = next(record for record in both.records if record.task == "drive+stare")
    assert sited.trained_domain == "drive"
    assert list(sited.domains) == ["drive", "stare"]
    assert sited.domains["drive"]["dice"] == alone.records[0].metrics["dice"]
    assert any("drive have a region (field of view) and those of stare none" in text for text in sited.warnings)


def test_a_file_with_nothing_beside_it_runs_on_its_phantom(bench, tmp_path):
    file = declare(tmp_path / "alone" / "shapes.toml", 'type = "class_folders"', 'classes = ["a", "b"]')
    done = bench("run", *RUN, "--data", file, "--results", tmp_path / "results", "--cache", tmp_path / "cache")
    assert done.code == 0, done.err
    assert "data phantom, profile quick, task shapes" in " ".join(done.out.split())
