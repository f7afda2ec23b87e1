"""Whole-heart segmentation on MR volumes: seven structures."""

from bench.core.task import DataSet, Task
from tasks import phantoms
from tasks.readers.mmwhs import CITATION, OBTAIN, STRUCTURES, mmwhs_reader

MMWHS_MRI = DataSet(
    name="mmwhs_mri",
    title="MM-WHS 2017 (MR)",
    reader=mmwhs_reader("mr"),
    classes=STRUCTURES,
    expected_counts={"all": {"cases": 20}},
    modality="MRI",
    citation=CITATION,
    licence="research use, on registration (MM-WHS)",
    obtain=OBTAIN.format(part="mr_train"),
    phantom=phantoms.mmwhs_mri,
    folder="mmwhs",
)

TASK = Task(
    name="mmwhs_mri",
    data=MMWHS_MRI,
    kind="segmentation_3d",
    protocol="finetune",
    metric="iou_3d",
    settings={"plane": "axial"},
    paper={"task": {"image_size": 224}, "protocol": {"lr": 1.5e-3, "epochs": 30, "batch_size": 64}},
)
