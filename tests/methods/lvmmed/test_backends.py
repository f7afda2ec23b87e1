"""The compiled search against the torch reference, and problems that are unusual or malformed."""

from __future__ import annotations

import threading

import pytest
import torch

from bench.core.errors import TrainingError
from methods.lvmmed.imle import Matcher, hamming_distance, match
from methods.lvmmed.solver import (
    _default_backend,
    default_iterations,
    objective,
    solve,
    solve_brute_force,
    solve_linear,
)


@pytest.mark.parametrize(
    ("nodes", "neighbours", "graphs"), [(2, 1, 20), (5, 4, 40), (9, 3, 20), (16, 5, 12), (24, 5, 3)]
)
def test_both_backends_find_the_same_permutations(make_problem, nodes, neighbours, graphs):
    problem = make_problem(graphs, nodes, neighbours, seed=nodes, dtype=torch.float64)
    guess = torch.arange(nodes).flip(0).expand(graphs, -1)
    found = [
        solve(*problem, restarts=5, iterations=60, agree=3, guess=guess, backend=backend)
        for backend in ("numba", "torch")
    ]
    assert torch.equal(*found)
    assert torch.equal(found[0].sort(1).values, torch.arange(nodes).expand(graphs, -1))


@pytest.mark.parametrize("backend", ["numba", "torch"])
def test_value_equals_brute_force_at_seven_nodes(make_problem, backend):
    problem = make_problem(10, 7, 3, seed=1)
    found = objective(solve(*problem, backend=backend)[:, None], *problem)
    best = objective(solve_brute_force(*problem)[:, None], *problem)
    torch.testing.assert_close(found, best, rtol=0, atol=1e-4)


def test_solution_does_not_depend_on_threads_or_concurrent_calls(make_problem):
    problem = make_problem(40, 8, 3, seed=2)
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        expected = solve(*problem)
        torch.set_num_threads(3)
        found: list[torch.Tensor] = []
        calls = [threading.Thread(target=lambda: found.append(solve(*problem))) for _ in range(3)]
        for call in calls:
            call.start()
        for call in calls:
            call.join()
    finally:
        torch.set_num_threads(before)
    assert len(found) == 3
    assert all(torch.equal(x, expected) for x in found)


@pytest.mark.parametrize(
    ("compiler", "nodes", "expected"),
    [("", 16, "triton"), (None, 16, "torch"), ("no-such-compiler", 16, "torch"), ("", 65, "torch")],
)
def test_a_gpu_without_a_c_compiler_is_searched_in_torch(monkeypatch, tmp_path, compiler, nodes, expected):
    monkeypatch.setattr("methods.lvmmed.solver.find_spec", lambda name: object())
    (tmp_path / "gcc").write_text("")
    (tmp_path / "gcc").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path) if compiler is not None else "")
    monkeypatch.setenv("CC", compiler or "")
    assert _default_backend(torch.device("cuda"), nodes) == expected


@pytest.mark.parametrize(("graphs", "threads", "sizes"), [(4, 2, [2, 2]), (5, 8, [1] * 5), (20, 2, [8, 8, 4])])
def test_every_thread_gets_problems_of_a_small_batch(make_problem, monkeypatch, graphs, threads, sizes):
    given = []
    monkeypatch.setattr("torch.get_num_threads", lambda: threads)
    monkeypatch.setattr("methods.lvmmed.tabu_numba._search_problems", lambda *a: given.append((a[-1], a[-1] - a[-2])))
    solve(*make_problem(graphs, 6, 3, seed=3), backend="numba")
    assert [size for _, size in sorted(given)] == sizes


def test_agreement_ends_the_search_without_changing_easy_solutions(make_problem):
    problem = make_problem(20, 6, 2, seed=3)
    assert torch.equal(solve(*problem, agree=3), solve(*problem, agree=99))


def test_default_iterations_grow_with_the_square_of_nodes():
    assert [default_iterations(n) for n in (2, 8, 16, 32, 64)] == [100, 100, 100, 400, 1600]


def test_sixty_four_nodes(make_problem):
    problem = make_problem(2, 64, 5, seed=4)
    found = solve(*problem, restarts=2)
    linear = solve_linear(problem[0])
    assert (objective(found[:, None], *problem) > 1.2 * objective(linear[:, None], *problem)).all()


def test_one_node_and_no_graphs():
    edges = torch.zeros(3, 0, 2, dtype=torch.int64)
    assert solve(torch.randn(3, 1, 1), torch.randn(3, 0, 0), edges, edges).tolist() == [[0]] * 3
    assert solve(torch.randn(0, 4, 4), torch.randn(0, 2, 2), *[torch.zeros(0, 2, 2, dtype=torch.int64)] * 2).shape == (
        0,
        4,
    )


@pytest.mark.parametrize("empty", [(True, False), (False, True), (True, True)])
def test_without_edges_on_a_side_the_problem_is_linear(make_problem, empty):
    c_v, c_e, edges_s, edges_t = make_problem(3, 5, 2, seed=5)
    edges_s, edges_t = (edges[:, :0] if gone else edges for edges, gone in zip((edges_s, edges_t), empty, strict=True))
    c_v, c_e = c_v.requires_grad_(), c_e[:, : edges_s.shape[1], : edges_t.shape[1]].clone().requires_grad_()
    assert torch.equal(solve(c_v, c_e, edges_s, edges_t), solve_linear(c_v))
    hamming_distance(match(c_v, c_e, edges_s, edges_t, Matcher(gumbel_scale=0.0)), torch.eye(5)).sum().backward()
    assert c_v.grad.abs().sum() > 0
    assert c_e.grad.shape == c_e.shape


def test_layout_and_mixed_types_do_not_matter(make_problem):
    c_v, c_e, edges_s, edges_t = make_problem(6, 7, 3, seed=6)
    expected = solve(c_v, c_e, edges_s, edges_t)
    strided = [x.transpose(0, 1).contiguous().transpose(0, 1) for x in (c_v, c_e, edges_s, edges_t)]
    assert not any(x.is_contiguous() for x in strided)
    assert torch.equal(solve(*strided), expected)
    assert torch.equal(solve(c_v.double(), c_e, edges_s, edges_t), solve(c_v.double(), c_e.double(), edges_s, edges_t))


def change(problem, which: int, value):
    return [value(x) if at == which else x for at, x in enumerate(problem)]


@pytest.mark.parametrize(
    ("which", "value", "message"),
    [
        (0, lambda c_v: c_v[:, :4], r"c_v has shape \(2, 4, 5\), expected \(graphs, nodes, nodes\)"),
        (0, lambda c_v: c_v.long(), "c_v has type torch.int64, expected a floating type"),
        (1, lambda c_e: c_e[:1], r"c_e has shape \(1, 10, 10\)"),
        (2, lambda edges: edges[:, 1:], r"edges_s has shape \(2, 9, 2\)"),
        (3, lambda edges: edges.int(), "edges_t has type torch.int32, expected torch.int64"),
        (3, lambda edges: edges + 5, "edges_t must hold pairs of different nodes from 0 to 4"),
        (2, lambda edges: edges[..., :1].expand(-1, -1, 2), "edges_s must hold pairs of different nodes"),
        (2, lambda edges: edges[:, :1].expand(-1, 10, -1), "each at most once a graph"),
        (2, lambda edges: None, "needs the edges"),
        (3, lambda edges: edges.to("meta"), "on one device"),
    ],
)
def test_malformed_problems_are_refused(make_problem, which, value, message):
    with pytest.raises(ValueError, match=message):
        solve(*change(make_problem(2, 5, 2, seed=7), which, value))


def test_backends_that_cannot_solve_a_problem_are_refused(make_problem, monkeypatch):
    problem = make_problem(1, 4, 2, seed=8)
    with pytest.raises(ValueError, match="backend='jax' is not known; expected 'numba', 'triton', 'torch'"):
        solve(*problem, backend="jax")
    with pytest.raises(ValueError, match="backend='triton' solves tensors on an NVIDIA GPU, found cpu"):
        solve(*problem, backend="triton")
    monkeypatch.setenv("TRITON_INTERPRET", "1")
    with pytest.raises(ValueError, match="backend='triton' solves graphs of up to 64 nodes, found 65"):
        solve(*make_problem(1, 65, 2, seed=8), backend="triton")


@pytest.mark.gpu
@pytest.mark.parametrize("nodes", [2, 5, 16, 24, 64])
def test_the_gpu_finds_what_the_reference_finds(make_problem, nodes):
    problem = [x.cuda() for x in make_problem(8, nodes, min(5, nodes - 1), seed=nodes, dtype=torch.float64)]
    found = [solve(*problem, restarts=5, iterations=60, agree=3, backend=b) for b in ("triton", "torch")]
    assert torch.equal(*found)


def test_a_gradient_that_is_not_finite_comes_back_as_nan(make_problem):
    c_v, c_e, edges_s, edges_t = make_problem(2, 5, 2, seed=9)
    c_v, c_e = c_v.requires_grad_(), c_e.requires_grad_()
    v = match(c_v, c_e, edges_s, edges_t)
    (v * torch.tensor([float("inf"), 1.0])[:, None, None]).sum().backward()
    assert c_v.grad[0].isnan().any()
    assert torch.isfinite(c_v.grad[1]).all()


def test_infinite_edge_affinities_are_refused_on_both_backends(make_problem):
    c_v, c_e, edges_s, edges_t = make_problem(2, 5, 2, seed=10)
    c_e[1, 0, 0] = -torch.inf
    for backend in ("numba", "torch"):
        with pytest.raises(TrainingError, match="1 of 200 edge affinities"):
            solve(c_v, c_e, edges_s, edges_t, backend=backend)
