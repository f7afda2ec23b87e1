"""Barlow Twins: the loss is Eq. 1 of the paper, and biases learn at the published rate."""

import pytest
import torch

from bench.engine.optim import build_optimizer
from tests.methods.built import BATCH, built, made_up


def test_loss_is_that_of_the_paper():
    run, views = built("barlow_twins", projection_dim=6, lambda_=0.01, loss_scale=0.5), made_up(2)
    a, b = (z.detach().double() for z in run.projections(views))
    a, b = ((z - z.mean(0)) / (z.var(0, correction=0) + 1e-5).sqrt() for z in (a, b))  # eps of batch norm
    expected = 0.0
    for i in range(6):
        for j in range(6):
            c = float((a[:, i] * b[:, j]).sum() / BATCH)  # Eq. 2
            expected += (1 - c) ** 2 if i == j else 0.01 * c**2
    assert float(run.loss(views).detach()) == pytest.approx(0.5 * expected, rel=1e-5)


def test_biases_and_norms_learn_at_0_0048_under_lars():
    published = {"optimizer": "lars", "lr": 0.2, "lr_scaling": "linear", "loss_scale": 0.024}
    run, views = built("barlow_twins", fixed=False, **published), made_up(2)
    bias = run.module["backbone"].layers[1].bias
    before = bias.detach().clone()
    loss = run.loss(views)
    unscaled = torch.autograd.grad(loss / 0.024, bias, retain_graph=True)[0]
    loss.backward()
    build_optimizer(run.module, run.method.config, 256).step()
    torch.testing.assert_close(before - bias.detach(), 0.0048 * unscaled)
