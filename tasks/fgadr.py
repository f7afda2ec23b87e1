"""Grading of diabetic retinopathy on fundus photographs: grades 0 to 4, fine-tuning."""

from bench.core.task import DataSet, Task
from tasks import phantoms
from tasks.readers.graded_images import GradedImages

GRADES = ("no_dr", "mild", "moderate", "severe", "proliferative")
IMAGES, TABLE = "Seg-set/Original_Images", "Seg-set/DR_Seg_Grading_Label.csv"
CLASSES = {name: i for i, name in enumerate(GRADES)}

FGADR = DataSet(
    name="fgadr",
    title="FGADR, Seg-set",
    reader=GradedImages(IMAGES, TABLE, "NNNN_n.png", r"(?P<subject>\d+)_\d+\.png", CLASSES),
    classes=GRADES,
    expected_counts={"all": dict(zip(GRADES, (101, 212, 595, 647, 287), strict=True))},
    modality="fundus photography",
    citation=(
        "Y. Zhou, B. Wang, L. Huang, S. Cui, L. Shao: A Benchmark for Studying Diabetic Retinopathy: Segmentation, "
        "Grading, and Transferability. IEEE TMI 40, 2021."
    ),
    licence="non-commercial research, by agreement with the owners; no redistribution",
    obtain=(
        "Apply to the owners at https://csyizhou.github.io/FGADR and unpack FGADR-Seg-set_Release.zip, so that "
        "Seg-set/ lies in a folder fgadr/ under the data root."
    ),
    phantom=phantoms.fgadr,
    ordered_classes=True,
)

TASK = Task(
    name="fgadr",
    data=FGADR,
    kind="classification",
    protocol="finetune",
    metric="accuracy",
    paper={"task": {"image_size": 512}, "protocol": {"lr": 1e-3, "epochs": 20, "batch_size": 32, "hidden": (512, 128)}},
)
