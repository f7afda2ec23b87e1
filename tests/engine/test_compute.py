"""Where bfloat16 is slow, the command says so, once and before any work."""

import pytest
import torch

from bench.core.errors import UsageError
from bench.engine.compute import pick_device, slowness

AVX2 = {"architecture": "x86_64", "avx2": True, "avx512_bf16": False, "amx_bf16": False}


@pytest.fixture
def processor(monkeypatch):
    def be(**found):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: found, raising=False)

    return be


@pytest.mark.parametrize(
    ("found", "slow"),
    [
        (AVX2, True),
        (AVX2 | {"avx512_bf16": True}, False),
        (AVX2 | {"amx_bf16": True}, False),
        ({"architecture": "aarch64"}, False),
        ({}, False),
    ],
)
def test_slow_without_instructions(processor, found, slow):
    processor(**found)
    assert (slowness(torch.device("cpu")) is not None) == slow
    assert slowness(torch.device("cuda")) is None


@pytest.mark.parametrize(
    ("protocol", "setting", "warned"),
    [
        ("finetune", "protocol.precision=bf16-mixed", True),
        ("finetune", "protocol.precision=32-true", False),
        ("finetune", "pretrain.precision=bf16-mixed", False),  # a method without pretraining
        ("linear", "protocol.precision=bf16-mixed", False),  # embeddings are made in float32
    ],
)
def test_a_command_warns_where_it_is_used(bench, processor, phantom_root, tmp_path, protocol, setting, warned):
    processor(**AVX2)
    done = bench(
        "run", "--method", "random", "--task", "brain_tumor", "--protocol", protocol, "--seed", "0", "--device", "cpu",
        "--data-root", phantom_root, "--results", tmp_path / "r", "--cache", tmp_path / "c",
        "--set=task.image_size=32", f"--set={setting}", "--set=protocol.epochs=1",
        *["--set=protocol.head=paper"] * (protocol == "linear"),
    )  # fmt: skip
    assert done.code == 0, done.err
    assert (done.out + done.err).count("no bfloat16 instructions") == warned


@pytest.mark.parametrize("name", ["cuda:99999999999", "cuda:-1", "cuda:x", "tpu", "", "cpu:3"])
def test_an_unknown_device_is_an_error(name):
    with pytest.raises(UsageError, match="Unknown device"):
        pick_device(name)


@pytest.mark.parametrize(("there", "said"), [(0, "No CUDA device is here"), (2, r"GPUs here: 2 \(cuda:0 to cuda:1\)")])
def test_a_gpu_that_is_not_there_is_an_error(monkeypatch, there, said):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: there > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: there)
    with pytest.raises(UsageError, match=said):
        pick_device("cuda:7")
