"""Exported encoders, loaded by the programs they are for, give the same embedding."""

import json

import pytest
import safetensors.torch
import timm
import torch
import torchvision
from torch import nn

from bench.core.errors import UsageError
from bench.models.build import build_backbone
from bench.models.checkpoints import load_encoder, save_encoder
from bench.models.export import TIMM_MODELS, export, renamed, to_torchvision
from bench.models.specs import BackboneSpec, VisionTransformerShape
from bench.models.vit import ViTBackbone
from bench.models.weights.layouts import find_layout, translate


@pytest.fixture(scope="module")
def images():
    return torch.randn(2, 3, 48, 48, generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory):
    """Backbone name -> (encoder, its checkpoint)."""
    made = {}
    for name in ("resnet18", "vit_tiny_8"):
        torch.manual_seed(3)
        backbone = build_backbone(name).eval()
        path = tmp_path_factory.mktemp(name) / "encoder.safetensors"
        save_encoder(path, backbone, {"method": "simclr", "backbone": name, "identity": "i"})
        made[name] = backbone, path
    return made


@torch.inference_mode()
def test_torchvision_loads_it(checkpoints, images, tmp_path):
    backbone, path = checkpoints["resnet18"]
    done = export(path, "torchvision", tmp_path / "r18.pth")
    model = torchvision.models.resnet18()
    model.fc = nn.Identity()
    model.load_state_dict(torch.load(done.path, weights_only=True), strict=True)
    assert torch.allclose(model.eval()(images), backbone(images).pooled, atol=1e-6)
    assert "torchvision.models.resnet18()" in done.loading


def test_torchvisions_names_of_the_base_transformer_go_there_and_back():
    with torch.device("meta"):
        state = build_backbone("vit_b_16").state_dict()
        theirs = torchvision.models.vit_b_16(weights=None)
        theirs.heads = nn.Identity()
    exported = to_torchvision(state, "vit_b_16")
    assert {k: v.shape for k, v in exported.items()} == {k: v.shape for k, v in theirs.state_dict().items()}
    back = translate(exported, find_layout(exported))
    assert all(back[k] is v for k, v in state.items())


@torch.inference_mode()
@pytest.mark.parametrize("name", ["resnet18", "vit_tiny_8"])
def test_timm_loads_it(checkpoints, images, tmp_path, name):
    backbone, path = checkpoints[name]
    done = export(path, "timm", tmp_path / "timm.safetensors")
    model, arguments = TIMM_MODELS[name]
    network = timm.create_model(model, num_classes=0, checkpoint_path=str(done.path), **arguments).eval()
    assert torch.allclose(network(images), backbone(images).pooled, atol=1e-5)


def test_safetensors_are_read_by_others_and_by_this_harness(checkpoints, tmp_path):
    backbone, path = checkpoints["vit_tiny_8"]
    done = export(path, "safetensors", tmp_path / "copy.safetensors")
    tensors = safetensors.torch.load_file(done.path)
    assert all(torch.equal(v, tensors[k]) for k, v in backbone.state_dict().items())
    fresh = build_backbone("vit_tiny_8")
    provenance = load_encoder(done.path, fresh)
    assert (provenance["method"], provenance["backbone"]) == ("simclr", "vit_tiny_8")
    assert provenance["exported_from"]["encoder_sha256"]


@torch.inference_mode()
def test_torchvision_loads_a_small_transformer_and_gives_the_same_embedding(images):
    shape = VisionTransformerShape(8, 2, 3, image_size=48)
    torch.manual_seed(2)
    backbone = ViTBackbone(BackboneSpec("small", "", 4 * (48,), 4 * (8,), family="vit", transformer=shape)).eval()
    nn.init.normal_(backbone.cls_token)
    model = torchvision.models.VisionTransformer(48, 8, num_layers=2, num_heads=3, hidden_dim=48, mlp_dim=192)
    model.heads = nn.Identity()
    model.load_state_dict(renamed(backbone.state_dict()), strict=True)
    assert torch.allclose(model.eval()(images), backbone(images).pooled, atol=1e-5)


def test_what_cannot_be_exported_is_said(checkpoints, tmp_path, bench, monkeypatch):
    _, path = checkpoints["vit_tiny_8"]
    with pytest.raises(UsageError, match="torchvision has no vit_tiny_8; it has resnet18"):
        export(path, "torchvision", tmp_path / "x")
    with pytest.raises(UsageError, match=r"is the checkpoint itself. Name another file with --output"):
        export(path, "safetensors", path)
    monkeypatch.setattr("bench.models.export.find_spec", lambda name: None)
    with pytest.raises(
        UsageError, match=r"need onnx, onnxscript, onnxruntime: pip install 'medical-ssl-bench\[export\]'"
    ):
        export(path, "onnx", tmp_path / "x")
    assert not (tmp_path / "x").exists()
    done = bench("export", path, "--format", "timm", "--backbone", "vit_b_16")
    assert (done.code, "says that it is vit_tiny_8, and vit_b_16 was asked for" in done.err) == (2, True)
    done = bench("export", path, "--format", "tim")
    assert (done.code, "Unknown form 'tim'. Did you mean 'timm'" in done.err) == (2, True)
    assert bench("export", tmp_path / "none", "--format", "timm").code == 2


def test_command_says_how_to_load_the_file(checkpoints, bench, tmp_path):
    _, path = checkpoints["resnet18"]
    done = bench("export", path, "--format", "timm", "--output", tmp_path / "x.safetensors")
    assert done.code == 0, done.err
    assert "timm.create_model('resnet18', num_classes=0, checkpoint_path='x.safetensors')" in done.out
    done = bench("export", path, "--format", "timm", "--output", tmp_path / "x.safetensors", "--json")
    assert json.loads(done.out)["backbone"] == "resnet18"


def test_a_librarys_model_is_exported_for_its_library(tmp_path):
    torch.manual_seed(0)
    encoder = build_backbone("timm:test_vit4").eval()
    save_encoder(tmp_path / "e.safetensors", encoder, {"backbone": "timm:test_vit4"})
    done = export(tmp_path / "e.safetensors", "timm", tmp_path / "t.safetensors")
    assert done.loading == "timm.create_model('test_vit4', num_classes=0, checkpoint_path='t.safetensors')"
    theirs = timm.create_model("test_vit4", num_classes=0, checkpoint_path=str(tmp_path / "t.safetensors")).eval()
    images = torch.randn(1, 3, 160, 160)
    with torch.inference_mode():
        assert torch.allclose(theirs(images), encoder(images).pooled, atol=1e-5)
    name = "torchvision:shufflenet_v2_x0_5"
    save_encoder(tmp_path / "s.safetensors", build_backbone(name), {"backbone": name})
    with pytest.raises(UsageError, match="torchvision builds torchvision:shufflenet_v2_x0_5, not timm"):
        export(tmp_path / "s.safetensors", "timm")
    with pytest.raises(UsageError, match="torchvision's own names already"):
        export(tmp_path / "s.safetensors", "torchvision")
