import pytest
import torch
from torch import nn

from tasks.kinds.detection import norm
from tests.tasks.segmentation.worlds import Tiny


def trained():
    backbone = Tiny()
    with torch.no_grad():
        backbone(torch.randn(4, 3, 64, 64) + 1)
    return backbone


@pytest.mark.parametrize(
    ("make", "wanted", "frozen", "choice"),
    [
        (Tiny, "auto", False, "batch"),
        (trained, "auto", False, "frozen"),
        (trained, "batch", False, "batch"),
        (Tiny, "frozen", False, "frozen"),
        (Tiny, "batch", True, "frozen"),
        (lambda: nn.Sequential(nn.Conv2d(3, 4, 1), nn.GroupNorm(2, 4)), "auto", False, "none"),
    ],
)
def test_choice(make, wanted, frozen, choice):
    assert norm.choose(make(), wanted, frozen=frozen) == choice


def test_frozen_norms_give_the_same_output_and_never_change():
    backbone = trained()
    image = torch.randn(4, 3, 64, 64)
    with torch.no_grad():
        expected = backbone.eval()(image).maps
        before = {k: v.clone() for k, v in backbone.state_dict().items()}
        norm.freeze(backbone)
        found = backbone.train()(image).maps
    assert all(torch.allclose(a, b, atol=1e-5) for a, b in zip(expected, found, strict=True))
    after = backbone.state_dict()
    assert set(before) - set(after) == {k for k in before if k.endswith("num_batches_tracked")}
    assert all(torch.equal(before[k], v) for k, v in after.items())
    assert not [m for m in backbone.modules() if isinstance(m, nn.BatchNorm2d)]
