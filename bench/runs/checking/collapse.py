"""Does a loss tell images apart? One that is lowest where all embeddings are equal teaches an encoder nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_map

from bench.engine.seeding import seeded
from bench.pretraining.settings import QUICK_PRETRAIN, PretrainSettings
from bench.runs.checking.blame import require
from bench.runs.checking.trial import DOCS, Trial

_SIZE, _STEPS = 32, 16
_MOST = 0.5
"""Largest fall of the loss of mismatched views, as a share of the fall for matched ones. On ViTs and batches of 8 in 16
steps: plain squared distances 0.58, plain cosines 0.83; BYOL 0.39, SimSiam 0.01, and of methods with negatives or with
terms for variance the loss of mismatched views rises."""


def require_contrast(trial_of: Callable[[PretrainSettings, int], Trial]) -> None:
    """Raise `PluginError` where views of different images come to agree as views of one do.

    The method is trained on one batch. A loss for embeddings that agree, and nothing else, is then as low for views of
    different images, because all embeddings become equal. A method with a teacher beside the encoder is left alone.
    """
    settings = PretrainSettings.model_validate({**QUICK_PRETRAIN, "image_size": _SIZE})
    with seeded(0):
        trial = trial_of(settings, 2)
        alike = [part for part in trial.module.modules() if type(part) is type(trial.given)]
        if len(alike) > 1:
            return
        before = _losses(trial)
        for number in range(_STEPS):
            trial.step(number)
        after = _losses(trial)
    fall, mismatched = (b - a for b, a in zip(before, after, strict=True))
    what = (
        f".loss collapses: trained on one batch, it fell from {before[0]:.3g} to {after[0]:.3g}, and for views of "
        f"different images from {before[1]:.3g} to {after[1]:.3g}: it is lowest where all embeddings are equal"
    )
    advice = (
        "Add what keeps images apart: negatives, terms for variance and covariance, a predictor with a stopped "
        f"gradient, or a teacher. {DOCS}"
    )
    require(not (fall > 0 and mismatched > _MOST * fall), trial.method, what, advice)


def _losses(trial: Trial) -> tuple[float, float]:
    """The loss of the trial's views, and of views of which every pair shows different images."""
    own = trial.views
    with torch.no_grad():
        matched, mismatched = (_loss(trial, views) for views in (own, _mismatched(own, trial.batch)))
    return matched, mismatched


def _loss(trial: Trial, views: Any) -> float:
    with seeded(2):
        return float(trial.method.loss(trial.module, views, trial.progress(0))["loss"])


def _mismatched(views: Any, batch: int) -> Any:
    """Views whose images are moved on by one place more with every view."""
    places = iter(range(batch))

    def move(leaf: Any) -> Any:
        if isinstance(leaf, Tensor) and leaf.ndim >= 4 and len(leaf) == batch:
            return leaf.roll(next(places, 1), 0)
        return leaf

    return tree_map(move, views)
