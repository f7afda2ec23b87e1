"""Is a method sound: a few steps on made-up images, without a trace in any stream of random numbers."""

from __future__ import annotations

import copy
import math

import torch

from bench.core.method import Method
from bench.core.plugins.checks import check_method_class, check_values
from bench.engine.seeding import seeded
from bench.models.build import build_backbone
from bench.models.specs import BackboneSpec, find_backbone
from bench.models.suited import require_suited
from bench.pretraining.settings import QUICK_PRETRAIN, PretrainSettings
from bench.runs.checking.blame import Checked, blaming, require
from bench.runs.checking.collapse import require_contrast
from bench.runs.checking.trial import DOCS, Trial

_SIZE = 48
_SMALL = 64
"""Pixels a side, about, of what is checked before a pretraining."""
BACKBONES = ("resnet18", "vit_tiny_8")
"""Of other widths, so that a width that is written into a method is found."""
TRANSFORMERS = ("vit_tiny_8", "timm:test_vit")
"""Likewise, for methods that mask patch tokens; the second is timm's own for tests, of width 64."""


def check_before_pretraining(method: Method, backbone: str, settings: PretrainSettings) -> None:
    """The cheap part: views, module, one step with the run's own settings, on few and small images.

    The method itself is left alone; no generator of random numbers is moved. What was found sound is not checked again
    in the same process.

    Raises:
        PluginError: the first mistake, with the class and the fix.
    """
    key = (type(method), method.config.model_dump_json(), backbone, settings.model_dump_json())
    if key in _SOUND:
        return
    small = settings.model_copy(update={"image_size": _small(find_backbone(backbone), settings.image_size)})
    with seeded(0), blaming(method, "__init__", "It takes the settings alone and calls super().__init__(config)."):
        fresh = type(method)(method.config)
        Trial(fresh, backbone, small).step()
    _SOUND.add(key)


_SOUND: set[tuple[type[Method], str, str, str]] = set()
"""Class, settings, backbone and pretraining settings of what was checked in this process."""


def _small(spec: BackboneSpec, image_size: int) -> int:
    """A side that the encoder takes as well and that costs little; of encoders that others declared, the run's own."""
    if spec.given or spec.family not in ("resnet", "vit", "sam"):
        return image_size
    patch = spec.transformer.patch_size if spec.transformer else 32
    return min(image_size, math.ceil(_SMALL / (2 * patch)) * 2 * patch)  # pairs of patches can be masked together


def check_method(cls: type[Method], backbone: str | None = None) -> Checked:
    """All checks of a method in its `quick` settings, on `backbone`, or on several of different widths.

    Raises:
        PluginError: the first mistake, with the class and the fix.
    """
    check_method_class(cls, cls.__module__)
    who = f"Method {cls.__name__}"
    check_values(PretrainSettings, cls.published_views, f"{who}: published_views")
    passed = ["name, title and citation", "settings have defaults; quick, ablations and views are among them"]
    method = _make(cls)
    if backbone:
        require_suited(cls, backbone)
    names = (backbone,) if backbone else cls.backbones or (TRANSFORMERS if cls.transformer_only else BACKBONES)
    if not cls.pretrains:
        with seeded(0), blaming(cls, "build", DOCS):
            method.build(build_backbone(names[0]))
        return Checked("method", cls.name, (*passed, "its module is built; it is not trained"))
    for name in names:
        _check_training(cls, name)
        passed.append(f"views, module, loss and gradients on {name}; the encoder learns, resumes and is deterministic")
    if cls.restorative:
        return Checked("method", cls.name, (*passed, "it restores pixels: no embeddings are to agree"))
    require_contrast(lambda settings, batches: Trial(_make(cls), name, settings, batches))
    return Checked("method", cls.name, (*passed, "its loss tells images apart"))


def _make(cls: type[Method]) -> Method:
    config = cls.config_class.model_validate(dict(cls.quick))
    with blaming(cls, "__init__", "It takes the settings alone and calls super().__init__(config)."):
        return cls(config)


def _check_training(cls: type[Method], backbone: str) -> None:
    settings = PretrainSettings.model_validate({**QUICK_PRETRAIN, "image_size": _SIZE})

    def trial() -> Trial:
        return Trial(_make(cls), backbone, settings, batches=2)

    with seeded(0):
        first = trial()
        before = [p.detach().clone() for p in first.encoder().parameters()]
        losses = [first.step(0)]
        kept = copy.deepcopy((first.module.state_dict(), first.optimizer.state_dict()))
    losses.append(_second(first))
    after = list(first.encoder().parameters())
    changed = any(not torch.equal(a, b) for a, b in zip(before, after, strict=True))
    what = ": the encoder that would be evaluated is the same after two steps"
    require(changed, cls, what, "Return what is trained from encoder(module), or update it in after_step. " + DOCS)
    with seeded(0):
        again = trial()
        _require_equal(cls, again.step(0), losses[0])
    with seeded(0):
        fresh = trial()
    fresh.module.load_state_dict(kept[0])
    fresh.optimizer.load_state_dict(kept[1])
    what = f": continued from its state, the second loss is {{}} instead of {losses[1]:.6g}"
    found = _second(fresh)
    keep = "Keep all state in the module (register_buffer), none in attributes of the method. " + DOCS
    require(math.isclose(found, losses[1], rel_tol=1e-4), cls, what.format(f"{found:.6g}"), keep)


def _second(trial: Trial) -> float:
    with seeded(1):
        return trial.step(1)


def _require_equal(cls: type[Method], found: float, expected: float) -> None:
    what = f": the same seed gave the loss {found:.6g} and {expected:.6g}"
    advice = "Draw from torch's, NumPy's or Python's global generator, which the loop seeds. " + DOCS
    require(math.isclose(found, expected, rel_tol=1e-4), cls, what, advice)
