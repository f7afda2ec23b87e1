"""A method at work: module, loss and gradients; each mistake is one error that names the class and the fix."""

import pytest
import torch

from bench.core.errors import PluginError
from bench.engine.seeding import seeded
from bench.pretraining.settings import QUICK_PRETRAIN, PretrainSettings
from bench.runs.checking.trial import Trial
from tests.plugins_of import METHOD, method_of, replaced

SETTINGS = PretrainSettings.model_validate({**QUICK_PRETRAIN, "image_size": 32})
RETURN = 'return {"loss": cross_entropy(a @ b.T / 0.1, torch.arange(len(a)))}'
BUILT = 'return nn.ModuleDict({"backbone": backbone, "head": head})'

ELSEWHERE = """
    def encoder(self, module):
        return __import__("copy").deepcopy(module["backbone"])
"""
MISTAKES = {
    "a loss alone": ((RETURN, "return (a - b).square().mean()"), "Pairs.loss gave a Tensor, expected a dict"),
    "another key": ((RETURN, 'return {"total": a.sum()}'), "Pairs.loss gave total, and no key `loss`"),
    "nothing": ((RETURN, "pass"), "Pairs.loss gave a NoneType"),
    "a number": ((RETURN, 'return {"loss": float(a.detach().sum())}'), "gave 'loss' of the type float"),
    "a loss for each image": ((RETURN, 'return {"loss": (a * b).sum(1)}'), r"gave 'loss' of the shape \(4,\)"),
    "a logged number": ((RETURN, 'return {"loss": a.sum(), "accuracy": 0.5}'), "gave 'accuracy' of the type float"),
    "not finite": ((RETURN, 'return {"loss": a.sum() / 0 * 0}'), "gave nan for the first batch, which is not finite"),
    "detached": ((RETURN, 'return {"loss": a.sum().detach()}'), "loss is detached from the module"),
    "head alone": (('module["backbone"](view).pooled', 'module["backbone"](view).pooled.detach()'), "no gradient"),
    "no module": ((BUILT, 'return {"backbone": backbone}'), "build gave a dict, expected a torch.nn.Module"),
    "no part backbone": ((BUILT, BUILT.replace('"backbone":', '"encoder":')), "a module without the part `backbone`"),
    "another backbone": (
        (BUILT, "import copy; " + BUILT.replace('"backbone": backbone', '"backbone": copy.deepcopy(backbone)')),
        "build ignores the backbone that it was given",
    ),
    "frozen": (("head = nn", "backbone.requires_grad_(False); head = nn"), "build freezes the backbone"),
    "a width of its own": (("backbone.embedding_dim", "2048"), r"(?s)mat1 and mat2 .*pooled \(B, 512\): heads read"),
    "no such setting": (("self.config.width)", "self.config.breadth)"), "Pairs.build raised AttributeError"),
    "three views": (("for view in views)", "for view in (*views, 0))"), r"loss raised TypeError.*line \d+ of"),
    "a step of its own": (("    def loss", "    def after_step(self, module):\n        pass\n\n    def loss"), "after"),
    "a head as encoder": (
        ("    def loss", '    def encoder(self, module):\n        return module["head"]\n\n    def loss'),
        "encoder gave a Linear of another architecture",
    ),
    "an encoder from elsewhere": (
        ("    def loss", ELSEWHERE + "\n    def loss"),
        "encoder gave a module that is no part of what build made",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("change", "message"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_one_error_with_class_and_fix(tmp_path, change, message):
    cls = method_of(tmp_path, replaced(METHOD, change))
    with pytest.raises(PluginError, match=message) as caught, seeded(0):
        Trial(cls(cls.config_class()), "resnet18", SETTINGS).step()
    assert "Pairs" in str(caught.value)
    assert "docs/add_a_method.md" in str(caught.value)


def test_a_sound_method_takes_steps_and_moves_no_generator(tmp_path):
    cls = method_of(tmp_path, METHOD)
    before = torch.get_rng_state()
    with seeded(0):
        trial = Trial(cls(cls.config_class()), "resnet18", SETTINGS)
        weights = [p.detach().clone() for p in trial.given.parameters()]
        assert trial.step() > 0
    assert any(not torch.equal(a, b) for a, b in zip(weights, trial.given.parameters(), strict=True))
    assert torch.equal(before, torch.get_rng_state())


def test_batches_are_a_multiple_of_what_the_method_needs(tmp_path):
    text = replaced(
        METHOD, ("    def loss", "    @property\n    def batch_multiple(self):\n        return 3\n\n    def loss")
    )
    cls = method_of(tmp_path, text)
    assert Trial(cls(cls.config_class()), "resnet18", SETTINGS).batch == 6
