"""Tensors in the shapes of a backbone: interpolated where that is possible, and said."""

import re

import torch

from bench.models.weights.match import match, own_shapes
from tests.models.weights.names import (
    filled,
    torchvision_shapes,
)


def test_position_embeddings_of_another_size_are_interpolated_and_named():
    state = filled(own_shapes("vit_b_16"))
    grid = torch.linspace(0, 1, 24)[None, :].expand(24, 24).reshape(1, 576, 1).expand(1, 576, 768)
    state["pos_embed"] = torch.cat([torch.full((1, 1, 768), 5.0), grid], dim=1)
    fitted = match(state, "vit_b_16", "x")
    assert fitted.resampled == ["pos_embed (1, 577, 768) -> (1, 197, 768)"]
    small = fitted.state["pos_embed"]
    assert (small[0, 0] == 5).all(), "the class token's stays"
    rows = small[0, 1:].reshape(14, 14, 768)
    assert torch.allclose(rows[0], rows[13], atol=1e-5)
    assert (rows[0, 1:, 0] > rows[0, :-1, 0]).all(), "columns still rise"
    sam = filled(own_shapes("vit_b_16_sam"))
    sam["pos_embed"] = torch.zeros(1, 14, 14, 768)
    sam["blocks.2.attn.rel_pos_h"] = torch.arange(27.0)[:, None].expand(27, 64)
    fitted = match(sam, "vit_b_16_sam", "x")
    assert len(fitted.resampled) == 2
    assert (fitted.state["blocks.2.attn.rel_pos_h"].diff(dim=0) >= 0).all()


def test_counters_may_be_absent_and_half_precision_becomes_single():
    shapes = {k: s for k, s in torchvision_shapes("resnet18").items() if not re.search("num_batches", k)}
    state = {k: v.half() for k, v in filled(shapes).items()}
    fitted = match(state, "resnet18", "x")
    assert fitted.missing == []
    assert all(v.dtype == torch.float32 for v in fitted.state.values())
