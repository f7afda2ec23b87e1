"""Breast lesion segmentation on ultrasound images; images without a lesion are left out."""

from bench.core.task import DataSet, Task
from tasks import phantoms
from tasks.readers.image_masks import ImageMasks
from tasks.readers.pairs import Part

PLACE = "{Dataset_BUSI_with_GT/,}"
PARTS = tuple(
    Part(f"{PLACE}{name}/{name} ({{case}}).png", (f"{PLACE}{name}/{name} ({{case}})_mask*.png",))
    for name in ("benign", "malignant")
)

BUID = DataSet(
    name="buid",
    title="Breast Ultrasound Images (BUSI)",
    reader=ImageMasks(PARTS, structures=("lesion",)),
    classes=("lesion",),
    expected_counts={"all": {"cases": 647}},
    modality="ultrasound",
    citation="W. Al-Dhabyani et al.: Dataset of breast ultrasound images. Data in Brief 28:104863, 2020.",
    licence="as stated by the owner (article: CC BY 4.0)",
    obtain=(
        "Download the data set that https://doi.org/10.1016/j.dib.2019.104863 refers to and unpack it, so that "
        "Dataset_BUSI_with_GT/ lies in a folder buid/ under the data root. Several masks of an image are united."
    ),
    phantom=phantoms.buid,
)

TASK = Task(
    name="buid",
    data=BUID,
    kind="segmentation_2d",
    protocol="finetune",
    metric="dice",
    paper={"task": {"image_size": 256}, "protocol": {"lr": 1e-4, "epochs": 50, "batch_size": 8}},
)
