from __future__ import annotations

import numpy as np
import pytest
import torch

from bench.core.errors import TrainingError
from methods.lvmmed.solver import objective, solve, solve_brute_force


def loop_objective(p, c_v, c_e, edges_s, edges_t) -> float:
    """Eq. 4 written out for one graph."""
    nodes = len(p)
    v = np.zeros((nodes, nodes))
    v[np.arange(nodes), p] = 1
    total = (c_v * v).sum()
    for e, (i, j) in enumerate(edges_s):
        for f, (a, b) in enumerate(edges_t):
            total += c_e[e, f] * v[i, a] * v[j, b]
    return total


def test_objective_is_eq_4(make_problem):
    problem = make_problem(3, 5, 2, seed=0, dtype=torch.float64)
    permutations = torch.stack([torch.randperm(5) for _ in range(12)]).view(3, 4, 5)
    value = objective(permutations, *problem)
    arrays = [x.numpy() for x in problem]
    for g in range(3):
        for r in range(4):
            expected = loop_objective(permutations[g, r].numpy(), *(x[g] for x in arrays))
            assert value[g, r].item() == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("nodes", "neighbours", "graphs"), [(4, 2, 100), (5, 3, 100), (6, 2, 60), (6, 4, 40)])
def test_value_equals_brute_force(make_problem, nodes, neighbours, graphs):
    problem = make_problem(graphs, nodes, neighbours, seed=nodes)
    found = objective(solve(*problem)[:, None], *problem)
    best = objective(solve_brute_force(*problem)[:, None], *problem)
    torch.testing.assert_close(found, best, rtol=0, atol=1e-4)


def test_two_nodes(make_problem):
    problem = make_problem(20, 2, 1, seed=3)
    assert torch.equal(solve(*problem), solve_brute_force(*problem))


def test_linear_problem_equals_brute_force(make_problem):
    c_v = make_problem(30, 6, 2, seed=1)[0]
    assert torch.equal(solve(c_v), solve_brute_force(c_v))


def test_solution_is_a_permutation_near_the_planted_one(make_problem):
    torch.manual_seed(0)
    planted = torch.stack([torch.randperm(16) for _ in range(4)])
    _, c_e, edges_s, _ = make_problem(4, 16, 5, seed=5)
    edges_t = planted.gather(1, edges_s.flatten(1)).view_as(edges_s)
    c_e = 0.3 * c_e + 3 * torch.eye(c_e.shape[1])
    assert torch.equal(solve(torch.zeros(4, 16, 16), c_e, edges_s, edges_t), planted)


def test_deterministic_without_touching_the_global_generator(make_problem):
    problem = make_problem(4, 16, 5, seed=6)
    state = torch.get_rng_state()
    first = solve(*problem)
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(99)
    assert torch.equal(solve(*problem), first)


def test_solution_does_not_depend_on_the_rest_of_the_batch(make_problem):
    problem = make_problem(5, 10, 3, seed=7)
    alone = solve(*(x[2:3] for x in problem))
    assert torch.equal(solve(*problem)[2:3], alone)


def test_value_is_unchanged_when_nodes_are_renumbered(make_problem):
    c_v, c_e, edges_s, edges_t = make_problem(40, 6, 2, seed=8)
    value = objective(solve(c_v, c_e, edges_s, edges_t)[:, None], c_v, c_e, edges_s, edges_t)
    order = torch.tensor([3, 0, 5, 1, 4, 2])  # new number of each old node of graph s
    renumbered = torch.empty_like(c_v)
    renumbered[:, order] = c_v
    moved = (renumbered, c_e, order[edges_s], edges_t)
    torch.testing.assert_close(objective(solve(*moved)[:, None], *moved), value, rtol=0, atol=1e-4)


def test_more_search_is_not_worse_and_sixteen_nodes_are_nearly_solved(make_problem):
    problem = make_problem(8, 16, 5, seed=9)
    default = objective(solve(*problem)[:, None], *problem).mean()
    long = objective(solve(*problem, restarts=24, iterations=300)[:, None], *problem).mean()
    assert default >= 0.985 * long
    guess = solve(*problem, restarts=24, iterations=300)
    guessed = objective(solve(*problem, restarts=1, iterations=1, guess=guess)[:, None], *problem).mean()
    assert guessed >= long - 1e-3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"restarts": 0}, "restarts and iterations of at least 1; found 0 and None"),
        ({"iterations": -3}, "found 16 and -3"),
        ({"guess": torch.zeros(2, 5, dtype=torch.int64)}, "must hold a permutation of the 5 nodes"),
        ({"guess": torch.arange(5)[None]}, r"for each of 2 graphs; found shape \(1, 5\)"),
        ({"guess": torch.arange(1, 6).expand(2, -1)}, "out of range"),
    ],
)
def test_a_search_without_a_meaning_is_refused(make_problem, options, message):
    with pytest.raises(ValueError, match=message):
        solve(*make_problem(2, 5, 2, seed=0), **options)


def test_a_number_is_no_problem():
    with pytest.raises(ValueError, match=r"c_v has shape \(\), expected \(graphs, nodes, nodes\)"):
        solve(torch.tensor(1.0))


def test_brute_force_says_what_is_too_large(make_problem):
    with pytest.raises(ValueError, match="12! permutations are too many"):
        solve_brute_force(*make_problem(1, 12, 2, seed=0))


@pytest.mark.parametrize("which", ["vertex", "edge"])
def test_non_finite_affinities_are_refused(make_problem, which):
    c_v, c_e, edges_s, edges_t = make_problem(2, 5, 2, seed=10)
    (c_v if which == "vertex" else c_e)[1, 2, 3] = float("nan")
    with pytest.raises(TrainingError, match=rf"1 of \d+ {which} affinities"):
        solve(c_v, c_e, edges_s, edges_t)
