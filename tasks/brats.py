"""Brain tumour segmentation on FLAIR MRI volumes: three parts of the tumour."""

from bench.core.task import DataSet, Task
from tasks import phantoms
from tasks.readers.nifti_volumes import NiftiVolumes
from tasks.readers.pairs import Part

SCAN = "{case}/{case}"
PARTS = tuple(
    Part(f"{grade}/{SCAN}_flair.nii{{.gz,}}", (f"{grade}/{SCAN}_seg.nii{{.gz,}}",)) for grade in ("HGG", "LGG")
)
PATIENT = r"/(Brats\d+_(?:Training_\d+|Validation_\d+|[^/]+(?=_\d+_)))[^/]*_flair"

BRATS = DataSet(
    name="brats",
    title="BraTS 2018 (FLAIR)",
    reader=NiftiVolumes(PARTS, {1: 1, 2: 2, 4: 3}, subject=PATIENT),
    classes=("necrotic and non-enhancing core", "oedema", "enhancing tumour"),
    expected_counts={"all": {"cases": 285}},
    modality="MRI",
    citation=(
        "B. H. Menze et al.: The Multimodal Brain Tumor Image Segmentation Benchmark (BRATS). IEEE TMI 34:1993-2024, "
        "2015. S. Bakas et al.: Advancing The Cancer Genome Atlas glioma MRI collections. Scientific Data 4, 2017."
    ),
    licence="research use, on registration (BraTS)",
    obtain=(
        "Register for BraTS 2018 at https://www.med.upenn.edu/cbica/brats2018 and unpack the training data, so that "
        "HGG/ and LGG/ lie in a folder brats/ under the data root. Only FLAIR is read, as in the paper."
    ),
    phantom=phantoms.brats,
)

TASK = Task(
    name="brats",
    data=BRATS,
    kind="segmentation_3d",
    protocol="finetune",
    metric="iou_3d",
    paper={"task": {"image_size": 224}, "protocol": {"lr": 1.5e-3, "epochs": 20, "batch_size": 128}},
)
