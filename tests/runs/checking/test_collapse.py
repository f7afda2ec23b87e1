"""A loss that is lowest where all embeddings are equal is found; one with a teacher is not suspected."""

import pytest

from bench.core import registry
from bench.core.errors import PluginError
from bench.runs.checking.collapse import require_contrast
from bench.runs.checking.trial import Trial
from tests.plugins_of import METHOD, method_of, replaced

RETURN = 'return {"loss": cross_entropy(a @ b.T / 0.1, torch.arange(len(a)))}'


def contrast(cls):
    method = cls(cls.config_class.model_validate(dict(cls.quick)))
    require_contrast(lambda settings, batches: Trial(method, "vit_tiny_8", settings, batches))


@pytest.mark.parametrize("loss", ["(a - b).square().sum(1).mean()", "-(a * b).sum(1).mean()"])
def test_agreement_alone_collapses(tmp_path, loss):
    cls = method_of(tmp_path, replaced(METHOD, (RETURN, f'return {{"loss": {loss}}}')))
    with pytest.raises(PluginError, match=r"Pairs.loss collapses: .* lowest where all embeddings are equal.\nAdd what"):
        contrast(cls)


def test_negatives_do_not(tmp_path):
    contrast(method_of(tmp_path, METHOD))


def test_a_teacher_does_not():
    contrast(registry.methods().get("byol"))
