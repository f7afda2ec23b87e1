"""Vision transformers as backbones: the contract, pretraining with every method, dense heads."""

from dataclasses import replace
from functools import partial

import pytest
import torch
from timm.models.vision_transformer import VisionTransformer
from torch import nn

from bench.core.console import Report
from bench.core.errors import UsageError
from bench.core.registry import methods
from bench.engine.compute import Compute
from bench.models.build import build_backbone
from bench.models.specs import BACKBONES, BackboneSpec, VisionTransformerShape
from bench.models.vit import CLIP_MEAN, CLIP_STD, SAMBackbone, ViTBackbone
from bench.pretraining.loop import Pretraining, pretrain
from bench.pretraining.settings import PretrainSettings
from bench.runs.world import World
from tasks.brain_tumor import BRAIN_TUMOR
from tasks.kinds.feature_pyramid import PyramidBackbone, SimpleFeaturePyramid
from tasks.kinds.segmentation.transunet import TransUNetHead
from tasks.kinds.segmentation.unet import UNetHead

REPORT = Report(quiet=True)


CHANNELS = (32, 24, 16, 16, 16)


def small(patch=16, image_size=64, family="vit", **changes):
    """A transformer of two blocks a quarter as wide, with the shape of a declared one."""
    shape = VisionTransformerShape(patch, 4, 2, image_size=image_size, **changes)
    spec = BackboneSpec("small", "", 4 * (32,), 4 * (patch,), family=family, transformer=shape)
    torch.manual_seed(0)
    return (SAMBackbone if family == "sam" else ViTBackbone)(spec)


@pytest.mark.parametrize(("name", "n_parameters"), [("vit_b_16", 85_798_656), ("vit_b_16_sam", 88_883_456)])
def test_published_sizes(name, n_parameters):
    with torch.device("meta"):
        backbone = build_backbone(name)
    assert sum(p.numel() for p in backbone.parameters()) == n_parameters
    assert (backbone.channels, backbone.strides) == (BACKBONES[name].channels, BACKBONES[name].strides)


@pytest.mark.parametrize(
    ("backbone", "size"),
    [
        (lambda: build_backbone("vit_tiny_8"), (48, 48)),
        (lambda: build_backbone("vit_tiny_8"), (32, 64)),
        (lambda: small(14, layer_scale=True), (56, 28)),
        (lambda: small(clip=True), (64, 64)),
        (lambda: small(clip=True, quick_gelu=True), (64, 64)),
        (lambda: small(family="sam"), (64, 96)),
    ],
)
def test_maps_and_embedding_have_the_declared_sizes(backbone, size):
    encoder = backbone().eval()
    features = encoder(torch.randn(2, 3, *size))
    expected = [(2, c, size[0] // s, size[1] // s) for c, s in zip(encoder.channels, encoder.strides, strict=True)]
    assert [tuple(m.shape) for m in features.maps] == expected
    assert features.pooled.shape == (2, encoder.embedding_dim)
    assert features.stem is None
    assert len({float(m.detach().sum()) for m in features.maps}) == 4, "four depths"


@torch.inference_mode()
def test_embedding_is_timms_class_token_and_sams_is_the_mean():
    encoder = small().eval()
    images = torch.randn(2, 3, 64, 64)
    features = encoder(images)
    assert torch.allclose(features.pooled, VisionTransformer.forward(encoder, images), atol=1e-6)
    normed = VisionTransformer.forward_features(encoder, images)[:, 1:]
    assert torch.allclose(features.maps[-1].flatten(2).mT, normed, atol=1e-6)
    sam = small(family="sam").eval()
    features = sam(images)
    assert torch.allclose(features.pooled, features.maps[-1].mean((2, 3)))


@pytest.mark.parametrize(
    ("size", "choices"), [((64, 100), "96 or 112"), ((100, 64), "96 or 112"), ((8, 16), "16 or 32")]
)
def test_sam_says_which_sizes_it_takes(size, choices):
    encoder = small(family="sam")
    message = (
        rf"small takes images whose sides are multiples of 16 pixels; found {size[0]} x {size[1]}\. Choose {choices}"
    )
    with pytest.raises(UsageError, match=message):
        encoder(torch.randn(1, 3, *size))


def test_clip_sees_its_own_normalisation():
    encoder = small(clip=True)
    pixels = torch.rand(1, 3, 4, 4)
    mean, std = (torch.tensor(v)[:, None, None] for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    wanted = (pixels - torch.tensor(CLIP_MEAN)[:, None, None]) / torch.tensor(CLIP_STD)[:, None, None]
    assert torch.allclose((pixels - mean) / std * encoder.pixel_scale + encoder.pixel_shift, wanted, atol=1e-5)
    assert not [k for k in encoder.state_dict() if k.startswith("pixel")]


@pytest.mark.parametrize("name", ["simclr", "byol", "dino", "lvmmed"])
def test_every_method_pretrains_a_transformer(phantom_root, tmp_path, name):
    corpus = World(phantom_root, REPORT).corpus("pool", BRAIN_TUMOR, 0)
    cls = methods().get(name)
    settings = PretrainSettings(epochs=1, batch_size=16, image_size=32, init="random")
    method = cls(cls.config_class(**cls.quick))
    few = replace(corpus, images=corpus.images[:16])
    run = Pretraining(method, "vit_tiny_8", few, settings, 0, Compute("cpu", 0))
    encoder = method.encoder(run.module)
    assert isinstance(encoder, ViTBackbone)
    student = run.module.get_submodule("backbone")
    before = {k: v.clone() for k, v in student.state_dict().items()}
    pretrain(run, tmp_path, "id", {}, REPORT)
    still = [k for k, v in student.state_dict().items() if torch.equal(v, before[k])]
    assert still == [], "every tensor of the encoder learns"


def test_lvmmed_projects_the_base_transformer_to_128():
    cls = methods().get("lvmmed")
    with torch.device("meta"):
        module = cls(cls.config_class()).build(build_backbone("vit_b_16"))
    assert [tuple(p.shape) for p in module.projector.parameters()] == [(128, 768), (128,)]


@pytest.mark.parametrize(("patch", "family"), [(16, "vit"), (8, "vit"), (14, "vit"), (16, "sam")])
def test_pyramid_has_the_strides_of_a_resnet(patch, family):
    backbone = PyramidBackbone(small(patch, family=family), out_channels=24)
    features = backbone(torch.randn(2, 3, 64, 96))
    assert backbone.strides == (4, 8, 16, 32)
    assert [tuple(m.shape) for m in features.maps] == [(2, 24, 64 // s, 96 // s) for s in backbone.strides]
    assert features.pooled.shape == (2, backbone.embedding_dim)
    sum(m.sum() for m in features.maps).backward()
    unused = [k for k, p in backbone.pyramid.named_parameters() if p.grad is None]
    assert unused == []
    with pytest.raises(UsageError, match=r"one stride; this backbone has \(4, 8, 16, 32\)"):
        SimpleFeaturePyramid(build_backbone("resnet18"))


@pytest.mark.parametrize("patch", [8, 16])
def test_transunet_uses_every_map_and_gives_full_resolution(patch):
    backbone = small(patch)
    head = TransUNetHead(backbone, 3, CHANNELS).eval()
    features = backbone(torch.randn(2, 3, 64, 96))
    output = head(features)
    assert output.shape == (2, 3, 64, 96)
    used = range(4) if patch == 16 else range(1, 4)
    for k in range(4):
        maps = [m * 0 if i == k else m for i, m in enumerate(features.maps)]
        assert torch.equal(head(features._replace(maps=maps)), output) == (k not in used)
    with pytest.raises(UsageError, match=r"strides \(4, 8, 16, 32\)\. Choose vit_b_16"):
        TransUNetHead(build_backbone("resnet18"), 3, CHANNELS)
    with pytest.raises(UsageError, match=r"\(14, 14, 14, 14\)"):
        TransUNetHead(small(14), 3, CHANNELS)


@pytest.mark.parametrize("head", ["transunet", "unet"])
def test_dense_heads_of_a_transformer_learn_a_square(head):
    backbone = small()
    torch.manual_seed(1)
    build = TransUNetHead if head == "transunet" else lambda b, n, c: UNetHead(b, n, head, c)
    model = build(backbone, 1, CHANNELS)
    images = torch.zeros(2, 3, 32, 32)
    images[0, :, 8:24, 8:24] = images[1, :, :16, 16:] = 2.0
    target = (images[:, :1] > 0).float()
    parameters = [*model.parameters(), *backbone.parameters()]
    optimizer = torch.optim.Adam(parameters, lr=3e-3)
    losses = []
    for _ in range(10):
        loss = nn.functional.binary_cross_entropy_with_logits(model(backbone(images)), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.6 * losses[0]


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
