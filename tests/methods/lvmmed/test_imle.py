from __future__ import annotations

import numpy as np
import pytest
import torch

from bench.core.errors import TrainingError
from methods.lvmmed.imle import EULER_GAMMA, Matcher, hamming_distance, match
from methods.lvmmed.solver import solve_brute_force

QUIET = Matcher(gumbel_scale=0.0)


def leaves(*tensors):
    return [x.clone().requires_grad_() for x in tensors]


def naive_gradients(c_v, c_e, edges_s, edges_t, lambda_):
    """Algorithm 1 for one graph and the Hamming distance to the identity, with noise already in the affinities."""
    nodes = len(c_v)

    def best(vertex):
        found = solve_brute_force(vertex[None], c_e[None], edges_s[None], edges_t[None])[0].numpy()
        v = np.zeros((nodes, nodes))
        v[np.arange(nodes), found] = 1
        return v

    v_tilde = best(c_v)
    v_lambda = best(c_v - lambda_ * (1 - 2 * torch.eye(nodes, dtype=c_v.dtype)))
    grad_v = (v_tilde - v_lambda) / lambda_
    grad_e = np.zeros(tuple(c_e.shape))
    for e, (i, j) in enumerate(edges_s.numpy()):
        for f, (a, b) in enumerate(edges_t.numpy()):
            grad_e[e, f] = (v_tilde[i, a] * v_tilde[j, b] - v_lambda[i, a] * v_lambda[j, b]) / lambda_
    return grad_v, grad_e


@pytest.mark.parametrize("lambda_", [0.5, 3.0, 80.0])
def test_gradients_equal_algorithm_1(make_problem, lambda_):
    c_v, c_e, edges_s, edges_t = make_problem(12, 5, 2, seed=0, dtype=torch.float64)
    vertex, edge = leaves(c_v, c_e)
    v = match(vertex, edge, edges_s, edges_t, Matcher(lambda_=lambda_, gumbel_scale=0.0))
    hamming_distance(v, torch.eye(5)).sum().backward()
    expected = [naive_gradients(*problem, lambda_) for problem in zip(c_v, c_e, edges_s, edges_t, strict=True)]
    np.testing.assert_allclose(vertex.grad, np.stack([v for v, _ in expected]), atol=1e-12)
    np.testing.assert_allclose(edge.grad, np.stack([e for _, e in expected]), atol=1e-12)
    assert vertex.grad.abs().sum() > 0
    assert edge.grad.abs().sum() > 0


def test_a_descent_step_raises_affinities_of_true_pairs(make_problem):
    c_v, c_e, edges, _ = make_problem(20, 8, 3, seed=1)
    vertex, edge = leaves(c_v, c_e)
    v = match(vertex, edge, edges, edges)
    hamming_distance(v, torch.eye(8)).mean().backward()
    true = torch.eye(8, dtype=torch.bool).expand(20, -1, -1)
    assert (vertex.grad[true] <= 0).all()
    assert (vertex.grad[~true] >= 0).all()
    assert vertex.grad[true].sum() < 0
    same_edge = edge.grad.diagonal(dim1=1, dim2=2)  # with equal graphs, edge e of s truly matches edge e of t
    assert (same_edge <= 0).all()
    assert same_edge.sum() < 0


@pytest.mark.parametrize("scale", [1e-6, 1 / 3, 65536.0])
def test_gradients_scale_with_the_loss(make_problem, scale):
    c_v, c_e, edges_s, edges_t = make_problem(6, 6, 2, seed=2)
    results = []
    for factor in (1.0, scale):
        vertex, edge = leaves(c_v, c_e)
        loss = hamming_distance(match(vertex, edge, edges_s, edges_t, QUIET), torch.eye(6)).sum()
        (factor * loss).backward()
        results.append((vertex.grad / factor, edge.grad / factor))
    torch.testing.assert_close(results[0], results[1], rtol=1e-4, atol=1e-6)


def test_zero_gradient_stays_zero(make_problem):
    c_v, c_e, edges_s, edges_t = make_problem(2, 5, 2, seed=3)
    vertex, edge = leaves(c_v, c_e)
    (0 * match(vertex, edge, edges_s, edges_t)).sum().backward()
    assert not vertex.grad.any()
    assert not edge.grad.any()


def test_noise_follows_the_global_generator_alone(make_problem):
    problem = make_problem(4, 8, 3, seed=4)
    runs = []
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        runs.append(match(*problem, Matcher(gumbel_scale=3.0)))
    assert torch.equal(runs[0], runs[1])
    assert not torch.equal(runs[0], runs[2])


def test_noise_is_gumbel_or_its_mean():
    torch.manual_seed(0)
    drawn = Matcher(gumbel_scale=2.0).perturb(torch.ones(200_000))
    assert drawn.mean().item() == pytest.approx(1 + 2 * EULER_GAMMA, abs=0.03)
    assert drawn.std().item() == pytest.approx(2 * np.pi / np.sqrt(6), abs=0.03)
    state = torch.get_rng_state()
    constant = Matcher(noise="constant", gumbel_scale=2.0).perturb(torch.ones(5))
    torch.testing.assert_close(constant, torch.full((5,), 1 + 2 * EULER_GAMMA))
    assert torch.equal(torch.get_rng_state(), state)


def test_without_noise_the_matching_is_the_brute_force_solution(make_problem):
    problem = make_problem(20, 5, 2, seed=5)
    v = match(*problem, QUIET)
    assert torch.equal(v.argmax(2), solve_brute_force(*problem))
    assert torch.equal(v.sum(1), torch.ones(20, 5))


def test_several_samples_are_averaged(make_problem):
    c_v, c_e, edges_s, edges_t = make_problem(3, 6, 2, seed=6)
    torch.manual_seed(0)
    v = match(c_v, c_e, edges_s, edges_t, Matcher(samples=4))
    assert set(v.unique().tolist()) <= {0.0, 0.25, 0.5, 0.75, 1.0}
    torch.testing.assert_close(v.sum(2), torch.ones(3, 6))
    gradients = []
    for samples in (1, 3):
        vertex, edge = leaves(c_v, c_e)
        matched = match(vertex, edge, edges_s, edges_t, Matcher(samples=samples, gumbel_scale=0.0))
        hamming_distance(matched, torch.eye(6)).mean().backward()
        gradients.append((vertex.grad, edge.grad))
    torch.testing.assert_close(gradients[0], gradients[1])


def test_linear_matching_needs_no_edge_affinities(make_problem):
    c_v, _, edges_s, edges_t = make_problem(3, 6, 2, seed=7)
    (vertex,) = leaves(c_v)
    v = match(vertex, None, edges_s, edges_t, QUIET)
    assert torch.equal(v.argmax(2), solve_brute_force(c_v))
    hamming_distance(v, torch.eye(6)).sum().backward()
    assert vertex.grad.abs().sum() > 0


def test_half_precision_affinities_are_matched_in_float32(make_problem):
    c_v, c_e, edges_s, edges_t = make_problem(3, 6, 2, seed=8)
    vertex, edge = leaves(c_v.bfloat16(), c_e.bfloat16())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        v = match(vertex, edge, edges_s, edges_t, QUIET)
    assert v.dtype == torch.float32
    assert torch.equal(v, match(vertex.float(), edge.float(), edges_s, edges_t, QUIET))
    v.diagonal(dim1=1, dim2=2).sum().backward()
    assert vertex.grad.dtype == torch.bfloat16


def test_non_finite_affinities_are_refused(make_problem):
    c_v, c_e, edges_s, edges_t = make_problem(2, 5, 2, seed=9)
    c_v[0, 0, 0] = float("inf")
    with pytest.raises(TrainingError, match="vertex affinities"):
        match(c_v, c_e, edges_s, edges_t)
