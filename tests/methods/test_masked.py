"""MAE, SimMIM, iBOT: losses by the papers' equations, masks of the published ratio, encoders that see all patches."""

import math

import pytest
import torch
from torch.nn.functional import cross_entropy, log_softmax, softmax

from bench.core.errors import UsageError
from bench.core.method import Progress
from bench.core.registry import methods
from bench.engine.seeding import seeded
from bench.evaluation.health import health_of
from methods.masked.masks import random_blocks, random_cells, random_patches
from tests.methods.trained import START, built, encoder_of, pretraining, resumed, train, weights

MASKED = ("mae", "simmim", "ibot")


@pytest.fixture(scope="module")
def images():
    with seeded(3):
        return torch.randn(4, 3, 48, 48)


def loss_of(method, module, views):
    with seeded(5):
        return method.loss(module, views, START)


def patches_of(images, side):
    """Pixels (B, N, side * side * 3) of every patch, cut one by one."""
    steps = range(0, images.shape[-1], side)
    cut = [images[:, :, y : y + side, x : x + side].permute(0, 2, 3, 1).flatten(1) for y in steps for x in steps]
    return torch.stack(cut, dim=1)


def tokens_of(vit, images):
    """Embedded patches (B, N, D) with their positions, and the class token with its own (B, 1, D)."""
    patches = vit.patch_embed(images).flatten(1, 2) + vit.pos_embed[:, 1:]
    return patches, (vit.cls_token + vit.pos_embed[:, :1]).expand(len(images), -1, -1)


@pytest.mark.parametrize("norm_pixels", [True, False])
def test_mae_loss_is_the_error_of_hidden_patches_from_visible_ones(images, norm_pixels):
    method, module = built("mae", norm_pixels=norm_pixels)
    loss = loss_of(method, module, images)["loss"]
    with seeded(5):
        kept, hidden = random_patches(4, 6, 0.75)
    vit, decoder = module["backbone"], module["decoder"]
    patches, cls = tokens_of(vit, images)
    pixels, errors = patches_of(images, 8), []
    for i in range(4):  # image by image, patch by patch
        seen = vit.norm(vit.blocks(torch.cat([cls[i : i + 1], patches[i : i + 1, kept[i]]], 1)))
        whole = decoder.blocks.mask_token.repeat(1, 37, 1)
        embedded = decoder.embed(seen)[0]
        whole = whole.clone()
        whole[0, 0] = embedded[0]
        for place, token in zip(kept[i].tolist(), embedded[1:], strict=True):
            whole[0, 1 + place] = token
        decoded = decoder.blocks.norm(decoder.blocks.blocks(whole + decoder.blocks.pos_embed))
        for place in hidden[i].tolist():
            target = pixels[i, place]
            if norm_pixels:
                target = (target - target.mean()) / (target.var() + 1e-6).sqrt()
            errors.append((decoder.predict(decoded[0, 1 + place]) - target).square().mean())
    torch.testing.assert_close(loss, torch.stack(errors).mean(), rtol=1e-5, atol=1e-5)


def test_simmim_loss_is_the_absolute_error_of_hidden_pixels(images):
    method, module = built("simmim")
    loss = loss_of(method, module, images)["loss"]
    with seeded(5):
        mask = random_cells(4, 6, 2, 0.6)
    vit, patch = module["backbone"], module["predict"]
    embedded = vit.patch_embed(images).flatten(1, 2)
    shown = torch.where(mask[..., None], module["mask"]["token"], embedded) + vit.pos_embed[:, 1:]
    tokens = vit.norm(vit.blocks(torch.cat([tokens_of(vit, images)[1], shown], 1)))[:, 1:]
    errors = (patch(tokens) - patches_of(images, 8)).abs() * mask[..., None]  # Eq. 1 of the paper, L1
    torch.testing.assert_close(loss, errors.sum() / (mask.sum() * 3 * 64), rtol=1e-5, atol=1e-5)


def test_ibot_loss_is_that_of_class_tokens_over_pairs_and_of_hidden_patches(images):
    method, module = built("ibot", output_dim=32)
    views = [images, images.flip(3), images[:, :, :24, :24]]
    found = loss_of(method, module, views)
    with seeded(5):
        mask = random_blocks(8, 6, 0.5, 0.1, 0.5).flatten(1)
    vit, head, teacher = module["backbone"], module["head"], module["teacher"]
    both = torch.cat(views[:2])
    shown = torch.where(mask[..., None], module["hidden"].token, vit.patch_embed(both).flatten(1, 2))
    tokens = vit.norm(vit.blocks(torch.cat([tokens_of(vit, both)[1], shown + vit.pos_embed[:, 1:]], 1)))
    seen = teacher["backbone"].forward_features(both)
    students = [*head(tokens[:, 0]).chunk(2), head(vit(views[2]).pooled)]
    targets = [softmax(t / 0.04, -1) for t in teacher["head"](seen[:, 0]).chunk(2)]  # centres are 0 at first
    pairs = [(t, s) for t in range(2) for s in range(3) if t != s]
    of_class = torch.stack([cross_entropy(students[s] / 0.1, targets[t]) for t, s in pairs]).mean()
    per_view = []
    for i in range(8):
        wanted = softmax(teacher["head"](seen[i, 1:]) / 0.04, -1)
        each = -(wanted * log_softmax(head(tokens[i, 1:]) / 0.1, -1)).sum(-1)
        per_view.append((each * mask[i]).sum() / mask[i].sum().clamp(min=1))
    torch.testing.assert_close(found["class_loss"], of_class, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(found["patch_loss"], torch.stack(per_view).mean(), rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(found["loss"], found["class_loss"] + found["patch_loss"])
    found["loss"].backward()
    assert all(p.grad is None for p in teacher.parameters())
    assert module["hidden"].token.grad.abs().sum() > 0


def test_ibot_has_a_loss_where_no_patch_is_hidden(images):
    method, module = built("ibot", output_dim=32, masked_views=0)
    found = loss_of(method, module, [images, images])
    assert found["patch_loss"] == 0
    assert module["hidden"].criterion.center.value.abs().sum() == 0, "no centre of nothing"
    found["loss"].backward()


def test_ibot_temperature_warms_up_for_class_and_patches():
    _, module = built("ibot", output_dim=32, teacher_temperature=0.07, teacher_warmup_epochs=4)
    temperature = [module["hidden"].temperature(module["criterion"], epoch) for epoch in range(6)]
    assert temperature == pytest.approx([0.04, 0.05, 0.06, 0.07, 0.07, 0.07])


@pytest.mark.parametrize("step", [0, 9])
def test_ibot_teacher_is_the_closed_form(step):
    method, module = built("ibot", output_dim=32)
    with torch.no_grad():
        for p in (*module["backbone"].parameters(), *module["head"].parameters()):
            p.add_(1.0)
    before = {k: v.clone() for k, v in module["teacher"].state_dict().items()}
    method.after_step(module, Progress(step, 10, 0, 2))
    m = 1 - (1 - 0.99) * (math.cos(math.pi * step / 9) + 1) / 2
    for part in ("backbone", "head"):
        student = dict(module[part].named_parameters())
        for name, taught in module["teacher"][part].named_parameters():
            torch.testing.assert_close(taught, m * before[f"{part}.{name}"] + (1 - m) * student[name])


@pytest.mark.parametrize(("side", "ratio", "kept"), [(14, 0.75, 49), (6, 0.75, 9), (4, 0.75, 4), (14, 0.6, 78)])
def test_random_patches_have_exactly_the_ratio(side, ratio, kept):
    keep, hidden = random_patches(5, side, ratio)
    assert keep.shape == (5, kept)
    every = torch.cat([keep, hidden], dim=1).sort(dim=1).values
    assert torch.equal(every, torch.arange(side * side).expand(5, -1))
    assert not torch.equal(keep[0].sort().values, keep[1].sort().values)


@pytest.mark.parametrize(("side", "cell", "cells"), [(14, 2, 30), (6, 2, 6), (6, 1, 22), (4, 4, 1)])
def test_cells_have_exactly_the_ratio_rounded_up_and_are_whole(side, cell, cells):
    mask = random_cells(5, side, cell, 0.6)
    assert mask.sum(1).tolist() == 5 * [cells * cell * cell]
    blocks = mask.view(5, side // cell, cell, side // cell, cell).float()
    assert set(blocks.mean(dim=(2, 4)).flatten().tolist()) <= {0.0, 1.0}


def test_cells_that_do_not_fill_the_image_are_refused(images):
    message = r"4 x 4 patches do not fill images of 6 x 6 patches. Set method.mask_side"
    method, module = built("simmim", mask_side=32)
    with pytest.raises(UsageError, match=message):
        method.loss(module, images, START)
    for side in (8, 16, 24):  # a multiple of the patch that divides 48, as it says
        method, module = built("simmim", mask_side=side)
        method.loss(module, images, START)


def test_blocks_hide_half_of_the_views_and_a_tenth_to_half_of_their_patches():
    with seeded(0):
        mask = random_blocks(64, 14, 0.5, 0.1, 0.5).flatten(1)
    shares = mask.float().mean(1)
    assert int((shares > 0).sum()) == 32
    assert shares[shares > 0].max() <= 0.5
    assert 0.2 < float(shares[shares > 0].mean()) < 0.35, "evenly spread between both"
    assert random_blocks(8, 3, 0.5, 0.1, 0.5).shape == (8, 3, 3), "few patches"


@pytest.mark.parametrize(
    ("name", "wrong", "message"),
    [
        ("mae", {"decoder_dim": 96, "decoder_heads": 5}, "decoder_heads=5 does not divide decoder_dim=96"),
        ("ibot", {"mask_low": 0.6}, "mask_low=0.6 is larger than mask_high=0.5"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(name, wrong, message):
    with pytest.raises(ValueError, match=message):
        methods().get(name).config_class(**wrong)


@pytest.mark.parametrize("name", ["mae", "simmim"])
def test_visible_pixels_are_not_in_the_loss(images, name):
    """With a decoder that says 0, the loss is that of the hidden pixels, whatever the visible ones are."""
    method, module = built(name, **({"norm_pixels": False} if name == "mae" else {}))
    predict = module["decoder"].predict if name == "mae" else module["predict"]
    torch.nn.init.zeros_(predict.weight)
    torch.nn.init.zeros_(predict.bias)
    with seeded(5):
        hidden = random_patches(4, 6, 0.75)[1] if name == "mae" else random_cells(4, 6, 2, 0.6)
    if name == "mae":
        hidden = torch.zeros(4, 36, dtype=torch.bool).scatter_(1, hidden, True)
    pixels = hidden.view(4, 1, 6, 6).repeat_interleave(8, 2).repeat_interleave(8, 3).expand(-1, 3, -1, -1)
    changed = torch.where(pixels, images, images + 100)
    first, second = (loss_of(method, module, x)["loss"] for x in (images, changed))
    power = 2 if name == "mae" else 1
    torch.testing.assert_close(first, images[pixels].abs().pow(power).mean())
    torch.testing.assert_close(second, first)


@pytest.mark.parametrize(("name", "trained_on"), [("mae", 1 + 9), ("simmim", 1 + 36), ("ibot", 1 + 36)])
def test_the_encoder_that_is_evaluated_sees_all_patches(images, name, trained_on):
    method, module = built(name)
    encoder = method.encoder(module)
    counts = []
    for part in {id(p): p for p in (module["backbone"], encoder)}.values():
        part.blocks[0].register_forward_pre_hook(lambda _, args: counts.append(args[0].shape[1]))
    views = [images, images] if name == "ibot" else images
    loss_of(method, module, views)
    assert trained_on in counts
    counts.clear()
    plain = type(encoder).forward(encoder, images).pooled
    assert counts == [1 + 36]
    torch.testing.assert_close(plain, encoder.forward_features(images)[:, 0])


def test_images_that_are_no_whole_patches_are_refused():
    images = torch.randn(2, 3, 44, 44)
    for name in ("mae", "simmim"):
        method, module = built(name)
        with pytest.raises(UsageError, match=r"44 pixels are no whole patches of 8.*image_size=40 or 48"):
            method.loss(module, images, START)
        method.loss(module, torch.randn(2, 3, 48, 48), START)
    method, module = built("ibot", output_dim=32)
    method.loss(module, [images, images], START)  # restores none


@pytest.mark.slow
@pytest.mark.parametrize("name", MASKED)
def test_a_short_training_lowers_the_loss_and_does_not_collapse(name):
    run = pretraining(name, epochs=12)
    losses = train(run, 12).of("patch_loss" if name == "ibot" else "loss")
    assert sum(losses[-6:]) < 0.97 * sum(losses[:6])
    images = torch.stack([run.dataset[i] if name != "ibot" else run.dataset[i][0] for i in range(16)])
    with torch.inference_mode():
        assert health_of(encoder_of(run)(images).pooled).effective_rank > 4


@pytest.mark.parametrize("name", ["mae", *(pytest.param(name, marks=pytest.mark.slow) for name in MASKED[1:])])
def test_resumed_equals_uninterrupted(name):
    whole = pretraining(name)
    train(whole, 2)
    other = weights(resumed(name))
    assert all(torch.equal(v, other[k]) for k, v in weights(whole).items())


@pytest.mark.slow
@pytest.mark.parametrize("name", MASKED)
def test_masks_do_not_depend_on_workers(name):
    runs = [pretraining(name, workers=workers, epochs=1) for workers in (0, 2)]
    for run in runs:
        train(run, 1)
    assert all(torch.equal(v, weights(runs[1])[k]) for k, v in weights(runs[0]).items())
