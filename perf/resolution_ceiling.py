"""Score of a perfect prediction at the input size: how much of a 2D segmentation score resizing alone takes.

The true masks, resized as the input is, stand in for the network's output and are scored on the owner's pixels, as any
test prediction is. A network is not bound to this exactly, since its logits may vary smoothly between pixels.
Run: python perf/resolution_ceiling.py --task drive --task jsrt --data-root DATA [--help]
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

import torch

from bench.core.registry import kinds, tasks
from bench.core.task import Case
from bench.data.dataset import read_data
from bench.data.phantom import ensure_phantom
from bench.data.splits import draw_split
from tasks.kinds.segmentation import Segmentation2D


def perfect_logits(kind: Segmentation2D, case: Case) -> torch.Tensor:
    """Logits (C, S, S) that give back the resized truth of a case."""
    planes = torch.from_numpy(kind.prepare(case)["planes"]).long()
    if kind.sigmoid:
        return (planes == 1).float() * 2 - 1
    return torch.nn.functional.one_hot(planes[0] % 255, len(kind.classes) + 1).permute(2, 0, 1).float()


def ceiling(name: str, cases: Sequence[Case], size: int) -> dict[str, float | None]:
    task = tasks().get(name)
    kind = kinds().get(task.kind)(task, kinds().get(task.kind).settings_class(image_size=size))
    outputs = [
        (perfect_logits(kind, case)[None], torch.from_numpy(kind.prepare(case)["planes"][None])) for case in cases
    ]
    return kind.score(cases, kind.collect(cases, outputs, test=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--task", action="append", help="a 2D segmentation task (default: drive); may be repeated")
    parser.add_argument("--data-root", type=Path, help="default: a phantom")
    parser.add_argument("--size", type=int, action="append", help="input size (default: 64, 96, 160, 224)")
    arguments = parser.parse_args()
    print("| task | test cases | input (px) | Dice of the resized truth |\n|---|---|---|---|")
    for name in arguments.task or ["drive"]:
        data_set = tasks().get(name).data
        with tempfile.TemporaryDirectory() as folder:
            data = read_data(data_set, arguments.data_root or ensure_phantom(data_set, Path(folder)))
            cases = draw_split(data, 0).test
            for size in arguments.size or (64, 96, 160, 224):
                print(f"| {name} | {len(cases)} | {size} | {100 * (ceiling(name, cases, size)['dice'] or 0):.1f} |")


if __name__ == "__main__":
    main()
