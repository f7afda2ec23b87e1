"""Polyp segmentation on endoscopic images."""

from bench.core.task import DataSet, Task
from tasks import phantoms
from tasks.readers.image_masks import ImageMasks
from tasks.readers.pairs import Part

PART = Part("{Kvasir-SEG/,}images/{case}.{jpg,png}", ("{Kvasir-SEG/,}masks/{case}.{jpg,png}",))

KVASIR_SEG = DataSet(
    name="kvasir_seg",
    title="Kvasir-SEG",
    reader=ImageMasks((PART,), structures=("polyp",), lossy=True),
    classes=("polyp",),
    expected_counts={"all": {"cases": 1000}},
    modality="endoscopy",
    citation="D. Jha et al.: Kvasir-SEG: A Segmented Polyp Dataset. MultiMedia Modeling, 2020.",
    licence="research and education only",
    obtain=(
        "Download kvasir-seg.zip from https://datasets.simula.no/kvasir-seg and unpack it, so that Kvasir-SEG/images "
        "and Kvasir-SEG/masks lie in a folder kvasir/ under the data root."
    ),
    phantom=phantoms.kvasir_seg,
    folder="kvasir",
)

TASK = Task(
    name="kvasir_seg",
    data=KVASIR_SEG,
    kind="segmentation_2d",
    protocol="finetune",
    metric="dice",
    paper={"task": {"image_size": 224}, "protocol": {"lr": 1e-3, "epochs": 35, "batch_size": 64}},
)
