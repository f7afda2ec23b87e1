"""Time of LVM-Med's matching layer where what it would search for second is proven instead, and where it is searched.

Problems as in training: 4 graphs of 16 nodes with 5 neighbours a step (the `quick` budget), 200 graphs (the paper's),
features N(0, 1) in 128 dimensions, second view = first + N(0, 1) noise, cosines as affinities, Gumbel noise of the
scales of `quick` (0.1) and of the paper (1). *Proven*: share of the graphs that need no second search.
The gradients of both are compared to the bit before anything is timed. Times are the least of the repeats, forward and
backward. Run: python perf/second_search.py [--threads 1] [--repeats 5] [--graphs 4 200].
"""

import argparse
import time
from unittest.mock import patch

import torch
from torch import Tensor

from methods.lvmmed.affinity import cosine_matrix, edge_affinity
from methods.lvmmed.graph import knn_graph
from methods.lvmmed.imle import Matcher, hamming_distance, match
from methods.lvmmed.optimality import nearest_if_best

NODES, NEIGHBOURS = 16, 5
Problem = tuple[Tensor, Tensor, Tensor, Tensor]


def problems(count: int) -> Problem:
    torch.manual_seed(0)
    first = torch.randn(count, NODES, 128)
    second = first + torch.randn(count, NODES, 128)
    edges_s, edges_t = knn_graph(first, NEIGHBOURS), knn_graph(second, NEIGHBOURS)
    return cosine_matrix(first, second), edge_affinity(first, second, edges_s, edges_t), edges_s, edges_t


def step(given: Problem, matcher: Matcher) -> tuple[Tensor, Tensor, float]:
    """Gradients, and the seconds of a forward and a backward pass, with the same noise every time."""
    torch.manual_seed(1)
    c_v, c_e = (x.clone().requires_grad_() for x in given[:2])
    start = time.perf_counter()
    hamming_distance(match(c_v, c_e, *given[2:], matcher), torch.eye(NODES)).mean().backward()
    return c_v.grad, c_e.grad, time.perf_counter() - start


def proven(given: Problem, matcher: Matcher) -> float:
    torch.manual_seed(1)
    c_v, c_e = (matcher.perturb(x) for x in given[:2])
    moved = c_v - matcher.lambda_ * (1 - 2 * torch.eye(NODES))
    return float(nearest_if_best(moved, c_e, *given[2:])[1].float().mean())


def row(given: Problem, matcher: Matcher, repeats: int) -> str:
    before, after = [], []
    for _ in range(repeats):  # in turns, so that other work on the machine is in both
        after.append(step(given, matcher))
        with patch.object(Matcher, "solve_moved", Matcher.solve):
            before.append(step(given, matcher))
    same = all(torch.equal(a, b) for a, b in zip(after[0][:2], before[0][:2], strict=True))
    if not same:
        raise SystemExit("The gradients differ.")
    old, new = (1000 * min(seconds for *_, seconds in several) for several in (before, after))
    share = proven(given, matcher)
    return (
        f"| {len(given[0])} | {matcher.gumbel_scale:g} | {matcher.lambda_:g} | {share:.0%} | {old:.1f} | {new:.1f} "
        f"| {old / new:.2f} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--graphs", type=int, nargs="*", default=[4, 200])
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    step(problems(1), Matcher())  # compiles, or loads what is compiled
    print(
        "| graphs | noise | lambda | proven | ms, two searches | ms, proof first | times as fast |\n" + "|---" * 7 + "|"
    )
    for count in given.graphs:
        drawn = problems(count)
        for scale in (0.1, 1.0):
            for lambda_ in (1.0, 2.0, 5.0, 20.0, 80.0):
                print(row(drawn, Matcher(lambda_=lambda_, gumbel_scale=scale), given.repeats), flush=True)


if __name__ == "__main__":
    main()
