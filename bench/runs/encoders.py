"""Encoders in and out of a Python session: pretrained here, read from a file, or given as a module."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import nn

from bench.core import registry
from bench.core.console import Report
from bench.core.errors import UsageError
from bench.models.build import build_backbone
from bench.models.given import add_encoder, own_architecture
from bench.models.weights.method import load_into, load_weights
from bench.models.weights.sources import WeightsEntry
from bench.runs.checks import check_request
from bench.runs.config import DEFAULT_BACKBONE, resolve_config
from bench.runs.plan import make_plan
from bench.runs.request import RunRequest
from bench.runs.resolve import resolve
from bench.runs.run import pretrained_backbone
from bench.runs.session import prepare_world


def pretrained_encoder(request: RunRequest, report: Report) -> nn.Module:
    """The encoder of the one run that a request asks for, pretrained now or before. Raises `BenchError`."""
    check_request(request)
    plans, _ = make_plan(
        request.methods, request.tasks, (), request.backbones, request.seeds, request.profile, request.settings,
        request.config,
    )  # fmt: skip
    if len(plans) != 1:
        raise UsageError(f"One method, task and backbone make one encoder; these are {len(plans)}.")
    world, options = prepare_world(plans, request, report)
    with report.live():
        backbone, _ = pretrained_backbone(resolve(plans[0], options, world), options, report)
    return backbone.cpu().eval()


def encoder_of_file(file: Path, backbone: str | None) -> nn.Module:
    """See `bench.load_encoder`."""
    loaded = load_weights(WeightsEntry(name="encoder", file=file), backbone)
    encoder = build_backbone(loaded.match.backbone)
    load_into(encoder, loaded)
    return encoder.eval()


def add_for_task(
    encoder: nn.Module,
    task_name: str,
    protocol: str | None,
    name: str | None,
    profile: str,
    settings: Mapping[str, Mapping[str, Any]],
) -> tuple[str, str]:
    """Register a module as the contestant of a task; returns the names of method and backbone. Raises `UsageError`."""
    task = registry.tasks().get(task_name)
    kind = registry.kinds().get(task.kind)
    if not kind.pooled_only and not own_architecture(encoder):
        raise UsageError(
            f"The task {task_name!r} ({task.kind}) reads feature maps, and {type(encoder).__name__} gives an embedding "
            "alone. Give an encoder of this project (bench.load_encoder, bench.pretrain), or a classification task."
        )
    chosen = {s: v for s, v in settings.items() if s == "task"}
    floor = resolve_config("random", task, protocol or task.protocol, profile, DEFAULT_BACKBONE[profile], chosen)
    return add_encoder(encoder, name, int(floor.task.get("image_size", 224)))
