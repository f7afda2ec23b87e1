"""Whole-heart segmentation on CT volumes: seven structures."""

from bench.core.task import DataSet, Task
from tasks import phantoms
from tasks.readers.mmwhs import CITATION, OBTAIN, STRUCTURES, mmwhs_reader

MMWHS_CT = DataSet(
    name="mmwhs_ct",
    title="MM-WHS 2017 (CT)",
    reader=mmwhs_reader("ct"),
    classes=STRUCTURES,
    expected_counts={"all": {"cases": 20}},
    modality="CT",
    citation=CITATION,
    licence="research use, on registration (MM-WHS)",
    obtain=OBTAIN.format(part="ct_train"),
    phantom=phantoms.mmwhs_ct,
    folder="mmwhs",
)

TASK = Task(
    name="mmwhs_ct",
    data=MMWHS_CT,
    kind="segmentation_3d",
    protocol="finetune",
    metric="iou_3d",
    settings={"plane": "axial"},
    paper={"task": {"image_size": 224}, "protocol": {"lr": 1e-3, "epochs": 20, "batch_size": 64}},
)
