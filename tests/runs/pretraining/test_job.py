"""One pretraining: what its file says of itself, and that it is made once."""

import pytest

from bench.core.console import Report
from bench.core.registry import methods
from bench.engine.compute import Compute
from bench.models.checkpoints import read_encoder
from bench.pretraining.settings import PretrainSettings
from bench.runs.pretraining.job import PretrainingJob, encoder_file
from bench.runs.world import World
from tasks.brain_tumor import BRAIN_TUMOR


@pytest.fixture
def job(phantom_root):
    cls = methods().get("simclr")
    corpus = World(phantom_root, Report(quiet=True)).corpus("task", BRAIN_TUMOR, 0)
    settings = PretrainSettings(epochs=1, batch_size=32, image_size=32, init="random", balance=False)
    return PretrainingJob(cls(cls.config_class()), "simclr", "resnet18", corpus, settings, 4, "ab" * 32)


def test_the_file_says_what_was_pretrained_and_is_used_again(job, tmp_path, capsys):
    compute = Compute("cpu", 0, False)
    file = encoder_file(job, tmp_path, compute, Report())
    assert file == tmp_path / "checkpoints" / "simclr" / ("ab" * 8) / "encoder.safetensors"
    stated = read_encoder(file)[1]
    assert (stated["identity"], stated["seed"], stated["method"]) == ("ab" * 32, 4, "simclr")
    assert stated["config"]["pretrain"]["epochs"] == 1
    made = file.stat().st_mtime_ns
    assert encoder_file(job, tmp_path, compute, Report()) == file
    assert "reusing the simclr encoder" in capsys.readouterr().err
    assert file.stat().st_mtime_ns == made
