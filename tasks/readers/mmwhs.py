"""What the two modalities of MM-WHS share: structures, label values, file names, and whose they are."""

from __future__ import annotations

from tasks.readers.nifti_volumes import NiftiVolumes
from tasks.readers.pairs import Part

STRUCTURES = (
    "myocardium of the left ventricle",
    "left atrium",
    "left ventricle",
    "right atrium",
    "right ventricle",
    "ascending aorta",
    "pulmonary artery",
)
VALUES = {205: 1, 420: 2, 421: 2, 500: 3, 550: 4, 600: 5, 820: 6, 850: 7}
"""Value in the label map -> class number; the owner's data has a few voxels of 421, which means 420."""
CITATION = (
    "X. Zhuang, J. Shen: Multi-scale patch and multi-modality atlases for whole heart segmentation of MRI. Medical "
    "Image Analysis 31:77-87, 2016. X. Zhuang et al.: Evaluation of algorithms for Multi-Modality Whole Heart "
    "Segmentation: An open-access grand challenge. Medical Image Analysis 58:101537, 2019."
)
OBTAIN = (
    "Register for the Multi-Modality Whole Heart Segmentation challenge (MM-WHS 2017) and unpack the training data, so "
    "that {part}/ lies in a folder mmwhs/ under the data root. Volumes without labels (test) are not read."
)


def mmwhs_reader(modality: str) -> NiftiVolumes:
    """Reader of the training volumes of `ct` or `mr`."""
    stem = f"{modality}_train/{modality}_train_{{case}}"
    return NiftiVolumes((Part(f"{stem}_image.nii{{.gz,}}", (f"{stem}_label.nii{{.gz,}}",)),), VALUES)
