"""The whole check of a method, and the cheap part before a pretraining."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from bench.core import registry
from bench.core.errors import PluginError
from bench.models.specs import BACKBONES
from bench.pretraining.settings import QUICK_PRETRAIN, PretrainSettings
from bench.runs.checking.methods import _small, check_before_pretraining, check_method
from tests.plugins_of import METHOD, method_of, replaced

LOSS = "    def loss(self, module, views, progress):\n"


def test_a_sound_method(tmp_path):
    checked = check_method(method_of(tmp_path, METHOD))
    assert (checked.noun, checked.name) == ("method", "pairs")
    assert any("resnet18" in line for line in checked.passed)
    assert any("vit_tiny_8" in line for line in checked.passed)


def test_the_example_of_the_documentation_is_sound(tmp_path):
    text = (Path(__file__).parents[3] / "docs/example_method/vicreg_method.py").read_text(encoding="utf-8")
    check_method(method_of(tmp_path, text))


@pytest.mark.parametrize("name", ["random", "pixels"])
def test_floors_are_built_and_not_trained(name):
    assert "it is not trained" in check_method(registry.methods().get(name)).passed[-1]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["simclr", "byol", "dino", "lvmmed"])
def test_the_methods_of_this_project_are_sound(name):
    check_method(registry.methods().get(name))


COPY = '        import copy\n        return nn.ModuleDict({"old": copy.deepcopy(backbone), '
MISTAKES = {
    "state in the method": (
        (LOSS, LOSS + "        self.seen = getattr(self, 'seen', 0) + 1\n"),
        ("/ 0.1", "/ (0.1 * self.seen)"),
        "continued from its state, the second loss is",
    ),
    "a generator of its own": (
        (LOSS, LOSS + "        import os; noise = os.urandom(1)[0] / 255\n"),
        ("/ 0.1", "/ (0.1 + noise)"),
        "the same seed gave the loss",
    ),
    "an encoder that is never updated": (
        ("        return nn.ModuleDict({", COPY),
        (LOSS, "    def encoder(self, module):\n        return module[\"old\"]\n\n" + LOSS),
        "the encoder that would be evaluated is the same after two steps",
    ),
    "the width of one backbone": (
        ("backbone.embedding_dim", "512"),
        ("none", "none"),
        r"(?s)Pairs.loss raised RuntimeError: (addmm: )?mat1 .*vit_tiny_8",
    ),
    "views that are none of the settings": (
        ('quick = {"width": 32}', 'quick = {}\n    published_views = {"crop": 0.1}'),
        ("none", "none"),
        "published_views names 'crop'",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("first", "second", "message"), MISTAKES.values(), ids=MISTAKES)
def test_mistakes_that_one_step_does_not_show(tmp_path, first, second, message):
    with pytest.raises(PluginError, match=message) as caught:
        check_method(method_of(tmp_path, replaced(METHOD, first, second)))
    assert "Pairs" in str(caught.value)


def test_the_cheap_part_leaves_the_method_and_the_generators_alone(tmp_path):
    text = replaced(METHOD, (LOSS, LOSS + "        self.seen = 1\n"))
    cls = method_of(tmp_path, text)
    method, settings = cls(cls.config_class()), PretrainSettings.model_validate(QUICK_PRETRAIN)
    views, state = method.views, torch.get_rng_state()
    check_before_pretraining(method, "resnet18", settings)
    assert not hasattr(method, "seen")
    assert method.views is views
    assert torch.equal(state, torch.get_rng_state())
    broken = method_of(tmp_path, replaced(METHOD, ("backbone.embedding_dim", "99")))
    with pytest.raises(PluginError, match=r"heads read backbone.embedding_dim"):
        check_before_pretraining(broken(cls.config_class()), "resnet18", settings)


def test_images_are_small_where_the_encoder_takes_them():
    sizes = {name: _small(spec, 224) for name, spec in BACKBONES.items()}
    assert (sizes["resnet50"], sizes["vit_b_16"], sizes["vit_b_14_dinov2"]) == (64, 64, 70)
    assert _small(BACKBONES["resnet18"], 48) == 48
    assert _small(replace(BACKBONES["resnet18"], family="given"), 224) == 224
