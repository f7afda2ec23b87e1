"""VICReg: the loss is the paper's, with the factors of the authors' code."""

import pytest
import torch

from tests.methods.built import built, made_up


def terms(x, y):
    """Invariance, variance and covariance (Eq. 1 to 5); the first is a mean over components, as 25 stands for."""
    n, d = x.shape
    invariance = float(((x - y) ** 2).sum() / (n * d))
    variance, covariance = 0.0, 0.0
    for z in (x, y):
        centred = z - z.mean(0)
        c = centred.T @ centred / (n - 1)
        variance += sum(max(0.0, 1 - float((c[j, j] + 1e-4).sqrt())) for j in range(d)) / d / 2
        covariance += sum(float(c[i, j]) ** 2 for i in range(d) for j in range(d) if i != j) / d
    return invariance, variance, covariance


def widen(run, *heads):
    """Projections whose components vary by about 0.7, so that every term counts."""
    with torch.no_grad():
        for head in heads:
            run.module[head].layers[-1].weight.mul_(60)


def test_loss_is_that_of_the_paper():
    run, views = built("vicreg", projection_dim=6, invariance=20, variance=15, covariance=3), made_up(2)
    widen(run, "head")
    x, y = (z.detach().double() for z in run.projections(views))
    weighted = [w * term for w, term in zip((20, 15, 3), terms(x, y), strict=True)]
    assert min(weighted) > 1e-3, "every term counts"
    assert float(run.loss(views).detach()) == pytest.approx(sum(weighted), rel=1e-5)


def test_views_are_drawn_alike_and_solarised_at_times():
    first, second = built("vicreg").method.augmentations(48)
    assert first == second
    assert first.solarise_probability == 0.1
    assert torch.tensor(first.blur_probability) == 0.5
