"""The 3D engine on real volumes: hippocampus MRI of the Medical Segmentation Decathlon, which is no task here."""

from collections import defaultdict

import pytest

from bench.core.console import Report
from bench.core.task import Task
from bench.data.cache import DiskCache
from bench.engine.compute import Compute
from bench.engine.kept import keep_cases
from bench.engine.seeding import seed_all
from bench.evaluation.protocols import PROTOCOLS
from bench.evaluation.settings import ProtocolSettings
from bench.evaluation.supervised import Supervised
from tasks.kinds.segmentation import Segmentation3D
from tasks.readers.nifti_volumes import NiftiVolumes
from tasks.readers.pairs import Part
from tests.tasks.segmentation.worlds import Tiny, data_set, split_of

READER = NiftiVolumes((Part("imagesTr/{case}.nii.gz", ("labelsTr/{case}.nii.gz",)),), {1: 1, 2: 2})
PARTS = ("anterior", "posterior")


@pytest.mark.slow
@pytest.mark.real_data
def test_learns_the_parts_of_the_hippocampus(real_root, tmp_path):
    cases = READER.read(real_root / "hippocampus" / "Task04_Hippocampus")[:12]
    task = Task("hippocampus", data_set(READER, classes=PARTS), "segmentation_3d", "finetune", "dice_3d")
    settings = Segmentation3D.settings_class(image_size=32, decoder_channels=(32, 16, 16, 16, 16))
    kind = Segmentation3D(task, settings)
    keep_cases(kind, defaultdict(str), DiskCache(tmp_path / "cache"))
    seed_all(0)
    split, training = split_of(cases), ProtocolSettings(epochs=4, batch_size=16, lr=5e-3)
    run = Supervised(
        Tiny(), kind, split, PROTOCOLS["finetune"], training, 0, Compute("cpu"), Report(quiet=True), save=tmp_path
    )
    scores = kind.score(split.test, run.fit("x").predictions)
    assert scores["dice_3d"] > 0.3
    assert all(scores[f"dice_3d/{part}"] > 0.1 for part in PARTS)
    assert scores["hd95_mm"] < 20
    assert len(list(tmp_path.rglob("*-prediction.nii.gz"))) == 2
