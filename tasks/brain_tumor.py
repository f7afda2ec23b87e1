"""Brain tumour classification on MRI slices: four classes, fine-tuning."""

from bench.core.task import DataSet, Task
from tasks import phantoms
from tasks.readers.class_folders import ClassFolders

CLASSES = ("glioma_tumor", "meningioma_tumor", "no_tumor", "pituitary_tumor")

BRAIN_TUMOR = DataSet(
    name="brain_tumor",
    title="Brain Tumor Classification (MRI)",
    reader=ClassFolders(train="Training", test="Testing", classes={name: i for i, name in enumerate(CLASSES)}),
    classes=CLASSES,
    expected_counts={
        "train": dict(zip(CLASSES, (826, 822, 395, 827), strict=True)),
        "test": dict(zip(CLASSES, (100, 115, 105, 74), strict=True)),
    },
    modality="MRI",
    citation=(
        "S. Bhuvaji, A. Kadam, P. Bhumkar, S. Dedge, S. Kanchan: Brain Tumor Classification (MRI). Kaggle, 2020. "
        "doi:10.34740/KAGGLE/DSV/1183165"
    ),
    licence="none stated by the owner for this version (research use)",
    obtain=(
        "Download 'Brain Tumor Classification (MRI)' from https://doi.org/10.34740/KAGGLE/DSV/1183165 and unpack it, "
        "so that Training/ and Testing/ lie in a folder brain_tumor/ under the data root."
    ),
    phantom=phantoms.brain_tumor,
    validation_fraction=0.3,
)

TASK = Task(
    name="brain_tumor",
    data=BRAIN_TUMOR,
    kind="classification",
    protocol="finetune",
    metric="accuracy",
    paper={"task": {"image_size": 224}, "protocol": {"lr": 5e-4, "epochs": 30, "batch_size": 64, "hidden": (512, 256)}},
)
