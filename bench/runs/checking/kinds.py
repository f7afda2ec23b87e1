"""Is a task kind sound: prepare, head, loss, prediction and score on a few cases of a task's data."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from bench.core.cache_folder import default_cache
from bench.core.errors import PluginError
from bench.core.kind import TaskKind
from bench.core.plugins.checks import check_kind_class
from bench.core.registry import tasks
from bench.core.task import Case, Task
from bench.data.dataset import Data, read_data
from bench.data.phantom import ensure_phantom
from bench.engine.kept import keep_cases, name_contents
from bench.engine.seeding import seeded
from bench.evaluation.adapted_model import AdaptedModel
from bench.models.build import build_backbone
from bench.results.case_table import case_table
from bench.runs.checking.blame import Checked, blaming, require

_DOCS = "See docs/add_a_kind.md."
_CASES = 4


def check_kind(cls: type[TaskKind], task: Task | None = None) -> Checked:
    """All checks of a kind on a task of it; default: the first known one whose data set has a phantom.

    Raises:
        PluginError: the first mistake, with the class and the fix.
        DataError: the task's data cannot be read.
    """
    check_kind_class(cls, cls.__module__)
    task = task or _task_of(cls)
    check_on_data(cls, task, read_data(task.data, ensure_phantom(task.data, default_cache())))
    passed = (
        "name, metrics and settings; settings have defaults, quick is among them",
        f"prepare, data sets, head, loss, prediction and score on cases of {task.name}",
    )
    return Checked("kind", cls.name, passed)


def _task_of(cls: type[TaskKind]) -> Task:
    known = tasks().working().values()
    found = next((t for t in known if t.kind == cls.name and t.data.phantom), None)
    if found is None:
        raise PluginError(
            f"{cls.__name__}: no known task of the kind {cls.name!r} has a phantom to check it on. Give one: "
            "check_kind(cls, task), or a task in the plugin file whose DataSet.phantom writes a few cases."
        )
    return found


def check_on_data(cls: type[TaskKind], task: Task, data: Data, backbone: str = "resnet18") -> None:
    """Take a few cases of a data set through a kind. Raises `PluginError` or `DataError`."""
    settings = cls.settings_class.model_validate({**task.settings, **cls.quick})
    with blaming(cls, "__init__", _DOCS):
        kind = cls(task, settings)
    cases = _few(data.cases)
    _require_prepared(kind, cases)
    keep_cases(kind, name_contents(data))
    with seeded(0):
        network, train = _network(kind, backbone), _items(kind, cases, train=True)
        images, target = next(iter(DataLoader(train, batch_size=min(2, len(train)))))
        with blaming(cls, "training_loss", _DOCS):
            loss = kind.training_loss(network, images, target)
        _require_loss(cls, loss, network)
    _require_scores(kind, cases, network)


def _few(cases: Sequence[Case]) -> list[Case]:
    places = np.linspace(0, len(cases) - 1, min(_CASES, len(cases))).astype(int)
    return [cases[i] for i in dict.fromkeys(places.tolist())]


def _require_prepared(kind: TaskKind, cases: Sequence[Case]) -> None:
    parts: set[str] = set()
    for case in cases:
        with blaming(kind, f"prepare({case.id!r})", _DOCS):
            found: Any = kind.prepare(case)
        what = f".prepare gave a {type(found).__name__}, expected a dict of NumPy arrays"
        arrays = isinstance(found, Mapping) and found and all(isinstance(a, np.ndarray) for a in found.values())
        require(arrays, kind, what, f"Everything that is kept is an array, of any shape. {_DOCS}")
        parts = parts or set(found)
        what = f".prepare gave the parts {sorted(found)} for {case.id} and {sorted(parts)} for {cases[0].id}"
        require(parts == set(found), kind, what, f"Give the same parts for every case. {_DOCS}")
    with blaming(kind, "prepare", _DOCS), seeded(1):
        again = kind.prepare(cases[0])
    with seeded(2):
        other = kind.prepare(cases[0])
    same = all(np.array_equal(again[name], other[name], equal_nan=again[name].dtype.kind == "f") for name in again)
    advice = f"It must be a function of the case; draw in `dataset(cases, train=True)` alone. {_DOCS}"
    require(same, kind, ".prepare gives other arrays for the same case", advice)


def _network(kind: TaskKind, backbone: str) -> nn.Module:
    with blaming(kind, "adapt_backbone", _DOCS):
        encoder = kind.adapt_backbone(build_backbone(backbone), frozen=False)
    with blaming(kind, "build_head", f"It takes the backbone and returns a torch.nn.Module. {_DOCS}"):
        head = kind.build_head(encoder)
    require(isinstance(head, nn.Module), kind, f".build_head gave a {type(head).__name__}, no torch.nn.Module", _DOCS)
    return AdaptedModel(encoder, head, frozen=False)


def _items(kind: TaskKind, cases: Sequence[Case], *, train: bool) -> Any:
    with blaming(kind, f"dataset(cases, train={train})", _DOCS):
        items = kind.dataset(cases, train=train)
        image = items[0][0]
    shown = tuple(image.shape) if isinstance(image, Tensor) else f"a {type(image).__name__}"
    what = f".dataset gives images of {shown}, expected a float tensor (3, H, W)"
    good = isinstance(image, Tensor) and image.ndim == 3 and len(image) == 3 and image.is_floating_point()
    require(good, kind, what, f"Normalise them with bench.engine.images.normalise. {_DOCS}")
    what = f".dataset gives images from {float(image.min()):.3g} to {float(image.max()):.3g}, not ImageNet-normalised"
    require(-10 < float(image.min()) < 0.5 and float(image.max()) < 10, kind, what, _DOCS)
    return items


def _require_loss(cls: type[TaskKind], loss: Any, network: nn.Module) -> None:
    good = isinstance(loss, Tensor) and loss.ndim == 0
    require(good, cls, ".loss gave no scalar tensor", f"Reduce it to one number, as value.mean(). {_DOCS}")
    require(torch.isfinite(loss), cls, f".loss gave {float(loss.detach())}, which is not finite", _DOCS)
    require(loss.requires_grad, cls, ".loss is detached: it requires no gradient", _DOCS)
    loss.backward()
    reached = any(p.grad is not None for p in network.parameters())
    require(reached, cls, ".loss reaches no parameter of head or encoder", _DOCS)


def _require_scores(kind: TaskKind, cases: Sequence[Case], network: nn.Module) -> None:
    items = _items(kind, cases, train=False)
    network.eval()
    loader = DataLoader(items, batch_size=max(kind.evaluation_batch, 1))
    with blaming(kind, "predict or collect", _DOCS), torch.no_grad():
        batches = [(network(images), target) for images, target in loader]
        predictions = kind.collect(cases, batches, test=True)
    what = f".collect gave {len(predictions)} entries for {len(cases)} cases"
    require(len(predictions) == len(cases), kind, what, f"One entry for each case, in their order. {_DOCS}")
    with blaming(kind, "score", _DOCS):
        scores: Any = kind.score(cases, predictions)
    require(isinstance(scores, Mapping), kind, f".score gave a {type(scores).__name__}, expected a dict", _DOCS)
    metric = kind.task.metric
    what = f".score gave {', '.join(map(str, scores))}, and not {metric}, the metric of {kind.task.name}"
    require(metric in scores, kind, what, f"Give every name in `metrics`, None where it is undefined. {_DOCS}")
    for name, value in scores.items():
        good = value is None or (isinstance(value, int | float) and math.isfinite(value))
        require(good, kind, f".score gave {name}={value!r}", f"Give a finite float, or None. {_DOCS}")
    with blaming(kind, "case_columns", _DOCS):
        columns = kind.case_columns(cases, predictions)
        case_table(columns)
    wrong = [name for name, column in columns.items() if len(column) != len(cases)]
    wrong = [name for name in wrong if not isinstance(columns[name], Mapping)]
    require(not wrong, kind, f".case_columns gave {wrong} of another length than the cases", _DOCS)
