"""Polyp detection on endoscopic images; the images of `kvasir_seg`, whose split it shares."""

from bench.core.task import DataSet, Task
from tasks import phantoms
from tasks.readers.box_json import BoxJson

KVASIR_DET = DataSet(
    name="kvasir_det",
    title="Kvasir-SEG, bounding boxes",
    reader=BoxJson("kavsir_bboxes.json", "images", labels=("polyp",), optional_folder="Kvasir-SEG"),
    classes=("polyp",),
    expected_counts={"all": {"cases": 1000}},
    modality="endoscopy",
    citation="D. Jha et al.: Kvasir-SEG: A Segmented Polyp Dataset. MultiMedia Modeling, 2020.",
    licence="research and education only",
    obtain=(
        "Download kvasir-seg.zip from https://datasets.simula.no/kvasir-seg and unpack it, so that Kvasir-SEG/images "
        "and Kvasir-SEG/kavsir_bboxes.json (the owner's spelling) lie in a folder kvasir/ under the data root."
    ),
    phantom=phantoms.kvasir_seg,
    folder="kvasir",
)

TASK = Task(
    name="kvasir_det",
    data=KVASIR_DET,
    kind="detection",
    protocol="finetune",
    metric="ap50",
    paper={"task": {"image_size": 512}, "protocol": {"lr": 2.5e-4, "epochs": 40, "batch_size": 8}},
)
