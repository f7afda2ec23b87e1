"""Skin lesion segmentation on dermoscopic photographs: one outline per image."""

from bench.core.task import DataSet, Task
from tasks import phantoms
from tasks.readers.image_masks import ImageMasks
from tasks.readers.pairs import Part

PART = Part(
    "ISIC2018_Task1-2_Training_Input/{case}.jpg",
    ("ISIC2018_Task1_Training_GroundTruth/{case}_segmentation.png",),
)

ISIC2018 = DataSet(
    name="isic2018",
    title="ISIC 2018, task 1 (lesion boundary segmentation)",
    reader=ImageMasks((PART,), structures=("lesion",)),
    classes=("lesion",),
    expected_counts={"all": {"cases": 2594}},
    modality="dermoscopy",
    citation="N. Codella et al.: Skin Lesion Analysis Toward Melanoma Detection 2018. arXiv:1902.03368, 2019.",
    licence="as stated in the owner's archive (LICENSE.txt)",
    obtain=(
        "Register at https://challenge.isic-archive.com, download the training input and the training ground truth of "
        "ISIC 2018 task 1, and unpack both into a folder isic2018/ under the data root. The challenge's validation and "
        "test images are not read: a test split is drawn from the training images."
    ),
    phantom=phantoms.isic2018,
)

TASK = Task(
    name="isic2018",
    data=ISIC2018,
    kind="segmentation_2d",
    protocol="finetune",
    metric="dice",
    paper={"task": {"image_size": 512}, "protocol": {"lr": 1e-4, "epochs": 35, "batch_size": 16}},
)
