"""Encoders from Python: pretrained, any module evaluated, loaded and exported."""

import pytest
import torch
from torch import nn

import bench
from bench.models.weights.files import file_hash


class Tiny(nn.Module):
    version = 1

    def __init__(self, side: int = 2) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(3, 4, 3, stride=4), nn.ReLU(), nn.AdaptiveAvgPool2d(side), nn.Flatten())

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.layers(images)


def test_pretrained_encoder_scores_as_the_run_that_made_it(places, tmp_path):
    encoder = bench.pretrain("simclr", "brain_tumor", settings={"pretrain.epochs": 1}, **places)
    assert not encoder.training
    assert encoder(torch.zeros(2, 3, 48, 48)).pooled.shape == (2, 512)
    before = {k: v.clone() for k, v in encoder.state_dict().items()}
    record = bench.evaluate(encoder, "brain_tumor", "knn", name="mine", **places)
    run = bench.run("simclr", "brain_tumor", "knn", seeds=1, settings={"pretrain.epochs": 1}, **places).records[0]
    assert (record.method, record.backbone) == ("mine", "resnet18")
    assert record.metrics == run.metrics
    assert record.weights is not None
    assert "cannot be checked" in record.weights.corpus
    assert all(torch.equal(v, before[k]) for k, v in encoder.state_dict().items())


@pytest.mark.slow
def test_any_module_is_evaluated_by_its_embedding(places):
    torch.manual_seed(0)
    module = Tiny()
    frozen = bench.evaluate(module, "brain_tumor", "knn", **places)
    tuned = bench.evaluate(module, "brain_tumor", settings={"protocol.epochs": 1}, **places)
    assert (frozen.method, frozen.protocol, tuned.protocol) == ("tiny", "knn", "finetune")
    assert frozen.backbone == tuned.backbone
    assert bench.evaluate(module, "brain_tumor", "knn", **places).identity == frozen.identity
    with torch.no_grad():
        module.layers[0].weight.mul_(2.0)
    assert bench.evaluate(module, "brain_tumor", "knn", **places).identity != frozen.identity
    assert bench.evaluate(Tiny(3), "brain_tumor", "knn", **places).backbone != frozen.backbone


@pytest.mark.parametrize(
    ("module", "task", "message"),
    [
        (nn.Conv2d(3, 8, 3), "brain_tumor", r"maps images \(2, 3, 48, 48\) to \(2, 8, 46, 46\); expected embeddings"),
        (nn.Linear(7, 2), "brain_tumor", "does not take images of shape"),
        (Tiny(), "drive", "reads feature maps, and Tiny gives an embedding alone"),
    ],
)
def test_modules_that_cannot_be_evaluated(places, module, task, message):
    with pytest.raises(bench.BenchError, match=message):
        bench.evaluate(module, task, **{**places, "data_root": None})


def test_the_advice_of_that_error_works(places):
    pooled = nn.Sequential(nn.Conv2d(3, 8, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    assert bench.evaluate(pooled, "brain_tumor", "knn", **places).method == "sequential"


def test_encoders_are_loaded_and_exported(places, tmp_path):
    bench.pretrain("simclr", "brain_tumor", settings={"pretrain.epochs": 1}, **places)
    (file, *_) = sorted((places["cache"] / "checkpoints" / "simclr").rglob("encoder.safetensors"))
    encoder = bench.load_encoder(file)
    done = bench.export(file, "timm", tmp_path / "timm.safetensors")
    assert done.path.exists()
    assert encoder(torch.zeros(1, 3, 48, 48)).pooled.shape == (1, 512)
    assert file_hash(file)
    with pytest.raises(bench.BenchError, match="no such file"):
        bench.load_encoder(tmp_path / "none.pth")
