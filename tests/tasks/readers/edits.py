"""Changes to the files of phantoms that several tests make."""

import json

import nibabel
import numpy as np


def rewrite(path, *, array=None, affine=None):
    image = nibabel.load(path)
    array = np.asarray(image.dataobj) if array is None else array
    nibabel.save(nibabel.Nifti1Image(array, image.affine if affine is None else affine), path)


def edit_json(kvasir, change):
    path = kvasir / "kavsir_bboxes.json"
    entries = json.loads(path.read_text())
    change(entries, sorted(entries)[0])
    path.write_text(json.dumps(entries))
    return path, sorted(entries)[0]
