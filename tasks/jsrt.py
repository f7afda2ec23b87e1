"""Organ segmentation on chest X-rays: both lungs, the heart and both clavicles, which overlap."""

from bench.core.task import DataSet, Task
from tasks import phantoms
from tasks.readers.chest_films import ChestFilms
from tasks.readers.pairs import Part

STRUCTURES = ("right lung", "left lung", "heart", "right clavicle", "left clavicle")
MASKS = tuple(f"{{scratch/,}}fold{{1,2}}/masks/{name}/{{case}}.{{gif,png}}" for name in STRUCTURES)

JSRT = DataSet(
    name="jsrt",
    title="JSRT chest radiographs with the masks of the SCR database",
    reader=ChestFilms((Part("All247images/{case}.{IMG,png}", MASKS, optional=MASKS[3:]),), structures=STRUCTURES),
    classes=STRUCTURES,
    expected_counts={"all": {"cases": 247}},
    modality="X-ray",
    citation=(
        "J. Shiraishi et al.: Development of a digital image database for chest radiographs with and without a lung "
        "nodule. AJR 174:71-74, 2000. B. van Ginneken, M. B. Stegmann, M. Loog: Segmentation of anatomical structures "
        "in chest radiographs using supervised methods. Medical Image Analysis 10:19-40, 2006."
    ),
    licence="research and education, no redistribution (SCR database); JSRT's own terms for the films",
    obtain=(
        "Get the films (All247images) from JSRT and the masks (fold1, fold2) from the SCR database, and unpack both "
        "into a folder jsrt/ under the data root. The two folds are halves for cross-validation, not a test split: "
        "both are read, and a test split is drawn. To train on one and test on the other, give a split file."
    ),
    phantom=phantoms.jsrt,
    overlapping_classes=True,
)

TASK = Task(
    name="jsrt",
    data=JSRT,
    kind="segmentation_2d",
    protocol="finetune",
    metric="dice",
    paper={"task": {"image_size": 224}, "protocol": {"lr": 1e-3, "epochs": 50, "batch_size": 32}},
)
