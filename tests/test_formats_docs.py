"""The examples of docs/formats.md are files that read what their layouts write, and the tables name every option."""

import re
from pathlib import Path

import pytest

from bench.core.registry import layouts
from bench.data.dataset import read_data
from bench.data.own.declaration import layout_of, read_declaration
from bench.data.own.made import make_task

DOCS = (Path(__file__).parents[1] / "docs" / "formats.md").read_text(encoding="utf-8")
OURS = ("arrays", "coco", "dicom", "nifti", "voc", "yolo")
FOUND = {"bccd": ("rbc", "wbc"), "cells_yolo": ("rbc", "wbc"), "polyps": ("flat", "sessile"), "blood": ("0", "1", "2")}
"""Classes that a layout finds in its data."""


def examples() -> dict[str, str]:
    """Name -> the file, as the page has it: the block after a comment that names it."""
    found = {}
    for part in re.split(r"<!-- example: ", DOCS)[1:]:
        name, _, rest = part.partition(".toml -->\n")
        found[name] = "\n".join(line[4:] for line in re.match(r"(?:    .*\n)+", rest)[0].splitlines()) + "\n"
    return found


def needs(name: str) -> None:
    if name == "ct":
        pytest.importorskip("pydicom")
    if name == "atria":
        pytest.importorskip("h5py")


def write_nnunet_names(folder: Path) -> None:
    (folder / "dataset.json").write_text('{"labels": {"background": 0, "liver": 1, "tumour": 2}}')


@pytest.mark.parametrize("name", examples())
def test_an_example_reads_what_its_layout_writes(tmp_path, name):
    needs(name)
    path = tmp_path / f"{name}.toml"
    path.write_text(examples()[name], encoding="utf-8")
    declared = read_declaration(path)
    layout = layout_of(path, declared)
    kind = declared.kind or layout.kinds[0]
    classes = declared.classes or FOUND.get(name, ("liver", "tumour"))
    layout.write_phantom(tmp_path / name, kind, classes, 0)
    if name == "liver":
        write_nnunet_names(tmp_path / name)
    task = make_task(path, declared)
    assert (task.kind, task.data.classes) == (kind, classes)
    cases = task.data.reader.read(tmp_path / name)
    assert len(cases) >= 8
    for load in (getattr(task.data.reader, n) for n in dir(task.data.reader) if n.startswith("load_")):
        load(cases[0])
    root = tmp_path / "root"
    root.mkdir()
    (root / name).symlink_to(tmp_path / name)
    assert len(read_data(task.data, root).cases) == len(cases)


@pytest.mark.parametrize("name", OURS)
def test_every_option_is_described_and_documented(name):
    layout = layouts().get(name)
    page = DOCS[DOCS.index("## Pascal VOC") :]
    assert all(field.description for field in layout.model_fields.values())
    missing = [option for option in layout.model_fields if f"`{option}" not in page and f"{option} =" not in page]
    assert missing == []


@pytest.mark.parametrize("name", OURS)
def test_the_example_of_a_layout_is_valid(tmp_path, name):
    path = tmp_path / "a.toml"
    cls = layouts().get(name)
    path.write_text(f'kind = "{cls.kinds[0]}"\n[layout]\n{cls.example}\n')
    assert type(layout_of(path, read_declaration(path))) is cls


def test_phantoms_are_the_same_from_the_same_seed(tmp_path):
    needs("ct")
    for name in ("a", "b"):
        layouts().get("dicom")(images="{case}/ct/*").write_phantom(tmp_path / name, "segmentation_3d", ("x",), 3)
        layouts().get("coco")().write_phantom(tmp_path / name, "detection", ("x",), 3)
    files = sorted(p.relative_to(tmp_path / "a") for p in (tmp_path / "a").rglob("*") if p.is_file())
    assert len(files) > 100
    same = [(tmp_path / "a" / f).read_bytes() == (tmp_path / "b" / f).read_bytes() for f in files if f.suffix != ".gz"]
    assert all(same)
