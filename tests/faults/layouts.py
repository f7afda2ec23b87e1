"""Data sets in every layout of the registry, for each kind that it feeds, as a user's file declares them."""

from __future__ import annotations

from pathlib import Path

from bench.core.registry import layouts
from bench.core.task import DataSet
from bench.data.own.declaration import layout_of, read_declaration
from bench.data.own.made import make_task
from tests.own_data import declare

CLASSES = ("flat", "sessile")
OPTIONS = {
    "csv": {
        "classification": "",
        "segmentation_2d": 'masks = { flat = "flat_file", sessile = "sessile_file" }',
        "detection": "",
    },
    "masks": {"segmentation_2d": 'masks = { flat = "flat/{case}.png", sessile = "sessile/{case}.png" }'},
    "nifti": {"segmentation_3d": 'images = "{case}/ct.nii.gz"\nlabels = "{case}/labels.nii.gz"'},
}
"""Layout -> kind -> options beside those that it needs anyway; else none."""
NEEDED = {
    "arrays": 'file = "{split}.npz"\nimages = "image"\nlabels = "label"',
    "csv": 'file = "cases.csv"',
    "masks": 'images = "images/{case}.png"',
    "dicom": 'images = "{case}/ct/*"\nlabels = "{case}/label.nii.gz"',
}


def forms() -> list[tuple[str, str]]:
    """Every layout with each of its kinds."""
    return [(name, kind) for name in layouts().plugins for kind in layouts().get(name).kinds]


def own_data_set(root: Path, layout: str, kind: str) -> DataSet:
    """Write a small data set of a layout and kind, and its file, under an empty data root; as the file declares it."""
    name = f"{layout}_{kind}"
    options = [f'type = "{layout}"', NEEDED.get(layout, ""), OPTIONS.get(layout, {}).get(kind, "")]
    path = declare(root / f"{name}.toml", "\n".join(options), f'kind = "{kind}"\nclasses = {list(CLASSES)}')
    (root / name).mkdir()
    declared = read_declaration(path)
    layout_of(path, declared).write_phantom(root / name, kind, CLASSES, 0)
    return make_task(path, declared).data
