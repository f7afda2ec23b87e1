"""The layout `csv`: one table with a row for each image, mask or box."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import ClassVar

import numpy as np

from bench.core.task import Reader
from tasks.layouts.fields import sorted_names, values_beside
from tasks.layouts.table_form import TableForm
from tasks.layouts.table_readers import TableBoxes, TableImages, TableMasks
from tasks.phantoms.drawing import save_image, save_mask
from tasks.phantoms.shapes import N_EACH, draw_class, draw_objects, draw_structures


class Table(TableForm):
    """A table with the columns path and, by kind, label (classification), mask (segmentation), boxes (detection)."""

    kinds: ClassVar[tuple[str, ...]] = ("classification", "segmentation_2d", "detection")
    example: ClassVar[str] = 'type = "csv"\nfile = "cases.csv"\ncolumns = { path = "image", label = "diagnosis" }'

    def classes(self, folder: Path, kind: str) -> tuple[str, ...]:
        """The labels of the table, sorted; of segmentation the structures that the options or the table name."""
        if kind == "segmentation_2d":
            if self.masks or self.values:
                return tuple(self.masks or self.values)
            rows = self.rows(folder, ("path", "mask"))
            return sorted_names(filter(None, (row.values.get("structure", "") for row in rows))) or ("structure",)
        rows = self.rows(folder, ("path", "label"))
        return sorted_names(row.values["label"] for row in rows if row.values["label"])

    def sites(self, folder: Path, kind: str) -> tuple[str, ...]:
        """What stands in the column of sites, in the order in which it comes."""
        rows = self.rows(folder, ("path",))
        return tuple(dict.fromkeys(row.values["site"] for row in rows if row.values.get("site")))

    def reader(self, kind: str, classes: tuple[str, ...]) -> Reader:
        """Reads the table for a kind. Raises `DataError` where the structures named here are not the classes."""
        if kind == "classification":
            return TableImages(self, classes)
        if kind == "detection":
            return TableBoxes(self, classes)
        return TableMasks(classes, values_beside(self.masks, self.values, classes), self.lossy, self)

    def write_phantom(
        self, folder: Path, kind: str, classes: tuple[str, ...], seed: int, sites: tuple[str, ...] = ()
    ) -> None:
        """Write a table and PNGs of 64 x 64 pixels: for each site twelve images of each class, or 24."""
        write = {"classification": _write_labelled, "detection": _write_boxes, "segmentation_2d": _write_masks}[kind]
        rows: list[dict[str, str]] = []
        for k, site in enumerate(sites or ("",)):
            extra = {self.column("site"): site} if site else {}
            number = N_EACH * len(classes) if kind == "classification" else 2 * N_EACH
            for i in range(number):
                name = f"{site + '_' if site else ''}{i:03d}"
                rng = np.random.default_rng([seed, 52, k, i])
                rows += [row | extra for row in write(self, folder, name, rng, classes, i)]
        names = list(dict.fromkeys(name for row in rows for name in (*row, *map(self.column, self.columns))))
        path = folder / self.file
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", newline="", encoding=self.encoding) as file:
            writer = csv.DictWriter(file, names, restval="", delimiter=self.delimiter or ",", lineterminator="\n")
            writer.writeheader()
            writer.writerows({n: row.get(n) or self._filler(n, i) for n in names} for i, row in enumerate(rows))

    def _filler(self, name: str, number: int) -> str:
        """A cell of a column that is named and that the pictures do not fill."""
        fillers = {"split": "test" if number % 4 == 3 else "train", "subject": f"subject{number}", "site": "site"}
        return next((cell for column, cell in fillers.items() if self.columns.get(column) == name), "")


def _image(form: Table, folder: Path, name: str, pixels: np.ndarray) -> dict[str, str]:
    """Write an image; the row that names it."""
    stem = f"images/{name}" + ("" if form.suffix else ".png")
    save_image(pixels, folder / form.images / f"{stem}{form.suffix}")
    return {form.column("path"): stem}


def _write_labelled(
    form: Table, folder: Path, name: str, rng: np.random.Generator, classes: tuple[str, ...], number: int
) -> list[dict[str, str]]:
    label = number % len(classes)
    row = _image(form, folder, name, draw_class(rng, label, len(classes)))
    return [row | {form.column("label"): classes[label]}]


def _write_boxes(
    form: Table, folder: Path, name: str, rng: np.random.Generator, classes: tuple[str, ...], number: int
) -> list[dict[str, str]]:
    pixels, objects = draw_objects(rng, len(classes))
    row = _image(form, folder, name, pixels)
    scale = pixels.shape[0] if form.relative_boxes else 1
    rows = []
    for label, (x_min, y_min, x_max, y_max) in objects:
        end = (x_max, y_max) if form.box_form == "xyxy" else (x_max - x_min, y_max - y_min)
        numbers = [f"{value / scale:g}" for value in (x_min, y_min, *end)]
        named = not form.columns.keys() & {"x_min", "y_min", "x_max", "y_max"}
        corners = {form.column("boxes"): " ".join(numbers)} if named else {
            form.column(key): text for key, text in zip(("x_min", "y_min", "x_max", "y_max"), numbers, strict=True)
        }  # fmt: skip
        rows.append(row | {form.column("label"): classes[label]} | corners)
    return rows


def _write_masks(
    form: Table, folder: Path, name: str, rng: np.random.Generator, classes: tuple[str, ...], number: int
) -> list[dict[str, str]]:
    pixels, masks = draw_structures(rng, len(classes))
    row = _image(form, folder, name, pixels)
    if form.values:
        save_image(
            np.sum([form.values[c] * m for c, m in zip(classes, masks, strict=True)], axis=0),
            folder / f"masks/{name}.png",
        )
        return [row | {form.column("mask"): f"masks/{name}.png"}]
    cells = {}
    for structure, mask in zip(classes, masks, strict=True):
        cells[structure] = f"masks/{structure}_{name}.png"
        save_mask(mask, folder / cells[structure])
    if form.masks:
        return [row | {form.masks[structure]: cell for structure, cell in cells.items()}]
    several = {form.column("structure"): ""} if len(classes) > 1 else {}
    return [row | {form.column("mask"): cell} | dict.fromkeys(several, structure) for structure, cell in cells.items()]
