"""The Triton kernel without a GPU: interpreted on the CPU against the torch reference, and compiled for two GPUs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

triton = pytest.importorskip("triton", reason="triton is not installed: it comes with torch for CUDA")


def version(module) -> tuple[int, ...]:
    return tuple(int(part) for part in module.__version__.split(".")[:2])


OLD_INTERPRETER = version(triton) < (3, 7) and version(np) >= (2, 4)

INTERPRET = """
import json, sys
import torch
from methods.lvmmed.graph import knn_graph
from methods.lvmmed.solver import solve

same = {}
for nodes, neighbours in ((2, 1), (5, 3), (12, 4)):
    torch.manual_seed(nodes)
    z_s, z_t = torch.randn(2, 2, nodes, 8)
    edges = knn_graph(z_s, neighbours), knn_graph(z_t, neighbours)
    c_v = torch.randn(2, nodes, nodes, dtype=torch.float64)
    c_e = torch.randn(2, edges[0].shape[1], edges[1].shape[1], dtype=torch.float64)
    found = [solve(c_v, c_e, *edges, restarts=2, iterations=12, agree=2, backend=b) for b in ("triton", "torch")]
    same[nodes] = torch.equal(*found) and found[0].sort(1).values.tolist() == [list(range(nodes))] * 2
print(json.dumps(same))
"""
"""Every node count has padding but 2; twelve swaps of twelve nodes block some and free some again."""

COMPILE = """
import json
import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource
from methods.lvmmed.tabu_triton import _search, warps

types = {"c_v": "*fp32", "c_e": "*fp32", "values": "*fp32", "tolerance": "constexpr", "tile": "constexpr"}
pointers = ("numbers_s", "numbers_t", "starts", "tenures", "found")
counts = ("iterations", "restarts", "nodes", "count_s", "count_t")
types |= dict.fromkeys(pointers, "*i32") | dict.fromkeys(counts, "i32")
sizes = []
for capability, tile in ((80, 16), (90, 16), (90, 32), (90, 64)):
    settings = {"tolerance": 1e-6, "tile": tile}
    source = ASTSource(_search, {n: types[n] for n in _search.arg_names}, constexprs=settings)
    target = GPUTarget("cuda", capability, 32)
    built = triton.compile(source, target=target, options={"num_warps": warps(tile)})
    sizes.append(len(built.asm["cubin"]))
print(json.dumps(sizes))
"""


def run(script: str, folder, **environment: str) -> Any:
    """Triton reads how to run when it is imported, so that each way needs a process of its own."""
    env = {**os.environ, "TRITON_CACHE_DIR": str(folder), **environment}
    done = subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
@pytest.mark.skipif(OLD_INTERPRETER, reason="the interpreter of triton before 3.7 does not work with numpy 2.4")
def test_interpreted_kernel_finds_what_the_reference_finds(tmp_path):
    assert run(INTERPRET, tmp_path, TRITON_INTERPRET="1") == {"2": True, "5": True, "12": True}


@pytest.mark.slow
def test_kernel_compiles_for_data_centre_gpus_without_one(tmp_path):
    sizes = run(COMPILE, tmp_path, TRITON_INTERPRET="0")
    assert len(sizes) == 4, "16 nodes for both, 32 and 64 for one"
    assert all(size > 10_000 for size in sizes)
