"""Value and time of the second-order matching solver against others, on random problems like those in training.

Problems: n nodes, features N(0, 1) in 128 dimensions, second view = first + N(0, 1) noise, randomly permuted; k nearest
neighbours as directed edges; vertex affinity = cosine, edge affinity = cosine of feature differences; Gumbel(0, 1)
noise added to all. Best known is the best value any row found. Times are the least of the repeats:
elapsed, and of the CPU in all threads, which says what elapsed time is on a machine that does nothing else;
pygmtools and pylibmgm are compared where they are installed. With a GPU, rows of it follow, in batches of 200.
Run: python perf/graph_matching.py [--count 50] [--threads 2] [--repeats 5] [--sizes 6 8 16 32 64].
"""

import argparse
import functools
import time
from collections.abc import Callable

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from methods.lvmmed import GraphMatching, hamming_distance
from methods.lvmmed.affinity import cosine_matrix, edge_affinity
from methods.lvmmed.graph import knn_graph
from methods.lvmmed.imle import Matcher
from methods.lvmmed.solver import Backend, default_iterations, objective, solve, solve_brute_force, solve_linear

Problem = tuple[Tensor, Tensor, Tensor, Tensor]
Solver = Callable[[Problem], Tensor]
HEAD = (
    "| n, k | solver | mean value | gap to best known | solved to best | ms per problem | CPU ms |\n"
    "|---|---|---|---|---|---|---|"
)


def problems(count: int, nodes: int, neighbours: int, seed: int = 0) -> Problem:
    torch.manual_seed(seed)
    first = torch.randn(count, nodes, 128)
    shuffled = torch.rand(count, nodes).argsort(1)
    second = (first + torch.randn_like(first)).gather(1, shuffled[..., None].expand_as(first))
    edges = knn_graph(first, neighbours), knn_graph(second, neighbours)
    noise = Matcher()
    c_v = noise.perturb(cosine_matrix(first, second))
    return c_v, noise.perturb(edge_affinity(first, second, *edges)), *edges


def rrwm(given: Problem) -> Tensor:
    """Reweighted random walks of pygmtools on the dense (N^2, N^2) affinity matrix, rounded by linear assignment."""
    import pygmtools

    c_v, c_e, edges_s, edges_t = given
    nodes = torch.full((len(c_v),), c_v.shape[1])
    affinity = dense(c_v, c_e, edges_s, edges_t)
    soft = pygmtools.rrwm(affinity, nodes, nodes, backend="pytorch")
    return solve_linear(soft)


def dense(c_v: Tensor, c_e: Tensor, edges_s: Tensor, edges_t: Tensor) -> Tensor:
    """Symmetric affinity matrix (G, N^2, N^2); i at a has the number a * N + i, as in pygmtools."""
    graphs, nodes, _ = c_v.shape
    row = edges_t[:, None, :, 0] * nodes + edges_s[:, :, None, 0]
    column = edges_t[:, None, :, 1] * nodes + edges_s[:, :, None, 1]
    flat = torch.zeros(graphs, nodes**4).scatter_(1, (row * nodes**2 + column).flatten(1), c_e.flatten(1))
    matrix = flat.view(graphs, nodes**2, nodes**2)
    return (matrix + matrix.mT) / 2 + torch.diag_embed(c_v.mT.flatten(1))


def mgm(given: Problem) -> Tensor:
    """`solve_gm` of pylibmgm, one problem after the other, building the model included; it minimises."""
    import pylibmgm

    found = []
    for c_v, c_e, edges_s, edges_t in zip(*(x.tolist() for x in given), strict=True):
        nodes = len(c_v)
        model = pylibmgm.GmModel(
            pylibmgm.Graph(0, nodes), pylibmgm.Graph(1, nodes), nodes * nodes, len(edges_s) * len(edges_t)
        )
        for i in range(nodes):
            for a in range(nodes):
                model.add_assignment(i, a, -c_v[i][a])
        pair = {}
        for (i, j), row in zip(edges_s, c_e, strict=True):
            for (a, b), value in zip(edges_t, row, strict=True):
                key = (i, a, j, b) if i < j else (j, b, i, a)  # both directions of a pair are one term
                pair[key] = pair.get(key, 0.0) - value
        for (i, a, j, b), value in pair.items():
            model.add_edge(i, a, j, b, value)
        found.append(complete(list(pylibmgm.solver.solve_gm(model).labeling()), c_v))
    return torch.tensor(found)


def complete(labels: list[int], c_v: list[list[float]]) -> list[int]:
    """Match the nodes that a solver left out (not 0 to n - 1) to the free ones, best by vertex affinities."""
    nodes = range(len(labels))
    open_s = [i for i in nodes if labels[i] not in nodes]
    open_t = [a for a in nodes if a not in labels]
    if not open_s:
        return labels
    for row, column in zip(*linear_sum_assignment([[-c_v[i][a] for a in open_t] for i in open_s]), strict=True):
        labels[open_s[row]] = open_t[column]
    return labels


def table(title: str, solvers: dict[str, Solver], given: Problem, repeats: int) -> None:
    values, times = {}, {}
    for name, solver in solvers.items():
        seconds = []
        wait = torch.cuda.synchronize if given[0].is_cuda else lambda: None
        for _ in range(1 if "brute" in name or "long" in name or "torch" in name else repeats):
            wait()
            start = time.perf_counter(), time.process_time()
            found = solver(given)
            wait()
            seconds.append((time.perf_counter() - start[0], time.process_time() - start[1]))
        values[name] = objective(found[:, None], *given)[:, 0].double()
        times[name] = [min(least) * 1000 / len(given[0]) for least in zip(*seconds, strict=True)]
    best = torch.stack(list(values.values())).max(0).values
    for name, value in values.items():
        gap = float((1 - value / best).mean())
        hit = float((value >= best - 1e-3).float().mean())
        elapsed, busy = times[name]
        quality = f"{value.mean():.2f} | {gap:.2%} | {hit:.0%}"
        print(f"| {title} | {name} | {quality} | {elapsed:.2f} | {busy:.2f} |", flush=True)


def gpu_tables(sizes: list[int], repeats: int) -> None:
    """Rows of the GPU beside those of the CPU on the same problems, 200 at once; one machine, so times compare."""
    print(f"\n200 problems at once on {torch.cuda.get_device_name()}, the CPU beside it:\n\n{HEAD}")
    backends: tuple[Backend, ...] = ("triton", "torch")
    for nodes in (n for n in sizes if n > 8):
        given = problems(200, nodes, 5)
        on_gpu = given[0].cuda(), given[1].cuda(), given[2].cuda(), given[3].cuda()
        table(f"{nodes}, 5", {"ours (numba)": solve_all}, given, 1)
        rows = {f"ours ({b}, GPU)": functools.partial(solve_all, backend=b) for b in backends}
        for solver in rows.values():
            solver(on_gpu)  # compiles
        table(f"{nodes}, 5", rows, on_gpu, repeats)
    print(f"\nLayer on the GPU, forward and backward, {layer(200, repeats, 'cuda')}.")


def solve_all(given: Problem, backend: Backend | None = None) -> Tensor:
    return solve(*given, backend=backend)


def others() -> dict[str, Solver]:
    rows: dict[str, Solver] = {}
    for name, module, solver in (("pygmtools RRWM", "pygmtools", rrwm), ("pylibmgm solve_gm", "pylibmgm", mgm)):
        try:
            __import__(module)
        except ImportError:
            print(f"({module} is not installed: no row)")
        else:
            rows[name] = solver
    return rows


def layer(graphs: int, repeats: int, device: str = "cpu") -> str:
    """Milliseconds of the layer's forward and backward pass on a batch of graphs of 16 nodes."""
    c_v, c_e, edges_s, edges_t = (x.to(device) for x in problems(graphs, 16, 5))
    c_v, c_e = c_v.requires_grad_(), c_e.requires_grad_()
    matching, true = GraphMatching(gumbel_scale=0.0), torch.eye(16, device=device)  # the problems hold their noise
    times, busy = [], []
    for _ in range(repeats):
        start, start_busy = time.perf_counter(), time.process_time()
        loss = hamming_distance(matching(c_v, c_e, edges_s, edges_t), true).mean()
        loss.item()  # waits for the device
        middle = time.perf_counter()
        loss.backward()
        c_v.grad.sum().item()
        times.append((time.perf_counter() - start, middle - start))
        busy.append(time.process_time() - start_busy)
    total, forward = min(times)
    return (
        f"{graphs} graphs: {total * 1000:.0f} ms, of which the forward pass {forward * 1000:.0f} ms; "
        f"{min(busy) * 1000:.0f} ms of CPU"
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    for name, default in (("count", 50), ("threads", 2), ("repeats", 5)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--sizes", type=int, nargs="*", default=[6, 8, 16, 32, 64])
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    solve(*problems(1, 8, 5))  # compiles, or loads what is compiled
    ours: dict[str, Solver] = {"ours (numba), as in training": lambda p: solve(*p)}
    long: dict[str, Solver] = {
        "ours, long search": lambda p: solve(
            *p, restarts=64, iterations=10 * default_iterations(p[0].shape[1]), agree=65
        )
    }
    linear: dict[str, Solver] = {"linear assignment of vertices alone": lambda p: solve_linear(p[0])}
    exact: dict[str, Solver] = {"brute force": lambda p: solve_brute_force(*p)}
    reference: dict[str, Solver] = {"ours (torch reference)": lambda p: solve(*p, backend="torch")}
    print(f"{given.count} problems (n = 8 by brute force: 5; n = 32: 16; n = 64: 4), {given.threads} threads\n")
    compared = others()
    print(HEAD)
    count = given.count
    rows = {
        6: (3, count, linear | ours | exact),
        8: (5, 5, ours | exact),
        16: (5, count, ours | long | compared | reference | linear),
        32: (5, 16, ours | long),
        64: (5, 4, ours | long),
    }
    for nodes in given.sizes:
        neighbours, number, solvers = rows[nodes]
        table(f"{nodes}, {neighbours}", solvers, problems(number, nodes, neighbours), given.repeats)
    print(f"\nLayer, forward and backward, {layer(200, given.repeats)}.")
    if torch.cuda.is_available():
        gpu_tables(given.sizes, given.repeats)


if __name__ == "__main__":
    main()
