"""Synthetic data sets in the owners' layouts, for smoke runs and tests: learnable, and no evidence of anything.

Each function writes one data set into a folder; the same seed writes the same bytes.
"""

from tasks.phantoms.chests import jsrt, vindr
from tasks.phantoms.heads import brain_tumor
from tasks.phantoms.lesions import buid, isic2018, kvasir_seg
from tasks.phantoms.retinas import dr_patient600, fgadr
from tasks.phantoms.vessels import drive
from tasks.phantoms.volumes import brats, mmwhs_ct, mmwhs_mri, prostate

__all__ = [
    "brain_tumor",
    "brats",
    "buid",
    "dr_patient600",
    "drive",
    "fgadr",
    "isic2018",
    "jsrt",
    "kvasir_seg",
    "mmwhs_ct",
    "mmwhs_mri",
    "prostate",
    "vindr",
]
