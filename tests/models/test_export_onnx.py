"""ONNX files of every family of encoders, run by onnxruntime, give torch's outputs for any batch size."""

import pytest
import torch
from torch import nn

from bench.core.errors import StorageError, UsageError
from bench.models.build import build_backbone
from bench.models.checkpoints import save_encoder
from bench.models.export import export
from bench.models.specs import BACKBONES, BackboneSpec, VisionTransformerShape

SIDE = 32
SHAPES = {
    "small_sam": ("sam", VisionTransformerShape(16, 4, 2, image_size=64)),
    "small_clip": ("vit", VisionTransformerShape(16, 4, 2, image_size=SIDE, clip=True, quick_gelu=True)),
    "small_vit": ("vit", VisionTransformerShape(8, 4, 2, image_size=48, layer_scale=True)),
}


@pytest.fixture
def checkpoint(tmp_path, monkeypatch):
    """A function: the name of a backbone -> (encoder with weights of its own, its checkpoint)."""
    small = {
        name: BackboneSpec(name, "", 4 * (32,), 4 * (shape.patch_size,), family=family, transformer=shape)
        for name, (family, shape) in SHAPES.items()
    }
    for module in ("bench.models.specs", "bench.models.weights.match"):
        monkeypatch.setattr(f"{module}.BACKBONES", {**BACKBONES, **small})

    def make(name):
        torch.manual_seed(3)
        backbone = build_backbone(name).eval()
        for parameter in (p for k, p in backbone.named_parameters() if "rel_pos" in k or k.startswith("pos_embed")):
            nn.init.normal_(parameter, std=0.5)
        save_encoder(tmp_path / "e.safetensors", backbone, {"backbone": name})
        return backbone, tmp_path / "e.safetensors"

    return make


@pytest.mark.slow
@pytest.mark.parametrize("name", ["resnet18", "small_sam", "small_clip", "small_vit"])
def test_onnxruntime_gives_torchs_outputs_for_any_batch(checkpoint, tmp_path, name):
    import onnxruntime

    backbone, path = checkpoint(name)
    done = export(path, "onnx", tmp_path / "e.onnx", image_size=SIDE)
    session = onnxruntime.InferenceSession(done.path, providers=["CPUExecutionProvider"])
    images = torch.randn(3, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(1))
    for batch in (images, images[:1]):
        embedding, feature_map = session.run(None, {"images": batch.numpy()})
        with torch.inference_mode():
            features = backbone(batch)
        assert torch.allclose(torch.from_numpy(embedding), features.pooled, atol=1e-4)
        assert torch.allclose(torch.from_numpy(feature_map), features.maps[-1], atol=1e-4)
    assert [o.name for o in session.get_outputs()] == ["embedding", "feature_map"]


def test_size_that_the_encoder_cannot_take_is_refused_before_the_export(checkpoint, tmp_path):
    _, path = checkpoint("small_sam")
    with pytest.raises(UsageError, match=r"small_sam takes .* multiples of 16 pixels; found 100 x 100.*--image-size"):
        export(path, "onnx", tmp_path / "e.onnx", image_size=100)
    assert not (tmp_path / "e.onnx").exists()


def test_graph_that_differs_is_not_written(checkpoint, tmp_path, monkeypatch):
    monkeypatch.setattr("bench.models.export.graph_bytes", lambda model, images: b"")
    monkeypatch.setattr("bench.models.export.graph_difference", lambda data, model, images: 0.2)
    _, path = checkpoint("small_vit")
    with pytest.raises(StorageError, match=r"differs from the encoder by 0\.2 .*nothing was written"):
        export(path, "onnx", tmp_path / "e.onnx", image_size=SIDE)
    assert not (tmp_path / "e.onnx").exists()
