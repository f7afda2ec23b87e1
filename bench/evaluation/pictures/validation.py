"""A picture of what an adapted model makes of some validation cases, for its log."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.utils.data import Dataset, TensorDataset

from bench.core.kind import TaskKind
from bench.core.task import Case
from bench.data.splits import SplitCases
from bench.engine.loaders import evaluation_loader
from bench.evaluation.pictures.sheet import draw_sheet

MOST = 4
"""Cases of a picture; one where a case is a volume."""
NAME = "predictions"
"""Of the picture in a log."""


def shown_cases(kind: TaskKind, cases: Sequence[Case]) -> list[int]:
    """Indices of the cases that a picture shows, evenly spread; none where the kind draws none."""
    if type(kind).show is TaskKind.show or not cases:
        return []
    most = min(1 if kind.memory_mapped else MOST, len(cases))
    return [round(i * (len(cases) - 1) / max(most - 1, 1)) for i in range(most)]


def picture_of(kind: TaskKind, cases: Sequence[Case], collect: Callable[[Path], np.ndarray]) -> Image.Image | None:
    """A row for each case: image, truth, prediction and score; None where the kind draws none.

    `collect` gives the predictions, as `TaskKind.collect` does, and saves what is worth a file to the folder that it
    gets, which is there for so long only.
    """
    if not cases:
        return None
    with tempfile.TemporaryDirectory() as folder:
        predictions = collect(Path(folder))
        scores = kind.case_scores(cases, predictions)
        rows = []
        for case, prediction, score in zip(cases, predictions, scores, strict=True):
            shown = kind.show(case, prediction, Path(folder))
            text = "undefined" if score is None else f"{score:.3f}"
            if shown is not None:
                rows.append(([case.id, f"{kind.case_score_name} {text}"], shown))
        return draw_sheet(rows, kind.legend) if rows else None


@torch.inference_mode()
def picture_of_model(
    kind: TaskKind, split: SplitCases, data: Mapping[str, Dataset[Any]], model: nn.Module
) -> Image.Image | None:
    """Some validation cases as a model predicts them from images, or from embeddings where `data` has those."""
    shown, known = shown_cases(kind, split.validation), data["validation"]
    cases = [split.validation[i] for i in shown]
    device = next(model.parameters()).device
    model.eval()

    def collect(folder: Path) -> np.ndarray:
        some = TensorDataset(*known[shown]) if isinstance(known, TensorDataset) else kind.dataset(cases, train=False)
        loader = evaluation_loader(some, kind.evaluation_batch, 0, device, torch.Generator())
        batches = ((model(inputs.to(device)), target) for inputs, target in loader)
        return kind.collect(cases, batches, test=True, save=folder)

    return picture_of(kind, cases, collect)
