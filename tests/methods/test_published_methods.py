"""SimCLR, BYOL and DINO: the loss is lightly's own on the same tensors, the teacher update is the closed form."""

import math

import pytest
import torch
from lightly.loss import DINOLoss, NegativeCosineSimilarity, NTXentLoss
from PIL import Image

from bench.core.method import Progress
from bench.core.registry import methods
from bench.engine.seeding import seed_all, seeded
from bench.models.build import build_backbone
from tests.methods.trained import backbone_of

START = Progress(0, 10, 0, 2)


@pytest.fixture(scope="module")
def images():
    with seeded(3):
        return [torch.randn(8, 3, 32, 32) for _ in range(4)]


def build(name, **config):
    cls = methods().get(name)
    method = cls(cls.config_class(**{**cls.quick, **config}))
    seed_all(0)
    return method, method.build(build_backbone("resnet18")).eval()  # fixed batch norm: the same tensors twice


def test_simclr_loss_is_lightlys(images):
    method, module = build("simclr", temperature=0.2)
    loss = method.loss(module, images[:2], START)["loss"]
    z = [module["head"](module["backbone"](v).pooled) for v in images[:2]]
    torch.testing.assert_close(loss, NTXentLoss(temperature=0.2)(*z))
    assert not torch.isclose(loss, NTXentLoss(temperature=0.5)(*z))


def test_byol_loss_is_lightlys_symmetrised_with_a_teacher_without_gradient(images):
    method, module = build("byol")
    views = images[:2]
    loss = method.loss(module, views, START)["loss"]
    p = [module["predictor"](module["projector"](module["backbone"](v).pooled)) for v in views]
    t = [module["teacher"]["projector"](module["teacher"]["backbone"](v).pooled).detach() for v in views]
    criterion = NegativeCosineSimilarity()
    torch.testing.assert_close(loss, (criterion(p[0], t[1]) + criterion(p[1], t[0])) / 2)
    loss.backward()
    assert all(q.grad is None for q in module["teacher"].parameters())
    assert all(q.grad is not None for q in module["backbone"].parameters())


def test_dino_loss_is_lightlys_over_two_global_teacher_views(images):
    method, module = build("dino", output_dim=32)
    views = [*images[:2], images[2][:, :, :16, :16]]
    loss = method.loss(module, views, START)["loss"]
    student = [module["head"](module["backbone"](v).pooled) for v in views]
    teacher = [module["teacher"]["head"](module["teacher"]["backbone"](v).pooled) for v in views[:2]]
    criterion = DINOLoss(32, teacher_temp=0.04, warmup_teacher_temp_epochs=0)
    torch.testing.assert_close(loss, criterion(teacher, student, epoch=0))
    torch.testing.assert_close(module["criterion"].center, criterion.center)
    loss.backward()
    assert all(q.grad is None for q in module["teacher"].parameters())


def test_dino_keeps_the_prototypes_fixed_in_the_first_epoch(images):
    method, module = build("dino", output_dim=32)
    for epoch, fixed in ((0, True), (1, False)):
        module.zero_grad()
        method.loss(module, images[:2], START)["loss"].backward()
        method.before_step(module, Progress(0, 10, epoch, 2))
        assert (module["head"].last_layer.weight_v.grad is None) == fixed


@pytest.mark.parametrize(("name", "heads"), [("byol", ("projector", "projector")), ("dino", ("head", "head"))])
@pytest.mark.parametrize("step", [0, 4, 9])
def test_teacher_update_is_the_closed_form(name, heads, step):
    method, module = build(name)
    with torch.no_grad():
        for p in module["backbone"].parameters():
            p.add_(1.0)
    pairs = [(module["backbone"], module["teacher"]["backbone"]), (module[heads[0]], module["teacher"][heads[1]])]
    before = [[p.clone() for p in teacher.parameters()] for _, teacher in pairs]
    method.after_step(module, Progress(step, 10, 0, 2))
    start = method.config.momentum
    m = 1 - (1 - start) * (math.cos(math.pi * step / 9) + 1) / 2
    for (student, teacher), old in zip(pairs, before, strict=True):
        for s, t, o in zip(student.parameters(), teacher.parameters(), old, strict=True):
            torch.testing.assert_close(t, m * o + (1 - m) * s)


def test_what_is_evaluated():
    for name, part in (("simclr", None), ("byol", None), ("dino", "teacher")):
        method, module = build(name)
        expected = module["backbone"] if part is None else module[part]["backbone"]
        assert method.encoder(module) is expected


@pytest.mark.parametrize(("name", "sides"), [("simclr", [64] * 2), ("byol", [64] * 2), ("dino", [64, 64, 32, 32])])
def test_views_are_random_and_of_the_right_size(name, sides):
    method, _ = build(name)
    transform = method.view_transform(64)
    image = Image.effect_noise((90, 120), 60).convert("RGB")
    with seeded(1):
        first = transform(image)
    with seeded(1):
        again = transform(image)
    assert [tuple(v.shape) for v in first] == [(3, s, s) for s in sides]
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert not torch.equal(first[0], first[1])


@pytest.mark.parametrize("name", sorted(n for n in methods().plugins if methods().get(n).pretrains))
def test_contract_of_every_method(name, images):
    """Build, two optimiser steps, finite scalars, an encoder that changed."""
    cls = methods().get(name)
    method = cls(cls.config_class(**cls.quick))
    size = max(method.batch_multiple, 4)
    method.corpus_size = size
    seed_all(0)
    module = method.build(build_backbone(backbone_of(cls))).train()
    image = Image.effect_noise((90, 90), 60).convert("RGB")
    transform = method.view_transform(32)
    views = torch.utils.data.default_collate([transform(image) for _ in range(size)])
    before = {k: v.clone() for k, v in method.encoder(module).state_dict().items()}
    optimizer = torch.optim.SGD([p for p in module.parameters() if p.requires_grad], lr=0.1)
    for step in range(2):
        method.before_epoch(module, Progress(step, 4, step, 2), iter([(range(size), views)]))
        parts = method.loss(module, views, Progress(step, 4, step, 2, range(size)))
        assert all(v.ndim == 0 and torch.isfinite(v) for v in parts.values())
        optimizer.zero_grad()
        parts["loss"].backward()
        optimizer.step()
        method.after_step(module, Progress(step + 1, 4, step, 2, range(size)))
    after = method.encoder(module).state_dict()
    assert any(not torch.equal(before[k], after[k]) for k in before)
