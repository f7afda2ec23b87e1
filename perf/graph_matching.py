"""Value and time of the second-order matching solver against simpler ones, on random problems like those in training.

Problems: n nodes, features N(0, 1) in 128 dimensions, second view = first + N(0, 1) noise, randomly permuted; k nearest
neighbours as directed edges; vertex affinity = cosine, edge affinity = cosine of feature differences; Gumbel(0, 1)
noise added to all. Run: python perf/graph_matching.py [number of problems].
"""

import sys
import time
from collections.abc import Callable

import torch
from torch import Tensor

from methods.lvmmed.affinity import cosine_matrix, edge_affinity
from methods.lvmmed.graph import knn_graph
from methods.lvmmed.imle import Matcher
from methods.lvmmed.solver import objective, solve, solve_brute_force, solve_linear

Problem = tuple[Tensor, Tensor, Tensor, Tensor]


def problems(count: int, nodes: int, neighbours: int, seed: int = 0) -> Problem:
    torch.manual_seed(seed)
    first = torch.randn(count, nodes, 128)
    shuffled = torch.rand(count, nodes).argsort(1)
    second = (first + torch.randn_like(first)).gather(1, shuffled[..., None].expand_as(first))
    edges = knn_graph(first, neighbours), knn_graph(second, neighbours)
    noise = Matcher()
    c_v = noise.perturb(cosine_matrix(first, second))
    return c_v, noise.perturb(edge_affinity(first, second, *edges)), *edges


def measure(solver: Callable[[Problem], Tensor], given: Problem) -> tuple[Tensor, float]:
    start = time.perf_counter()
    found = solver(given)
    milliseconds = (time.perf_counter() - start) * 1000 / len(given[0])
    return objective(found[:, None], *given)[:, 0], milliseconds


def table(title: str, solvers: dict[str, Callable[[Problem], Tensor]], given: Problem) -> None:
    results = {name: measure(solver, given) for name, solver in solvers.items()}
    best = torch.stack([value for value, _ in results.values()]).max(0).values
    print(f"\n{title}\n\n| solver | mean value | gap to best found | solved to best | ms per problem |")
    print("|---|---|---|---|---|")
    for name, (value, milliseconds) in results.items():
        gap = float(((best - value) / best).mean())
        hit = float((value >= best - 1e-4).float().mean())
        print(f"| {name} | {value.mean():.2f} | {gap:.2%} | {hit:.0%} | {milliseconds:.1f} |")


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    tabu = {"tabu search, as in training (8 x 100)": lambda p: solve(*p)}
    linear = {"linear assignment of vertices alone": lambda p: solve_linear(p[0])}
    exact = {"brute force": lambda p: solve_brute_force(*p)}
    longer = {"tabu search, 64 x 2000": lambda p: solve(*p, restarts=64, iterations=2000)}
    print(f"{count} problems, {torch.get_num_threads()} threads")
    table("n = 6, k = 3", linear | tabu | exact, problems(count, 6, 3))
    table("n = 16, k = 5", linear | tabu | longer, problems(count, 16, 5))


if __name__ == "__main__":
    main()
