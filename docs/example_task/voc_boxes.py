"""Detection of cells on images with Pascal VOC files, as a task of one's own."""

from dataclasses import dataclass
from xml.etree import ElementTree

from bench import Box, BoxTarget, Case, DataSet, Task

CLASSES, SIDES = ("red cell", "white cell"), ("xmin", "ymin", "xmax", "ymax")


@dataclass(frozen=True)
class VocBoxes:
    """Reads images with one file of boxes each."""

    version = 1
    layout = "JPEGImages/{case}.jpg, Annotations/{case}.xml"

    def matches(self, folder):
        return (folder / "Annotations").is_dir()

    def read(self, folder):
        return [self.case(folder, file) for file in sorted((folder / "Annotations").glob("*.xml"))]

    def case(self, folder, file):
        root = ElementTree.parse(file).getroot()
        found = [(CLASSES.index(o.findtext("name")), o.find("bndbox")) for o in root.iter("object")]
        size = [int(root.findtext(f"size/{side}")) for side in ("width", "height")]
        boxes = tuple(Box(name, *(float(box.findtext(x)) for x in SIDES)) for name, box in found)
        image = folder / "JPEGImages" / f"{file.stem}.jpg"
        return Case(file.stem, image, BoxTarget(*size, boxes), None, labels=(file,))


DATA = DataSet(
    "cells", "Blood cells", VocBoxes(), CLASSES, modality="microscopy", citation="-", licence="-", obtain="-"
)
TASK = Task("cells", DATA, kind="detection", protocol="finetune", metric="ap50")
