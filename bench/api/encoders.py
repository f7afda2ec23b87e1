"""Encoders from Python: pretrained, evaluated, loaded."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.api import grids
from bench.core.console import Report
from bench.core.errors import UsageError
from bench.core.method import Method
from bench.core.task import Task
from bench.results.record import Record
from bench.runs.config import collect_overrides
from bench.runs.request import (
    RunRequest,
    declared_tasks,
    method_names,
    names_of,
    paths_of,
    request_of,
    sections_of,
    task_names,
)

if TYPE_CHECKING:
    from torch import nn


Settings = Mapping[str, Any]
"""`{"method.temperature": 0.2}` or `{"method": {"temperature": 0.2}}`."""
AnyPath = str | Path


def pretrain(
    method: str | type[Method],
    task: str | Task | None = None,
    *,
    images: AnyPath | None = None,
    out: AnyPath | None = None,
    backbone: str | None = None,
    seed: int = 0,
    profile: str = "quick",
    settings: Settings | None = None,
    quiet: bool = False,
    **options: Any,
) -> nn.Module:
    """Pretrain a method, or reuse its checkpoint, and return the encoder in evaluation mode, on the CPU.

    Args:
        method: A name, or a class of your own.
        task: Whose training images are among the corpus; without a data root its phantom is.
        images, out: Instead of a task: a folder or manifest to pretrain on, and a file that the encoder is written to.
        backbone: Default: the profile's.
        seed: Of initial weights, order and views.
        profile, settings, quiet, options: As for `run`.

    Returns:
        A module that maps images (B, 3, H, W), ImageNet-normalised, to `Features`: maps and a pooled (B, D).

    Raises:
        BenchError: as `run`.
    """
    from bench.runs.encoders import encoder_of_file, pretrained_encoder

    _require_one(task, images, out)
    corpus: dict[str, Any] = {} if images is None else {"corpus": str(images)}
    request = request_of(
        methods=method_names(method), tasks=() if task is None else task_names(task), backbones=names_of(backbone),
        seeds=(seed,), profile=profile, settings=collect_overrides(sections_of(settings or {})), **options, **corpus,
    )  # fmt: skip
    if images is None:
        return pretrained_encoder(request, Report(quiet=quiet))
    return encoder_of_file(pretrained_file(request, None if out is None else Path(out), quiet=quiet), None)


def _require_one(task: object, images: object, out: object) -> None:
    if (task is None) == (images is None) or (out is not None and images is None):
        raise UsageError("bench.pretrain takes either a task, or images (a folder or a manifest) and, with these, out.")


def pretrained_file(request: RunRequest, out: Path | None, *, quiet: bool) -> Path:
    """The file of an encoder pretrained on the images of a request, see `pretrain_on_images`."""
    from bench.runs.pretraining.images import pretrain_on_images

    return pretrain_on_images(request, out, Report(quiet=quiet))


def evaluate(
    encoder: nn.Module,
    task: str | Task,
    protocol: str | None = None,
    *,
    name: str | None = None,
    seed: int = 0,
    profile: str = "quick",
    settings: Settings | None = None,
    quiet: bool = False,
    **options: Any,
) -> Record:
    """Evaluate an encoder on a task under a protocol; store and return the record.

    Args:
        encoder: Any module that maps images (B, 3, H, W), ImageNet-normalised, to embeddings (B, D), or an encoder of
            this project, whose feature maps serve segmentation and detection too. It is not changed.
        task, protocol: Default protocol: the task's own.
        name: Of the contestant in tables; default: the module's class.
        seed: Of the split's validation part, of heads and of adaptation.
        profile, settings, quiet, options: As for `run`.

    Raises:
        UsageError: a module of another form, or a task that needs feature maps.
        BenchError: as `run`.
    """
    from bench.runs.encoders import add_for_task

    (task_name,) = task_names(task)
    declared_tasks(paths_of(options.get("data") or ()), options.get("data_root"))
    chosen = collect_overrides(sections_of(settings or {}))
    contestant, backbone = add_for_task(encoder, task_name, protocol, name, profile, chosen)
    runs = grids.run(
        contestant, task_name, protocol,
        backbones=backbone, seeds=[seed], profile=profile, settings=chosen, quiet=quiet, **options,
    )  # fmt: skip
    return runs.records[0]


def load_encoder(file: AnyPath, backbone: str | None = None) -> nn.Module:
    """An encoder from a checkpoint of this harness, or any file that `--checkpoint` reads, in evaluation mode.

    `backbone` is that of a foreign file; default: the one that it fits best.

    Raises:
        UsageError: no such file, or an unknown backbone.
        StorageError: a file that holds no usable weights.
    """
    from bench.runs.encoders import encoder_of_file

    return encoder_of_file(Path(file), backbone)
