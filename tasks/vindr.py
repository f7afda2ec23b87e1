"""Detection of 14 findings on chest X-rays; images without a finding are left out."""

from bench.core.task import DataSet, Task
from tasks import phantoms
from tasks.readers.box_csv import BoxCsv

FINDINGS = (
    "Aortic enlargement", "Atelectasis", "Calcification", "Cardiomegaly", "Consolidation", "ILD", "Infiltration",
    "Lung Opacity", "Nodule/Mass", "Other lesion", "Pleural effusion", "Pleural thickening", "Pneumothorax",
    "Pulmonary fibrosis",
)  # fmt: skip

VINDR = DataSet(
    name="vindr",
    title="VinDr-CXR",
    reader=BoxCsv("train.csv", "train", labels=FINDINGS),
    classes=FINDINGS,
    expected_counts={"all": {"cases": 4394}},
    modality="X-ray",
    citation="H. Q. Nguyen et al.: VinDr-CXR: An open dataset of chest X-rays. Scientific Data 9:429, 2022.",
    licence="as stated by the owner (credentialed access; no redistribution)",
    obtain=(
        "Take the training images of https://kaggle.com/c/vinbigdata-chest-xray-abnormalities-detection as PNG copies "
        "of 512 x 512 pixels, so that vindr/train/*.png and vindr/train.csv lie under the data root. Boxes stay in "
        "pixels of the originals; their size stands in the columns width and height, which such copies add."
    ),
    phantom=phantoms.vindr,
)

TASK = Task(
    name="vindr",
    data=VINDR,
    kind="detection",
    protocol="finetune",
    metric="ap50",
    paper={"task": {"image_size": 512}, "protocol": {"lr": 1e-4, "epochs": 40, "batch_size": 16}},
)
