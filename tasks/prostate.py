"""Prostate segmentation on MRI volumes of four sites: trained on one, tested on it and on the three others."""

from bench.core.task import DataSet, Task
from tasks import phantoms
from tasks.readers.nifti_volumes import NiftiVolumes
from tasks.readers.pairs import Part

SITES = ("BMC", "RUNMC", "BIDMC", "HK")
VOLUME = "{case}.nii{.gz,}"
LABELS = "{case}{_,-, ,}segmentation.nii{.gz,}"

PROSTATE = DataSet(
    name="prostate",
    title="Multi-site prostate MRI (four of its six sites)",
    reader=NiftiVolumes(tuple(Part(f"{s}/{VOLUME}", (f"{s}/{LABELS}",), domain=s) for s in SITES), values=None),
    classes=("prostate",),
    expected_counts={s: {"cases": n} for s, n in zip(SITES, (30, 30, 12, 12), strict=True)},
    modality="MRI",
    citation=(
        "Q. Liu, Q. Dou, P.-A. Heng: Shape-Aware Meta-Learning for Generalizing Prostate MRI Segmentation to Unseen "
        "Domains. MICCAI, 2020."
    ),
    licence="research use; see the terms of the sites' original data sets (NCI-ISBI 2013, I2CVB, PROMISE12)",
    obtain=(
        "Download the multi-site data set for prostate MRI segmentation from https://liuquande.github.io/SAML and "
        "unpack it, so that BMC/, RUNMC/, BIDMC/ and HK/ lie in a folder prostate/ under the data root."
    ),
    phantom=phantoms.prostate,
    domains=SITES,
)

TASK = Task(
    name="prostate",
    data=PROSTATE,
    kind="segmentation_3d",
    protocol="finetune",
    metric="dice",
    paper={"task": {"image_size": 224}, "protocol": {"lr": 1e-3, "epochs": 30, "batch_size": 64}},
)
