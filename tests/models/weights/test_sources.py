"""`--checkpoint`: files, names and TOML entries, and one clear error for each that is wrong."""

import pytest
import torch

from bench.core.errors import StorageError, UsageError
from bench.models.weights.sources import parse_checkpoints


def toml(tmp_path, text):
    (tmp_path / "w.toml").write_text(text)
    return str(tmp_path / "w.toml")


def test_entries_of_a_toml_file(tmp_path):
    text = 'lvmmed_r50 = "lvmmed_resnet.torch"\n[mine]\nfile = "/a/b.pth"\nbackbone = "vit_b_16"\ndrop = ["gate.*"]\n'
    first, second = parse_checkpoints([toml(tmp_path, text)], "resnet18")
    assert (first.name, first.file, first.backbone) == ("lvmmed_r50", tmp_path / "lvmmed_resnet.torch", None)
    assert (str(second.file), second.backbone, second.drop) == ("/a/b.pth", "vit_b_16", ("gate.*",))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has no entry. One line is enough"),
        ("x = ", "is not valid TOML"),
        ("[x]\nformat = 'moco'", "'x' has no `file`"),
        ("[x]\nfile = 'a'\nallow_mising = ['b']", "x.allow_mising is unknown. Did you mean 'allow_missing'"),
        ("[x]\nfile = 'a'\ndrop = 3", "x.drop: .*found 3"),
        ('"a/b" = "c.pth"', "'a/b' is no name"),
    ],
)
def test_toml_entries_that_are_wrong(tmp_path, text, message):
    with pytest.raises(UsageError, match=message):
        parse_checkpoints([toml(tmp_path, text)], "resnet18")


def test_names_of_files(tmp_path, monkeypatch):
    texts = ["a/moco_v2_800ep.pth.tar", "mine=b/x.pth", "c/my weights.safetensors"]
    assert [e.name for e in parse_checkpoints(texts, "resnet18")] == ["moco_v2_800ep", "mine", "my_weights"]
    with pytest.raises(UsageError, match="two files are called 'x'"):
        parse_checkpoints(["a/x.pth", "b/x.pth"], "resnet18")
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    with pytest.raises(StorageError, match=r"resnet50-0676ba61\.pth does not exist. Nothing is downloaded") as caught:
        parse_checkpoints(["imagenet"], "resnet50")
    assert str(caught.value).endswith("resnet50-0676ba61.pth there, or leave --checkpoint imagenet out.")
    with pytest.raises(UsageError, match=r"no ImageNet weights of vit_tiny_8") as caught:
        parse_checkpoints(["x=imagenet:vit_tiny_8"], "resnet50")
    assert str(caught.value).endswith("or leave --checkpoint x=imagenet:vit_tiny_8 out.")
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "vit_b_16-c867db91.pth").touch()
    (found,) = parse_checkpoints(["in1k=imagenet:vit_b_16"], "resnet50")
    assert (found.name, found.backbone) == ("in1k", "vit_b_16")


def test_a_file_whose_name_has_an_equals_sign_is_that_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "epoch=99-step=1000.ckpt").touch()
    (tmp_path / "lr=0.1").mkdir()
    (tmp_path / "lr=0.1" / "model.pth").touch()
    for text in ("epoch=99-step=1000.ckpt", "lr=0.1/model.pth"):
        (entry,) = parse_checkpoints([text], "resnet18")
        assert str(entry.file) == text
    (entry,) = parse_checkpoints(["mine=lr=0.1/model.pth"], "resnet18")
    assert (entry.name, str(entry.file)) == ("mine", "lr=0.1/model.pth")
