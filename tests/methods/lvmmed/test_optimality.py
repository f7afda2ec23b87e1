from __future__ import annotations

import itertools
from unittest.mock import patch

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from methods.lvmmed.imle import Matcher, hamming_distance, match
from methods.lvmmed.optimality import nearest_if_best
from methods.lvmmed.solver import objective, solve, solve_brute_force
from tests.methods.lvmmed.conftest import random_problem


def moved(problem, lambda_):
    """The problem that Algorithm 1 solves second, for the Hamming distance to the identity."""
    c_v, *rest = problem
    return (c_v - lambda_ * (1 - 2 * torch.eye(c_v.shape[1], dtype=c_v.dtype)), *rest)


@settings(max_examples=60, deadline=None)
@given(nodes=st.integers(2, 6), seed=st.integers(0, 10**6), lambda_=st.floats(0.1, 60), dtype=st.sampled_from((32, 64)))
def test_what_is_proven_is_the_only_best_of_all_permutations(nodes, seed, lambda_, dtype):
    problem = random_problem(4, nodes, min(3, nodes - 1), seed, getattr(torch, f"float{dtype}"))
    problem = moved(problem, lambda_)
    place, proven = nearest_if_best(*problem)
    best = solve_brute_force(*problem)
    assert torch.equal(place[proven], best[proven])
    assert torch.equal(solve(*problem)[proven], place[proven])
    every = torch.tensor(list(itertools.permutations(range(nodes)))).expand(4, -1, -1)
    first, second = objective(every, *problem).topk(2, dim=1).values.unbind(1)
    assert (first[proven] > second[proven]).all()


@pytest.mark.parametrize(("lambda_", "share"), [(80.0, 1.0), (0.1, 0.0)])
def test_a_large_lambda_is_always_proven_and_a_small_one_never(lambda_, share):
    problem = moved(random_problem(50, 16, 5, seed=3), lambda_)
    problem = (problem[0], 0.3 * problem[1], *problem[2:])
    _, proven = nearest_if_best(*problem)
    assert proven.float().mean() == share


def test_edges_that_outweigh_the_vertices_are_not_proven():
    """Swapping both nodes loses 2 at the vertices and gains 3 at the edge: the nearest places are not the best."""
    c_v = torch.tensor([[[1.0, 0.0], [0.0, 1.0]]])
    edges_s, edges_t = torch.tensor([[[0, 1]]]), torch.tensor([[[1, 0]]])
    for weight, expected in ((3.0, [1, 0]), (0.5, [0, 1])):
        problem = (c_v, torch.full((1, 1, 1), weight), edges_s, edges_t)
        place, proven = nearest_if_best(*problem)
        assert place.tolist() == [[0, 1]]
        assert proven.tolist() == [weight == 0.5]
        assert solve_brute_force(*problem).tolist() == [expected]


def test_places_that_repeat_are_not_proven():
    c_v = torch.tensor([[[9.0, 0.0], [9.0, 1.0]]])
    edges = torch.tensor([[[0, 1]]])
    _, proven = nearest_if_best(c_v, torch.full((1, 1, 1), 0.1), edges, edges)
    assert proven.tolist() == [False]


def gradients(problem, matcher, weights):
    vertex, edge = (x.clone().requires_grad_() for x in problem[:2])
    torch.manual_seed(7)
    v = match(vertex, edge, *problem[2:], matcher)
    (hamming_distance(v, torch.eye(v.shape[1])) * weights).sum().backward()
    return vertex.grad, edge.grad


@pytest.mark.parametrize("nodes", [2, 8, 16])
@pytest.mark.parametrize("lambda_", [0.5, 5.0, 12.0, 80.0])
@pytest.mark.parametrize("samples", [1, 3])
def test_gradients_are_those_of_two_searches_to_the_bit(nodes, lambda_, samples):
    problem = random_problem(20, nodes, min(5, nodes - 1), seed=nodes)
    weights = torch.rand(20, generator=torch.Generator().manual_seed(0))
    matcher = Matcher(lambda_=lambda_, gumbel_scale=0.3, samples=samples, restarts=4)
    quick = gradients(problem, matcher, weights)
    with patch.object(Matcher, "solve_moved", Matcher.solve):
        searched = gradients(problem, matcher, weights)
    for one, other in zip(quick, searched, strict=True):
        assert torch.equal(one.view(torch.int32), other.view(torch.int32))


def test_some_graphs_of_a_batch_are_searched_and_the_others_not(monkeypatch):
    problem = random_problem(40, 8, 3, seed=1)
    searched = []
    own = Matcher.solve

    def counted(self, c_v, c_e, edges, guess):
        searched.append(len(c_v))
        return own(self, c_v, c_e, edges, guess)

    monkeypatch.setattr(Matcher, "solve", counted)
    gradients(problem, Matcher(lambda_=9.0, gumbel_scale=0.0), torch.ones(40))
    first, second = searched
    assert first == 40
    assert 0 < second < 40
