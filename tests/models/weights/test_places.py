"""Files of weights by path and on the hub; the hub is never asked here."""

from pathlib import Path

import huggingface_hub
import pytest
import torch
import torchvision
from huggingface_hub import constants
from huggingface_hub.errors import EntryNotFoundError

from bench.core.errors import StorageError, UsageError
from bench.models.weights.method import load_weights
from bench.models.weights.places import file_label, hub_name, local_file
from bench.models.weights.sources import parse_checkpoints
from tests.commands import imported_by

REVISION = "0123456789abcdef0123456789abcdef01234567"


class Missing(EntryNotFoundError):
    """What the hub's client raises for a file that a repository does not have, whatever its version asks for."""

    def __init__(self):
        Exception.__init__(self, "404")


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """The folder of one revision of owner/name in a hub's cache; nothing is reachable."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    folder = tmp_path / "hub" / "models--owner--my-net" / "snapshots" / REVISION
    folder.mkdir(parents=True)
    return folder


def test_a_tilde_is_the_home_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert local_file("~/w.pth") == tmp_path / "w.pth"
    (tmp_path / "epoch=1.ckpt").touch()
    (tmp_path / "w.toml").write_text('x = "~/w.pth"\ny = "v.pth"')
    assert [e.file for e in parse_checkpoints(["x=~/w.pth", "~/epoch=1.ckpt"], "resnet18")] == [
        tmp_path / "w.pth", tmp_path / "epoch=1.ckpt",
    ]  # fmt: skip
    assert [e.file for e in parse_checkpoints(["~/w.toml"], "resnet18")] == [tmp_path / "w.pth", tmp_path / "v.pth"]


def test_a_file_of_the_hub_is_taken_from_its_cache_and_the_record_says_which(hub, tmp_path):
    torch.manual_seed(0)
    torch.save(torchvision.models.resnet18().state_dict(), hub / "pytorch_model.bin")
    (entry,) = parse_checkpoints([f"hf:owner/my-net@{REVISION}"], "resnet18")
    assert (entry.name, entry.file) == ("my-net", hub / "pytorch_model.bin")
    assert load_weights(entry).record.file == f"hf:owner/my-net@{REVISION}/pytorch_model.bin"
    (tmp_path / "w.toml").write_text(f'mine = "hf:owner/my-net@{REVISION}/pytorch_model.bin"')
    (again,) = parse_checkpoints([str(tmp_path / "w.toml")], "resnet18")
    assert (again.name, again.file) == ("mine", entry.file)


def test_a_file_is_named_in_a_folder_of_the_repository(hub):
    (hub / "weights").mkdir()
    (hub / "weights" / "b.ckpt").touch()
    found = local_file(f"hf:owner/my-net@{REVISION}/weights/b.ckpt")
    assert found == hub / "weights" / "b.ckpt"
    assert file_label(found) == f"hf:owner/my-net@{REVISION}/weights/b.ckpt"
    assert hub_name(f"hf:owner/my-net@{REVISION}") == "my-net"
    assert file_label(Path("a/b.pth")) == "b.pth"


@pytest.mark.parametrize(
    "text", ["hf:owner/name", "hf:owner/name@main", "hf:name@" + REVISION, "hf:o/n@" + REVISION[1:]]
)
def test_a_revision_has_to_be_pinned(hub, text):
    with pytest.raises(UsageError, match=r"REVISION is the\s+commit's 40 hexadecimal digits"):
        local_file(text)


def test_what_cannot_be_had_says_how_to_have_it(hub):
    with pytest.raises(StorageError, match=r"model.safetensors is not in the hub's cache and cannot be downloaded"):
        local_file(f"hf:owner/other@{REVISION}")


def test_a_download_is_of_the_pinned_revision_and_of_the_first_usual_file(hub, monkeypatch, tmp_path):
    asked = []

    def download(repository, file, revision):
        asked.append((repository, file, revision))
        if file != "pytorch_model.bin":
            raise Missing
        return str(tmp_path / file)

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    assert local_file(f"hf:owner/other@{REVISION}") == tmp_path / "pytorch_model.bin"
    assert asked == [("owner/other", file, REVISION) for file in ("model.safetensors", "pytorch_model.bin")]
    with pytest.raises(StorageError, match="Name the file"):
        local_file(f"hf:owner/other@{REVISION}/none.bin")


def test_the_hubs_client_is_not_imported_where_nobody_asks_for_it():
    assert "huggingface_hub" not in imported_by("list", "backbones")
