"""The command line and loading workers set up their own process; a program that imports `bench` keeps its settings."""

import subprocess
import sys

import cv2
import torch
from torch.utils.data import TensorDataset

from bench.engine.loaders import evaluation_loader
from bench.engine.process import keep_freed_memory

LIBRARY = """
import cv2
cv2.setNumThreads(3)
import bench, bench.api.grids
from bench.engine import process
process.keep_freed_memory = None  # not to be called
from pathlib import Path
from PIL import Image
from bench.core.registry import methods
from bench.engine.compute import Compute
from bench.pretraining.corpus import Corpus
from bench.pretraining.corpus_image import CorpusImage
from bench.pretraining.loop import Pretraining
from bench.pretraining.settings import PretrainSettings
make = lambda: Image.new("RGB", (40, 40))
images = tuple(CorpusImage(Path(f"{i}.png"), str(i), load=make) for i in range(4))
settings = PretrainSettings(epochs=1, batch_size=4, image_size=32, init="random", balance=False)
cls = methods().get("simclr")
method = cls(cls.config_class(**cls.quick))
run = Pretraining(method, "resnet18", Corpus("x", images, {}, 0, "x", {}), settings, 0, Compute("cpu", 0))
assert len(run.dataset[0]) == 2
assert cv2.getNumThreads() == 3
"""


def in_own_process(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_importing_and_building_a_pretraining_change_no_settings_of_the_process():
    done = in_own_process(LIBRARY)
    assert done.returncode == 0, done.stderr


def test_the_command_line_sets_its_process_up():
    code = (
        "import sys\nfrom bench.cli.app import main\nsys.argv = ['bench', '--version']\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "assert 'cv2' not in sys.modules\nimport cv2\nassert cv2.getNumThreads() == 1, cv2.getNumThreads()\n"
    )
    done = in_own_process(code)
    assert done.returncode == 0, done.stderr


class Threads(TensorDataset):
    """The number of OpenCV's threads in the process that loads."""

    def __getitem__(self, index):
        return torch.tensor([cv2.getNumThreads()]), index


def test_workers_compute_in_one_thread_and_their_parent_as_before():
    before = cv2.getNumThreads()
    try:
        cv2.setNumThreads(3)
        data = Threads(torch.zeros(4))
        found = [x.flatten().tolist() for x, _ in evaluation_loader(data, 2, 2, torch.device("cpu"))]
        assert cv2.getNumThreads() == 3
    finally:
        cv2.setNumThreads(before)
    assert found == [[1, 1], [1, 1]]


def test_allocator_is_set_or_left_alone():
    assert keep_freed_memory() in (True, False)
    assert torch.ones(2**24).sum() == 2**24


STOPPED = """
import os, signal, time
import torch
from torch.utils.data import TensorDataset
from bench.engine.loaders import evaluation_loader

class Slow(TensorDataset):
    def __getitem__(self, index):
        time.sleep(0.05)
        return torch.zeros(1), index

os.setpgrp()
signal.signal(signal.SIGTERM, signal.default_int_handler)
count = 0
try:
    for _ in evaluation_loader(Slow(torch.zeros(400)), 2, 2, torch.device("cpu")):
        count += 1
        if count == 2:
            os.killpg(0, signal.SIGTERM)
except KeyboardInterrupt:
    print("interrupted", count)
"""


def test_a_signal_to_the_process_group_is_the_parents_alone():
    done = in_own_process(STOPPED)
    assert (done.stdout, done.stderr, done.returncode) == ("interrupted 2\n", "", 0)
