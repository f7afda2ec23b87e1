"""An adapted model taken up again, and its predictions for any cases of its kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import stack_module_state
from torch.utils.data import DataLoader

from bench.core.console import Report
from bench.core.errors import StorageError
from bench.core.kind import TaskKind
from bench.core.task import Case
from bench.engine.compute import Compute, pick_device
from bench.engine.datasets import fill
from bench.engine.loaders import evaluation_loader, pick_workers
from bench.evaluation.adaptation import Adaptation, Draw
from bench.evaluation.adapted_model import AdaptedModel, EmbeddingHead
from bench.evaluation.embeddings import embed_cases
from bench.evaluation.heads import build_head
from bench.evaluation.kept.adapted import Adapted, part_of
from bench.evaluation.mlp_probe import build_mlp, run_heads
from bench.evaluation.neighbours import vote_shares
from bench.evaluation.protocols import Protocol
from bench.evaluation.regression import predict_by
from bench.evaluation.settings import (
    AnyProtocolSettings,
    FewShotSettings,
    LinearProbeSettings,
    MlpProbeSettings,
    NeighbourSettings,
    ProtocolSettings,
)
from bench.evaluation.standardised import rescale

Arrays = Mapping[str, np.ndarray]


def rebuild(
    backbone: nn.Module,
    kind: TaskKind,
    protocol: Protocol,
    settings: AnyProtocolSettings,
    tensors: Mapping[str, Tensor],
) -> Adapted:
    """The adapted model that gave these tensors, from its encoder's architecture.

    Raises:
        StorageError: the tensors are of another architecture.
    """
    try:
        if not isinstance(settings, ProtocolSettings):
            backbone.load_state_dict(part_of(tensors, "encoder"), strict=True)
            return Adapted(backbone, fitted={n: value.numpy() for n, value in part_of(tensors, "probe").items()})
        encoder = kind.adapt_backbone(backbone, frozen=protocol.frozen)
        head = build_head(kind, encoder, settings)
        encoder.load_state_dict(part_of(tensors, "encoder"), strict=True)
        head.load_state_dict(part_of(tensors, "head"), strict=True)
    except RuntimeError as error:
        first = str(error).splitlines()[:2]
        raise StorageError(
            f"The kept model does not fit the {type(backbone).__name__} and head that are built today: "
            f"{' '.join(line.strip() for line in first)}\nUse the release that kept it, or run again with --keep-model."
        ) from error
    return Adapted(encoder, head)


def predict(
    adapted: Adapted,
    kind: TaskKind,
    protocol: Protocol,
    settings: AnyProtocolSettings,
    cases: Sequence[Case],
    compute: Compute,
    report: Report,
    save: Path | None = None,
) -> Adaptation:
    """Predictions for cases, as for the test cases of a run; `save` names a folder for those worth a file.

    Raises:
        DataError: an image cannot be read.
    """
    device = pick_device(compute.device)
    if isinstance(settings, ProtocolSettings):
        predictions = _by_network(adapted, kind, protocol, settings, cases, compute, report, save)
        return Adaptation(predictions, None, float("nan"), {})
    raw = embed_cases(adapted.encoder.to(device), kind, cases, "test", compute, report).tensors[0].numpy()
    every = [kind.predict(logits) for logits in _by_probe(settings, adapted.fitted, raw, kind)]
    draws = tuple(Draw((), one) for one in every) if isinstance(settings, FewShotSettings) else ()
    return Adaptation(np.mean(every, axis=0) if draws else every[0], None, float("nan"), {}, draws)


def _by_network(
    adapted: Adapted,
    kind: TaskKind,
    protocol: Protocol,
    settings: ProtocolSettings,
    cases: Sequence[Case],
    compute: Compute,
    report: Report,
    save: Path | None,
) -> np.ndarray:
    """What `Supervised.evaluate` gives for the test split."""
    assert adapted.head is not None
    device = pick_device(compute.device)
    model: nn.Module
    data: Any
    if protocol.frozen and kind.pooled_only:
        data = embed_cases(adapted.encoder, kind, cases, "test", compute, report)
        model = EmbeddingHead(adapted.head)
    else:
        data = kind.dataset(cases, train=False)
        fill(data, "test images", report)
        mixed = settings.precision == "bf16-mixed"
        model = AdaptedModel(
            adapted.encoder, adapted.head, frozen=protocol.frozen, mixed=mixed, mixed_head=kind.mixed_head
        )
    model.to(device).eval()
    loader = evaluation_loader(data, kind.evaluation_batch, pick_workers(compute.workers, device), device)
    with torch.inference_mode():
        return kind.collect(cases, _outputs(model, loader, device), test=True, save=save)


def _outputs(model: nn.Module, loader: DataLoader[Any], device: torch.device) -> Iterator[tuple[Tensor, Tensor]]:
    for inputs, target in loader:
        yield model(inputs.to(device)), target


def _by_probe(settings: AnyProtocolSettings, fitted: Arrays, raw: np.ndarray, kind: TaskKind) -> list[Tensor]:
    """Logits (M, classes) of embeddings (M, D), as they come from the encoder; several for several draws."""
    n_classes, queries = len(kind.task.data.classes), rescale(fitted, raw)
    if isinstance(settings, LinearProbeSettings):
        return [torch.from_numpy(predict_by(fitted, queries, n_classes))]
    if isinstance(settings, NeighbourSettings):
        bank, k = rescale(fitted, fitted["bank"]), int(fitted["neighbours"])
        (shares,) = vote_shares(bank, fitted["classes"], queries, n_classes, [k], settings.temperature)
        with np.errstate(divide="ignore"):
            return [torch.from_numpy(np.log(shares))]
    if isinstance(settings, MlpProbeSettings):
        return [_by_mlp(settings, fitted, queries, kind)]
    assert isinstance(settings, FewShotSettings)
    solutions = (
        {n.partition(".")[2]: v for n, v in fitted.items() if n.startswith(f"draw{i}.")} for i in range(settings.draws)
    )
    return [torch.from_numpy(predict_by(one, queries, n_classes)) for one in solutions]


def _by_mlp(settings: MlpProbeSettings, fitted: Arrays, queries: np.ndarray, kind: TaskKind) -> Tensor:
    """All rates' heads together, as they were trained: alone, one would round otherwise."""
    head = build_mlp(kind, queries.shape[1], settings)
    _, buffers = stack_module_state([head for _ in settings.rates])
    weights = {n.partition(".")[2]: torch.from_numpy(v) for n, v in fitted.items() if n.startswith("head.")}
    with torch.no_grad():
        logits = run_heads(head, torch.from_numpy(queries).float(), weights, buffers)
    return logits[int(fitted["chosen"])]
