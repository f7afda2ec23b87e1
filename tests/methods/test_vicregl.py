"""VICRegL: the loss is the paper's sum of a global loss and local ones, of cells matched in place and in content."""

import pytest
import torch

from methods.lvmmed.views import cell_centres
from tests.methods.built import BATCH, built, made_up
from tests.methods.test_vicreg import terms, widen

BOXES = [[0.1, 0.2, 0.6, 0.5, 0.0], [0.3, 0.1, 0.5, 0.8, 1.0]]


def views_of(boxes=BOXES):
    return {"images": made_up(2), "boxes": [torch.tensor(box).expand(BATCH, 5) for box in boxes]}


def nearest(own, other, by, by_other, most):
    """The `most` best pairs of each image (B, K, D), best first: a cell and the cell that is nearest to it."""
    pairs = []
    for o, t, p, q in zip(own, other, by, by_other, strict=True):
        distances = [[float((a - b).norm()) for b in q] for a in p]
        best = [min(range(len(q)), key=row.__getitem__) for row in distances]
        order = sorted(range(len(p)), key=lambda i: distances[i][best[i]])[:most]
        pairs.append((torch.stack([o[i] for i in order]), torch.stack([t[best[i]] for i in order])))
    return torch.stack([a for a, _ in pairs]), torch.stack([b for _, b in pairs])


def vicreg(x, y):
    """VICReg of matched cells (B, K, D): the terms are means over the K ranks; the covariance of a view is halved."""
    invariance, variance, covariance = (
        sum(values) / x.shape[1] for values in zip(*(terms(x[:, k], y[:, k]) for k in range(x.shape[1])), strict=True)
    )
    return 25 * invariance + 25 * variance + covariance / 2


def local_loss(cells, places, matches):
    """Half the sum over both directions, of matches by content and by place."""
    total = 0.0
    for by in (cells, places):
        for (i, j), most in zip(((0, 1), (1, 0)), matches, strict=True):
            total += vicreg(*nearest(cells[i], cells[j], by[i], by[j], most)) / 2
    return total


def test_loss_is_that_of_the_paper():
    run = built("vicregl", projection_dim=5, local_dim=4, alpha=0.6, matches=(6, 3))
    widen(run, "head", "cells")
    views = views_of()
    x, y = (z.detach().double() for z in run.projections(views["images"]))
    cells = [run.module["backbone"](v).maps[-1].permute(0, 2, 3, 1) for v in views["images"]]  # (B, 4, 4, 12)
    cells = [run.module["cells"](c.flatten(0, 2)).view(BATCH, 16, 4).detach().double() for c in cells]
    places = [cell_centres(box, 4, 4) for box in views["boxes"]]
    invariance, variance, covariance = terms(x, y)
    whole = 25 * invariance + 25 * variance + covariance / 2
    both = (local_loss(cells, places, (6, 3)) + local_loss(cells[::-1], places[::-1], (6, 3))) / 2
    expected = 0.6 * whole + 0.4 * both
    assert float(run.loss(views).detach()) == pytest.approx(expected, rel=1e-5)


def test_a_flipped_view_of_one_crop_matches_in_place():
    """Places that match exactly: the place of a cell is its own, wherever a flip has put it."""
    run = built("vicregl")
    image = made_up(1)[0]
    views = {
        "images": [image, image.flip(3)],
        "boxes": [torch.tensor([[0.2, 0.1, 0.5, 0.6, f]] * BATCH) for f in (0.0, 1.0)],
    }
    (_, _, first), (_, _, second) = run.method.embed(run.module, views)
    torch.testing.assert_close(first, second.flip(2))


def test_views_are_byols_with_their_boxes():
    transform = built("vicregl").method.view_transform(48)
    assert [a.blur_probability for a in transform.augmentations] == pytest.approx([1.0, 0.1])
    assert [a.solarise_probability for a in transform.augmentations] == [0, 0.2]
