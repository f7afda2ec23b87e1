"""Health of embeddings: known ranks, shared directions, dead units."""

import pytest
import torch

from bench.evaluation.health import LEAST_RANK, health_of, spread


def cloud(n, rank, dims=64, seed=0):
    generator = torch.Generator().manual_seed(seed)
    directions = torch.linalg.qr(torch.randn(dims, dims, generator=generator))[0][:rank]
    return torch.randn(n, rank, generator=generator) @ directions


def test_effective_rank_of_a_round_cloud_is_its_dimension():
    for rank in (1, 3, 20):
        assert health_of(cloud(900, rank)).effective_rank == pytest.approx(rank, rel=0.05)


def test_a_common_direction_is_seen_in_the_cosine_and_not_in_the_rank():
    plain, shifted = health_of(cloud(500, 20)), health_of(cloud(500, 20) + 50)
    assert shifted.effective_rank == pytest.approx(plain.effective_rank, rel=1e-3)
    assert abs(plain.mean_cosine) < 0.01
    assert shifted.mean_cosine > 0.99


def test_dead_units_are_those_with_one_value():
    embeddings = cloud(100, 20)
    embeddings[:, :16] = 0
    embeddings[:, 16:32] = 3.5
    assert health_of(embeddings).dead_units == 0.5


def test_a_collapsed_encoder_is_warned_of_and_no_other():
    collapsed, constant = health_of(cloud(300, 2)), health_of(torch.full((50, 8), 1.25))
    assert collapsed.collapsed
    assert "effective rank of 2.0" in collapsed.warning
    assert (constant.effective_rank, constant.dead_units, constant.mean_cosine) == (0.0, 1.0, pytest.approx(1.0))
    assert constant.warning
    healthy = health_of(cloud(300, int(2 * LEAST_RANK)))
    assert (healthy.collapsed, healthy.warning) == (False, None)


def test_at_most_a_thousand_evenly_spread_images_are_looked_at():
    assert spread(5).tolist() == [0, 1, 2, 3, 4]
    assert (len(spread(4000)), spread(4000)[0], spread(4000)[-1]) == (1000, 0, 3999)
    assert health_of(cloud(2500, 4)).images == 1000
