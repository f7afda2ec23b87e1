"""The proof that weights were loaded: noise is embedded otherwise than before."""

import pytest
import torch
from torch import nn

from bench.core.errors import StorageError
from bench.core.kind import Features
from bench.models.weights.probe import compare, embed_noise


class Tiny(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm2d(3)

    def forward(self, images):
        return Features([], self.norm(images).mean((2, 3)))


def test_noise_is_fixed_and_nothing_is_changed_by_it():
    backbone = Tiny()
    before = torch.get_rng_state()
    first, second = embed_noise(backbone), embed_noise(backbone)
    assert first.shape == (4, 3)
    assert torch.equal(first, second)
    assert torch.equal(torch.get_rng_state(), before)
    assert backbone.training
    assert int(backbone.norm.num_batches_tracked) == 0


def test_distance_cosine_and_norms_by_hand():
    before, after = torch.tensor([[3.0, 0.0], [0.0, 4.0]]), torch.tensor([[3.0, 0.0], [4.0, 0.0]])
    found = compare(before, after, "x")
    assert found == {
        "initial_norm": pytest.approx(5),
        "loaded_norm": pytest.approx(5),
        "relative_distance": pytest.approx(32**0.5 / 5),
        "mean_cosine": pytest.approx(0.5),
    }


@pytest.mark.parametrize(
    ("after", "message"),
    [
        (torch.ones(1, 2), "x: the encoder embeds noise exactly as before"),
        (torch.tensor([[1.0, torch.nan]]), "x: .*finite"),
    ],
)
def test_an_encoder_that_did_not_change_or_broke_is_refused(after, message):
    with pytest.raises(StorageError, match=message):
        compare(torch.ones(1, 2), after, "x")


def test_weights_that_embed_everything_alike_are_refused():
    with pytest.raises(StorageError, match=r"w\.pth: the encoder embeds every image as the same numbers"):
        compare(torch.rand(4, 3), torch.ones(4, 3), "w.pth")
