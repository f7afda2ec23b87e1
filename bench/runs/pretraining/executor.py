"""Where the views of a pretraining are computed, settled before its identity is: pixels differ by rounding."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bench.core import registry
from bench.core.errors import UsageError
from bench.pretraining.settings import PretrainSettings
from bench.runs.config import RunConfig


def with_settled_views(config: RunConfig, method: str, device: str) -> RunConfig:
    """The settings of a run on a device of this name, with `pretrain.views` as it will be; see `settled`.

    Views of a device count as set by the user wherever settings are shown, for they make another encoder.
    """
    pretrain = settled(config.pretrain, method, config.method, device)
    changed = {section: dict(values) for section, values in config.overrides.items()}
    own = changed.setdefault("pretrain", {})
    own.pop("views", None)
    if pretrain.views == "device":
        own["views"] = "device"
    changed = {section: values for section, values in changed.items() if values}
    return config.model_copy(update={"pretrain": pretrain, "overrides": changed})


def settled(pretrain: PretrainSettings, method: str, own: Mapping[str, Any], device: str) -> PretrainSettings:
    """`views` as `device` or `cpu`: where it was not set, `device` on a GPU for methods whose views allow it.

    Raises:
        UsageError: the device was asked for, and the method's views are its own.
    """
    cls = registry.methods().get(method)
    if not cls.pretrains or pretrain.views == "cpu" or (pretrain.views is None and not _is_gpu(device)):
        return pretrain.model_copy(update={"views": "cpu"})
    from bench.pretraining.augment import is_declared

    made = cls(cls.config_class.model_validate(dict(own)))
    made.views = pretrain
    if is_declared(made.view_transform(pretrain.image_size)):
        return pretrain.model_copy(update={"views": "device"})
    if pretrain.views == "device":
        raise UsageError(
            f"--views device: the views of {method!r} are a transform of its own, not one of Augmentations, "
            "which a device could compute. Give --views cpu, or leave it out: then each method has them where it can."
        )
    return pretrain.model_copy(update={"views": "cpu"})


def _is_gpu(device: str) -> bool:
    if device != "auto":
        return device.startswith("cuda")
    import torch

    return torch.cuda.is_available()
