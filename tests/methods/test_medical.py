"""Models Genesis and VoCo in 2D: deformations and labels as published, losses by their formulas, no collapse."""

import math

import numpy as np
import pytest
import torch
from PIL import Image

from bench.core.method import Progress
from bench.engine.seeding import seeded
from bench.evaluation.health import health_of
from methods.medical import deform
from methods.medical.position import PositionCrops, discrepancy_loss, overlaps, position_losses
from tests.methods.trained import START, built, encoder_of, pretraining, resumed, train, weights

MEDICAL = ("genesis", "voco")
RAMP = np.arange(64 * 48 * 3, dtype=np.uint32).reshape(64, 48, 3)
PIXELS = (RAMP * 7 % 251).astype(np.uint8)


def generator(seed=0):
    return np.random.default_rng(seed)


def test_a_flip_turns_along_an_axis_and_never_happens_at_none():
    assert np.array_equal(deform.flip(PIXELS, 0.0, generator()), PIXELS)
    seen = {deform.flip(PIXELS, 1.0, generator(seed)).tobytes() for seed in range(20)}
    turned = [PIXELS[::-1], PIXELS[:, ::-1]]  # three flips along either axis leave one or the other
    assert seen == {np.ascontiguousarray(x).tobytes() for x in turned}


@pytest.mark.parametrize("seed", range(6))
def test_recolouring_is_one_monotone_curve_through_both_ends(seed):
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16, 1).repeat(3, axis=2)
    curve = deform.recolour(levels, generator(seed))[..., 0].flatten().astype(int)
    steps = np.diff(curve)
    assert (steps >= 0).all() or (steps <= 0).all()
    assert {curve[0], curve[-1]} == {0, 255}


def test_recolouring_follows_the_bezier_curve():
    """A cubic Bezier curve by de Casteljau's construction, as a table of levels."""
    for seed in range(4):
        random = generator(seed)
        points = np.vstack([[0, 0], random.random((2, 2)), [1, 1]])
        falls = random.random() >= 0.5
        curve = []
        for t in np.linspace(0, 1, 400):
            level = points
            while len(level) > 1:
                level = (1 - t) * level[:-1] + t * level[1:]
            curve.append(level[0])
        x, y = np.sort(np.array(curve), axis=0).T
        wanted = np.interp(np.arange(256) / 255, x, y[::-1] if falls else y) * 255
        levels = np.arange(256, dtype=np.uint8).reshape(16, 16, 1).repeat(3, axis=2)
        found = deform.recolour(levels, generator(seed))[..., 0].flatten().astype(float)
        assert np.abs(found - wanted).max() <= 1.5


def test_shuffled_windows_keep_colours_together_and_cover_the_image_as_often_as_published():
    shuffled = deform.shuffle_windows(PIXELS, generator())
    known = {tuple(p) for p in PIXELS.reshape(-1, 3).tolist()}
    assert all(tuple(p) in known for p in shuffled.reshape(-1, 3).tolist())
    assert 0.4 < float((shuffled != PIXELS).any(2).mean()) < 0.95
    published = 10000 * 3.5 * 3.5 * 2 / (64 * 64 * 32)  # windows of 1 to 6, 1 to 6 and 1 to 3 voxels
    assert pytest.approx(published, abs=0.01) == deform.COVERAGE
    far = np.abs(shuffled.astype(int) - PIXELS).max()
    assert far > 0


def test_painting_inside_leaves_most_of_an_image_and_outside_leaves_windows():
    inside = [np.mean((deform.paint_inside(PIXELS, generator(s)) == PIXELS).all(2)) for s in range(20)]
    outside = [np.mean((deform.paint_outside(PIXELS, generator(s)) == PIXELS).all(2)) for s in range(20)]
    assert min(inside) > 0.4
    assert min(outside) > 0.15
    assert max(outside) < 0.9
    assert np.mean(inside) > np.mean(outside)
    for painted in (deform.paint_outside(PIXELS, generator(1)), deform.paint_inside(PIXELS, generator(1))):
        noise = painted[(painted != PIXELS).any(2)]
        assert (noise == noise[:, :1]).all(), "the same in all colours"
        border = (painted == PIXELS).all(2)[:3]
        assert border.mean() in (0, 1) or border.mean() < 0.1


def test_a_pair_of_genesis_is_one_crop_deformed_and_whole():
    method, _ = built("genesis", nonlinear_rate=0, shuffle_rate=0, paint_rate=0)
    image = Image.effect_noise((90, 120), 60).convert("RGB")
    mean, std = (torch.tensor(v)[:, None, None] for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    with seeded(1):
        same = method.view_transform(32)(image)
    torch.testing.assert_close(same["image"] * std + mean, same["target"], atol=1e-5, rtol=0)
    assert same["target"].min() >= 0
    assert same["target"].max() <= 1
    method, _ = built("genesis", nonlinear_rate=1, shuffle_rate=0, paint_rate=0, flip_rate=0)
    with seeded(1):
        changed = method.view_transform(32)(image)
    assert changed["target"].sort().values.shape == same["target"].shape
    assert not torch.allclose(changed["image"] * std + mean, changed["target"], atol=0.02)


@pytest.mark.parametrize("backbone", ["resnet18", "vit_tiny_8"])
def test_genesis_restores_the_size_of_the_image_from_all_maps(backbone):
    method, module = built("genesis", backbone)
    views = {"image": torch.randn(2, 3, 48, 48), "target": torch.rand(2, 3, 48, 48)}
    loss = method.loss(module, views, START)["loss"]
    features = module["backbone"](views["image"])
    restored = module["decoder"](features, 48)
    assert restored.shape == (2, 3, 48, 48)
    assert 0 <= float(restored.detach().min()) <= float(restored.detach().max()) <= 1
    torch.testing.assert_close(loss, ((restored - views["target"]) ** 2).mean(), rtol=1e-5, atol=1e-5)
    restored.sum().backward()
    unused = [k for k, p in module["decoder"].named_parameters() if p.grad is None]
    assert unused == []
    for level in range(4):
        maps = [m.clone() for m in features.maps]
        maps[level] += 1
        assert not torch.allclose(module["decoder"](features._replace(maps=maps), 48), restored), level


def test_overlaps_are_shares_of_area():
    corners = torch.tensor([[0.0, 0.0], [0.125, 0.0], [0.75, 0.75], [0.3, 0.45]])
    shares = overlaps(corners, 4).view(4, 4, 4)
    assert shares[0, 0, 0] == 1
    assert (shares[1, 0, 0], shares[1, 1, 0]) == (0.5, 0.5)
    assert shares[2, 3, 3] == 1
    torch.testing.assert_close(shares.sum((1, 2)), torch.ones(4))
    top, left = 0.3, 0.45
    for row in range(4):  # areas of rectangles, one by one
        for column in range(4):
            high = max(0.0, min(top, row / 4) + 0.25 - max(top, row / 4))
            wide = max(0.0, min(left, column / 4) + 0.25 - max(left, column / 4))
            assert float(shares[3, row, column]) == pytest.approx(high * wide * 16, abs=1e-5)


def test_crops_are_where_their_labels_say():
    """Every cell of an image has a colour of its own; the mean of a crop is that of its overlaps."""
    cells = np.random.default_rng(0).integers(0, 256, (3, 3, 3)).astype(np.uint8)
    image = Image.fromarray(cells.repeat(40, 0).repeat(40, 1))
    mean, std = (torch.tensor(v) for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    drawn = PositionCrops(24, 3, 4)
    for seed in range(8):
        with seeded(seed):
            views = drawn(image)
        assert (len(views["bases"]), len(views["crops"]), views["overlaps"].shape) == (9, 4, (4, 9))
        colours = torch.from_numpy(cells).float().div(255).reshape(9, 3)
        for crop, wanted in zip(views["crops"], views["overlaps"] @ colours, strict=True):
            assert (crop.mean((1, 2)) * std + mean - wanted).abs().max() < 0.12  # brightness may have changed by 0.1
        for base, wanted in zip(views["bases"], colours, strict=True):
            assert (base.mean((1, 2)) * std + mean - wanted).abs().max() < 0.12


def test_voco_losses_are_the_authors_formula():
    """`ce_loss` and `regularization_loss` of the authors' models/voco_head.py, written out image by image."""
    with seeded(2):
        predicted, wanted, bases = (
            torch.rand(3, 2, 4),
            overlaps(0.5 * torch.rand(6, 2), 2).view(3, 2, 4),
            torch.randn(3, 4, 8),
        )
    near, far = position_losses(predicted, wanted)
    positive, negative, unlike = [], [], []
    for i in range(3):
        terms = [(float(w), float(p)) for w, p in zip(wanted[i].flatten(), predicted[i].flatten(), strict=True)]
        positive.append(sum(-w * math.log(1 - abs(w - p) + 1e-6) for w, p in terms) / (sum(w for w, _ in terms) + 1e-6))
        zeros = [p for w, p in terms if w == 0]
        negative.append(sum(p * p for p in zeros) / (len(zeros) + 1e-6))
        pairs = [(a, b) for a in range(4) for b in range(a + 1, 4)]
        cosines = [float(torch.cosine_similarity(bases[i, a], bases[i, b], dim=0)) for a, b in pairs]
        unlike.append(sum(max(c, 0) ** 2 for c in cosines) / len(pairs))
    assert float(near) == pytest.approx(np.mean(positive), abs=1e-5)
    assert float(far) == pytest.approx(np.mean(negative), abs=1e-5)
    assert float(discrepancy_loss(bases)) == pytest.approx(np.mean(unlike), abs=1e-5)


def test_voco_predicts_with_both_sides_of_the_teacher():
    method, module = built("voco")
    with torch.no_grad():
        for p in module["teacher"]["head"].parameters():
            p.mul_(0.5).add_(0.01)
    with seeded(4):
        images = [torch.randn(4, 3, 32, 32) for _ in range(6)]
    views = {"crops": images[:2], "bases": images[2:], "overlaps": torch.rand(4, 2, 4)}
    loss = method.loss(module, views, START)["loss"]
    z, t = (e["head"](e["backbone"](torch.cat(images)).pooled).view(6, 4, -1) for e in (module, module["teacher"]))
    predicted = torch.zeros(4, 2, 4)
    for image in range(4):
        for crop in range(2):
            for base in range(4):
                one = torch.cosine_similarity(z[crop, image], t[2 + base, image], dim=0).clamp(min=0)
                two = torch.cosine_similarity(t[crop, image], z[2 + base, image], dim=0).clamp(min=0)
                predicted[image, crop, base] = (one + two) / 2
    wanted = sum(position_losses(predicted, views["overlaps"])) + discrepancy_loss(z[2:].transpose(0, 1))
    torch.testing.assert_close(loss, wanted, rtol=1e-5, atol=1e-5)
    loss.backward()
    assert all(p.grad is None for p in module["teacher"].parameters())
    assert method.encoder(module) is module["backbone"]


def test_voco_teacher_is_the_closed_form():
    method, module = built("voco", momentum=0.9)
    with torch.no_grad():
        for part in ("backbone", "head"):
            for p in module[part].parameters():
                p.add_(1.0)
    before = {k: v.clone() for k, v in module["teacher"].named_parameters()}
    method.after_step(module, Progress(3, 10, 0, 2))
    students = {f"{part}.{k}": v for part in ("backbone", "head") for k, v in module[part].named_parameters()}
    for name, taught in module["teacher"].named_parameters():
        torch.testing.assert_close(taught, 0.9 * before[name] + 0.1 * students[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", MEDICAL)
def test_a_short_training_lowers_the_loss_and_does_not_collapse(name):
    """On one batch: where a crop lies in images of noise and waves cannot be learnt from others."""
    run = pretraining(name)
    views = torch.utils.data.default_collate([run.dataset[i] for i in range(8)])
    optimizer = torch.optim.Adam([p for p in run.module.parameters() if p.requires_grad], 1e-3)
    losses = []
    for step in range(20):
        losses.append(run.method.loss(run.module, views, Progress(step, 20, 0, 1))["loss"])
        optimizer.zero_grad()
        losses[-1].backward()
        optimizer.step()
        run.method.after_step(run.module, Progress(step + 1, 20, 0, 1))
    assert float(losses[-1].detach()) < 0.8 * float(losses[0].detach())
    with torch.inference_mode():
        embeddings = encoder_of(run)(views["image"] if name == "genesis" else views["crops"][0]).pooled
        assert health_of(embeddings).effective_rank > 3


@pytest.mark.slow
@pytest.mark.parametrize("name", MEDICAL)
def test_resumed_equals_uninterrupted(name):
    whole = pretraining(name)
    train(whole, 2)
    other = weights(resumed(name))
    assert all(torch.equal(v, other[k]) for k, v in weights(whole).items())


@pytest.mark.slow
@pytest.mark.parametrize("name", MEDICAL)
def test_views_do_not_depend_on_workers(name):
    runs = [pretraining(name, workers=workers, epochs=1) for workers in (0, 2)]
    for run in runs:
        train(run, 1)
    assert all(torch.equal(v, weights(runs[1])[k]) for k, v in weights(runs[0]).items())
