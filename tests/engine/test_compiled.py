"""Compiling backbones: when, what happens without a compiler, and that it changes rounding only."""

import shutil

import pytest
import torch
from torch._dynamo.utils import counters

from bench.core.registry import methods
from bench.engine.compiled import compile_backbones, compiler_problem, pays
from bench.models.build import build_backbone
from bench.models.resnet import ResNetBackbone

CPU = torch.device("cpu")


def test_long_pretrainings_are_compiled_and_the_quick_ones_are_not():
    assert not pays(CPU, 5 * 2500 * 48**2)
    assert pays(CPU, 100 * 2500 * 96**2)
    assert not pays(torch.device("cuda"), 100 * 2500 * 96**2)
    assert not pays(torch.device("meta"), 1e18)


def test_without_a_compiler_the_reason_is_given(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert "no C++ compiler" in str(compiler_problem(CPU))


def test_compiler_that_fails_is_a_reason(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: "/bin/compiler")

    def broken(function):
        raise RuntimeError("compiler exploded\nand more")

    monkeypatch.setattr(torch, "compile", broken)
    assert compiler_problem(CPU) == "compiling a test function failed (compiler exploded)"


def test_every_backbone_of_a_method_is_compiled_in_place():
    for name, count in (("simclr", 1), ("byol", 2), ("dino", 2), ("lvmmed", 1), ("moco_v2", 2), ("swav", 1)):
        cls = methods().get(name)
        module = cls(cls.config_class(**cls.quick)).build(build_backbone("resnet18"))
        keys = list(module.state_dict())
        assert compile_backbones(module, ResNetBackbone) == count
        assert list(module.state_dict()) == keys


def small_resnet() -> ResNetBackbone:
    """A ResNet-18 of its stem and one strided block: the other seven show nothing more and take a minute."""
    backbone = build_backbone("resnet18")
    for stage, kept in (("layer1", 0), ("layer2", 1), ("layer3", 0), ("layer4", 0)):
        backbone.add_module(stage, backbone.get_submodule(stage)[:kept])
    return backbone.to(memory_format=torch.channels_last)


@pytest.mark.slow
def test_compiled_backbone_equals_the_eager_one_up_to_rounding():
    if compiler_problem(CPU):
        pytest.skip("no C++ compiler")
    torch.manual_seed(0)
    eager, compiled = small_resnet(), small_resnet()
    compiled.load_state_dict(eager.state_dict())
    compile_backbones(compiled, ResNetBackbone)
    counters.clear()
    images = torch.randn(4, 3, 32, 32)
    outputs = [model(images) for model in (eager, compiled)]
    assert counters["stats"]["unique_graphs"] == 1, "nothing fell back to eager"
    for output in outputs:
        output.pooled.square().mean().backward()
    torch.testing.assert_close(outputs[0].pooled, outputs[1].pooled, rtol=1e-3, atol=1e-4)
    for (key, a), b in zip(eager.named_parameters(), compiled.parameters(), strict=True):
        torch.testing.assert_close(a.grad, b.grad, rtol=1e-3, atol=1e-4, msg=key)
    for (key, a), b in zip(eager.state_dict().items(), compiled.state_dict().values(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-4, msg=key)
