"""Retinal vessel segmentation on fundus photographs, inside the field of view."""

from typing import Literal

from bench.core.task import DataSet, Task
from tasks import phantoms
from tasks.readers.image_masks import ImageMasks
from tasks.readers.pairs import Part


def _part(folder: str, split: Literal["train", "test"]) -> Part:
    manual, region = (f"{folder}/1st_manual/{{case}}_manual1.gif",), f"{folder}/mask/{{case}}_{folder}_mask.gif"
    return Part(f"{folder}/images/{{case}}_{folder}.tif", manual, region, owner_split=split)


DRIVE = DataSet(
    name="drive",
    title="DRIVE",
    reader=ImageMasks((_part("training", "train"), _part("test", "test")), structures=("vessel",)),
    classes=("vessel",),
    expected_counts={"train": {"cases": 20}, "test": {"cases": 20}},
    modality="fundus photography",
    citation="J. Staal et al.: Ridge-based vessel segmentation in color images of the retina. IEEE TMI 23, 2004.",
    licence="research use (DRIVE)",
    obtain=(
        "Get DRIVE from https://drive.grand-challenge.org and unpack training.zip and test.zip into a folder drive/ "
        "under the data root. The truth is the first observer's; a copy without test/1st_manual cannot be scored."
    ),
    phantom=phantoms.drive,
)

TASK = Task(
    name="drive",
    data=DRIVE,
    kind="segmentation_2d",
    protocol="finetune",
    metric="dice",
    paper={"task": {"image_size": 224}, "protocol": {"lr": 1e-3, "epochs": 50, "batch_size": 16}},
)
