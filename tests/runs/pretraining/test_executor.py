"""Where views are computed is settled before the identity, which knows the device's alone."""

import pytest
import torch

from bench.core.errors import UsageError
from bench.core.identity import EncoderFacts
from bench.core.registry import methods, tasks
from bench.pretraining.settings import PretrainSettings
from bench.runs.config import resolve_config
from bench.runs.pretraining.executor import settled, with_settled_views
from bench.runs.resolve import pretraining_versions


def config_of(method="simclr", **pretrain):
    return resolve_config(method, tasks().get("brain_tumor"), "finetune", "quick", "resnet18", {"pretrain": pretrain})


def views_of(device, method="simclr", **pretrain):
    return with_settled_views(config_of(method, **pretrain), method, device).pretrain.views


@pytest.mark.parametrize("gpu", [True, False])
def test_views_are_the_devices_on_a_gpu_unless_told_otherwise(monkeypatch, gpu):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu)
    assert views_of("auto") == ("device" if gpu else "cpu")
    assert (views_of("cpu"), views_of("cuda:1")) == ("cpu", "device")
    assert views_of("cuda", views="cpu") == "cpu"
    assert views_of("cpu", views="device") == "device"
    assert views_of("cuda", "random") == "cpu", "nothing is pretrained"


def checkpoint(config):
    versions = pretraining_versions("simclr", "resnet18", {}, config.pretrain)
    sections = config.sections
    return EncoderFacts("simclr", "resnet18", sections["method"], sections["pretrain"], versions, None, 0), versions


def test_the_cpus_views_change_no_identity_and_the_devices_are_another_that_tables_show():
    before = config_of()
    cpu = with_settled_views(config_of(views="cpu"), "simclr", "cuda")
    device = with_settled_views(before, "simclr", "cuda")
    assert cpu.sections == before.sections
    assert cpu.overrides == before.overrides == {}
    assert device.sections["pretrain"] == {**before.sections["pretrain"], "views": "device"}
    assert device.overrides == {"pretrain": {"views": "device"}}
    assert (
        checkpoint(cpu)[1]
        == checkpoint(before)[1]
        == {k: v for k, v in checkpoint(device)[1].items() if k != "device_views"}
    )
    assert checkpoint(device)[1]["device_views"] == 1


def test_views_of_a_methods_own_are_the_cpus_and_an_error_where_the_device_was_asked_for(monkeypatch):
    cls = methods().get("simclr")
    monkeypatch.setattr(cls, "view_transform", lambda self, size: lambda image: image)
    assert views_of("cuda") == "cpu"
    with pytest.raises(UsageError, match=r"--views device: the views of 'simclr' .* Give --views cpu, or leave it out"):
        settled(PretrainSettings(views="device"), "simclr", cls.quick, "cpu")
