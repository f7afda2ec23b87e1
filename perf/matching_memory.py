"""Peak memory and CPU time of the matching layer at the paper's batch: 200 graphs of 16 nodes, and of N = 64.

Peak is the growth of the resident set during forward and backward, sampled every millisecond, over that before; the
affinities themselves and their gradients are stated beside it. Run: python perf/matching_memory.py [threads].
"""

import sys
import threading
import time
from collections.abc import Callable

import psutil
import torch

from methods.lvmmed import GraphMatching, hamming_distance
from methods.lvmmed.affinity import local_similarity
from methods.lvmmed.graph import knn_graph

MIB = 2**20


def peak_growth(work: Callable[[], None]) -> tuple[float, float]:
    """MiB by which the process grew at most while it worked, and seconds of CPU."""
    process = psutil.Process()
    before = peak = process.memory_info().rss
    done = threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.001):
            peak = max(peak, process.memory_info().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    start = time.process_time()
    work()
    seconds = time.process_time() - start
    done.set()
    watcher.join()
    return (peak - before) / MIB, seconds


def matching(graphs: int, nodes: int) -> str:
    z_s, z_t = torch.randn(2, graphs, nodes, 128)
    edges_s, edges_t = knn_graph(z_s, 5), knn_graph(z_t, 5)
    c_v = torch.randn(graphs, nodes, nodes, requires_grad=True)
    c_e = torch.randn(graphs, 5 * nodes, 5 * nodes, requires_grad=True)

    def work() -> None:
        v = GraphMatching()(c_v, c_e, edges_s, edges_t)
        hamming_distance(v, torch.eye(nodes)).mean().backward()

    mebibytes, seconds = peak_growth(work)
    return f"| matching, {graphs} graphs, N = {nodes} | {c_e.nbytes / MIB:.0f} | {mebibytes:.0f} | {seconds:.2f} |"


def local(graphs: int) -> str:
    maps = [torch.randn(graphs, 16, 49, 2048).relu().requires_grad_() for _ in range(2)]
    centres = torch.rand(2, graphs, 16, 49, 2)
    mebibytes, seconds = peak_growth(lambda: local_similarity(*maps, *centres, top=20).sum().backward())
    inputs = sum(x.nbytes for x in maps) / MIB
    return f"| local similarity, {graphs} graphs, 7 x 7 x 2048 | {inputs:.0f} | {mebibytes:.0f} | {seconds:.2f} |"


def main() -> None:
    torch.set_num_threads(int(sys.argv[1]) if len(sys.argv) > 1 else 2)
    matching(2, 8)  # compiles, or loads what is compiled
    print("| forward and backward | inputs (MiB) | peak growth (MiB) | CPU seconds |\n|---|---|---|---|")
    for row in (lambda: matching(200, 16), lambda: matching(50, 64), lambda: local(4)):
        print(row(), flush=True)


if __name__ == "__main__":
    main()
