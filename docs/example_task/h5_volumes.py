"""Segmentation of volumes that lie in one HDF5 file, as a task of one's own."""

from dataclasses import dataclass

import h5py
import numpy as np

from bench import Case, DataSet, Task, Volume


@dataclass(frozen=True)
class Hdf5Volumes:
    """Reads all scans of one file."""

    version = 1
    layout = "scans.h5: one group for each scan, with `image` and `label` (X, Y, Z), and its attribute `spacing` in mm"

    def matches(self, folder):
        return (folder / "scans.h5").is_file()

    def read(self, folder):
        with h5py.File(folder / "scans.h5") as file:
            return [Case(f"scans.h5:{name}", folder / "scans.h5", None, None, subject=name) for name in file]

    def load(self, case, part):
        with h5py.File(case.image) as file:
            scan = file[case.id.partition(":")[2]]
            return Volume(scan[part][:], np.diag([*scan.attrs["spacing"], 1.0]))

    def load_volume(self, case):
        return self.load(case, "image")

    def load_labels(self, case):
        return self.load(case, "label")


DATA = DataSet("scans", "Scans", Hdf5Volumes(), ("tumour",), modality="CT", citation="-", licence="-", obtain="-")
TASK = Task("scans", DATA, kind="segmentation_3d", protocol="finetune", metric="dice_3d")
