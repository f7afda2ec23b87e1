from __future__ import annotations

import doctest
import os
import subprocess
import sys

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch import nn

from methods.lvmmed import GraphMatching, hamming_distance, layer
from methods.lvmmed.affinity import cosine_matrix, edge_affinity
from methods.lvmmed.graph import knn_graph
from methods.lvmmed.solver import solve_brute_force


def test_the_documented_example_runs():
    result = doctest.testmod(layer)
    assert result.attempted > 5
    assert result.failed == 0


def test_importing_the_layer_imports_nothing_of_the_benchmark_but_its_errors():
    code = (
        "import sys; from methods.lvmmed import GraphMatching; "
        "others = ('lightly', 'cv2', 'torchvision', 'pydantic', 'typer', 'numba', 'monai', 'pandas'); "
        "print(sorted(m for m in sys.modules if m.startswith('bench.') or m.split('.')[0] in others))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ})
    assert done.stdout.strip() == "['bench.core', 'bench.core.errors']", done.stdout + done.stderr


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"noise": "gumble"}, "'gumble' is not known; expected 'gumbel' or 'constant'"),
        ({"lambda_": 0.0}, "lambda_=0.0 must be positive"),
        ({"lambda_": -80.0}, "must be positive"),
        ({"lambda_": float("nan")}, "must be positive"),
        ({"gumbel_scale": -1.0}, "must be 0 or more"),
        ({"samples": 0}, "must be at least 1"),
    ],
)
def test_settings_without_a_meaning_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        GraphMatching(**settings)


def test_evaluation_solves_without_noise_and_training_with_it(make_problem):
    problem = make_problem(30, 5, 2, seed=0)
    matching = GraphMatching(gumbel_scale=5.0)
    exact = solve_brute_force(*problem)
    assert torch.equal(matching.eval()(*problem).argmax(2), exact)
    torch.manual_seed(0)
    assert not torch.equal(matching.train()(*problem).argmax(2), exact)
    assert "gumbel_scale=5.0" in repr(matching)


def test_linear_matching_needs_vertex_affinities_alone(make_problem):
    c_v = make_problem(5, 6, 2, seed=1)[0].requires_grad_()
    v = GraphMatching(gumbel_scale=0.0)(c_v)
    assert torch.equal(v.argmax(2), solve_brute_force(c_v.detach()))
    hamming_distance(v, torch.eye(6)).sum().backward()
    assert c_v.grad.abs().sum() > 0


class Encoder(nn.Module):
    """Points of two views (G, N, D) to a matching (G, N, N)."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.linear = nn.Linear(6, 8)
        self.matching = GraphMatching(gumbel_scale=0.0)

    def forward(self, x_s, x_t):
        z_s, z_t = self.linear(x_s), self.linear(x_t)
        edges_s, edges_t = knn_graph(z_s, 3), knn_graph(z_t, 3)
        return self.matching(cosine_matrix(z_s, z_t), edge_affinity(z_s, z_t, edges_s, edges_t), edges_s, edges_t)


def gradient(model: nn.Module, x: torch.Tensor) -> torch.Tensor:
    hamming_distance(model(*x), torch.eye(8)).mean().backward()
    (weight,) = (p.grad for name, p in model.named_parameters() if name.endswith("weight"))
    return weight


def points() -> torch.Tensor:
    x = torch.randn(6, 8, 6, generator=torch.Generator().manual_seed(1))
    return torch.stack([x, x + torch.randn(x.shape, generator=torch.Generator().manual_seed(2))])  # (2, G, N, D)


def train_one_rank(rank: int, folder: str) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder}/store", rank=rank, world_size=2)
    model = nn.parallel.DistributedDataParallel(Encoder())
    torch.save(gradient(model, points()[:, 3 * rank : 3 * rank + 3]), f"{folder}/{rank}.pt")
    dist.destroy_process_group()


@pytest.mark.slow
def test_two_processes_give_the_gradient_of_one(tmp_path):
    mp.spawn(train_one_rank, args=(str(tmp_path),), nprocs=2)
    expected = gradient(Encoder(), points())
    assert expected.abs().sum() > 0
    for rank in range(2):
        torch.testing.assert_close(torch.load(tmp_path / f"{rank}.pt"), expected, rtol=1e-4, atol=1e-7)
