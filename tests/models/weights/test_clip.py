"""CLIP's two activations: the same names and shapes, another output, so a person chooses and is told so."""

from functools import partial

import pytest
import timm
import torch
from timm.models.vision_transformer import VisionTransformer

from bench.core.console import Report
from bench.core.registry import methods
from bench.models.build import build_backbone
from bench.models.export import TIMM_MODELS
from bench.models.specs import BackboneSpec, VisionTransformerShape
from bench.models.vit import ViTBackbone
from bench.models.weights.contestants import register_checkpoints
from bench.models.weights.facts import file_facts
from bench.models.weights.match import own_shapes
from bench.models.weights.method import load_weights
from bench.models.weights.sources import WeightsEntry, parse_checkpoints
from tests.models.weights.files import RELEASED

NAMES = ("vit_b_16_clip", "vit_b_16_openclip")


@pytest.fixture
def clip_file(tmp_path):
    torch.save(RELEASED["clip.pt"][0](), tmp_path / "clip.pt")
    return tmp_path / "clip.pt"


@torch.inference_mode()
def test_activations_give_timms_outputs_and_differ():
    pixels = torch.randn(2, 3, 32, 32)
    outputs = []
    for quick in (True, False):
        shape = VisionTransformerShape(16, 2, 2, image_size=32, clip=True, quick_gelu=quick)
        torch.manual_seed(1)
        ours = ViTBackbone(BackboneSpec("small", "", 4 * (32,), 4 * (16,), family="vit", transformer=shape)).eval()
        for block in ours.blocks:
            block.mlp.fc1.weight.mul_(20)
            block.mlp.fc2.weight.mul_(20)
        theirs = VisionTransformer(
            32, 16, embed_dim=32, depth=2, num_heads=2, num_classes=0, pre_norm=True,
            norm_layer=partial(torch.nn.LayerNorm, eps=1e-5), act_layer="quick_gelu" if quick else "gelu",
        ).eval()  # fmt: skip
        theirs.load_state_dict(ours.state_dict(), strict=True)
        outputs.append(ours(pixels).pooled)
        assert torch.allclose(outputs[-1], theirs(pixels * ours.pixel_scale + ours.pixel_shift), atol=1e-5)
    assert not torch.allclose(outputs[0], outputs[1], atol=1e-4)


def test_both_have_the_same_names_and_each_has_timms_activation():
    assert own_shapes(NAMES[0]) == own_shapes(NAMES[1])
    activations = []
    for name in NAMES:
        with torch.device("meta"):
            theirs = timm.create_model(TIMM_MODELS[name][0], num_classes=0).blocks[0].mlp.act
            activations.append(type(build_backbone(name).blocks[0].mlp.act))
        assert activations[-1] is type(theirs)
    assert activations[0] is not activations[1]


def test_unnamed_activation_is_told_and_a_named_one_is_taken_silently(clip_file, tmp_path, capfd):
    default = load_weights(WeightsEntry(name="c", file=clip_file))
    assert default.match.backbone == "vit_b_16_clip"
    (notice,) = default.notices
    assert "clip.pt does not say which activation" in notice
    assert 'backbone = "vit_b_16_openclip" in a TOML entry' in notice
    for name in NAMES:
        asked = load_weights(WeightsEntry(name="c", file=clip_file), name)
        assert (asked.match.backbone, asked.notices) == (name, [])
    (tmp_path / "w.toml").write_text('[c]\nfile = "clip.pt"\nbackbone = "vit_b_16_openclip"\n')
    (entry,) = parse_checkpoints([str(tmp_path / "w.toml")], "resnet18")
    assert load_weights(entry).match.backbone == "vit_b_16_openclip"


def test_notice_is_printed_where_files_are_opened(clip_file, capfd, monkeypatch):
    monkeypatch.setattr("bench.models.weights.facts.load_into", lambda backbone, loaded: loaded.record)
    assert "--backbone vit_b_16_openclip" in " ".join(file_facts(clip_file)["notices"])
    try:
        register_checkpoints([f"a={clip_file}"], None, "resnet18", Report())
        assert "Warning: clip.pt does not say which activation" in capfd.readouterr().err
        register_checkpoints([f"b={clip_file}"], "vit_b_16_openclip", "resnet18", Report())
        assert "Warning" not in capfd.readouterr().err
        assert [methods().get(n).backbones for n in "ab"] == [("vit_b_16_clip",), ("vit_b_16_openclip",)]
    finally:
        methods.cache_clear()


def test_other_files_have_no_notice(tmp_path):
    torch.save(RELEASED["torchvision_r18.pth"][0](), tmp_path / "r18.pth")
    assert load_weights(WeightsEntry(name="r", file=tmp_path / "r18.pth")).notices == []
