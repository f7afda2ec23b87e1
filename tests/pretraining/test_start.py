"""Where a pretraining starts: random weights, or a file that is known by its hash."""

import pytest
import timm
import torch
import torchvision

from bench.core.errors import StorageError, UsageError
from bench.core.reading import hash_of
from bench.pretraining.settings import PretrainSettings
from bench.pretraining.start import FileStart, start_notes, start_of_file, starting_encoder


@pytest.fixture
def file(tmp_path):
    torch.manual_seed(3)
    torch.save(torchvision.models.resnet18().state_dict(), tmp_path / "w.pth")
    return tmp_path / "w.pth"


def test_a_file_is_its_hash_in_settings_and_an_encoder_with_its_weights(file):
    settings = PretrainSettings(init=str(file))
    assert settings.model_dump()["init"] == f"sha256:{hash_of(file)}"
    assert settings.init.path == file
    encoder = starting_encoder("resnet18", settings.init)
    assert torch.equal(encoder.state_dict()["conv1.weight"], torch.load(file)["conv1.weight"])
    (note,) = start_notes("resnet18", settings.init)
    assert note.startswith("The pretraining started from the file w.pth. ")
    assert "what they were pretrained on is unknown" in note
    assert start_notes("resnet18", "random") == []


def test_a_copy_elsewhere_is_the_same_start_and_another_file_is_not(file, tmp_path):
    (tmp_path / "copy.pth").write_bytes(file.read_bytes())
    assert start_of_file(str(file)) == start_of_file(str(tmp_path / "copy.pth"))
    torch.save(torchvision.models.resnet18().state_dict(), tmp_path / "other.pth")
    assert start_of_file(str(file)) != start_of_file(str(tmp_path / "other.pth"))


def test_a_librarys_file_starts_its_model(tmp_path):
    torch.manual_seed(3)
    theirs = timm.create_model("test_vit4").state_dict()
    torch.save(theirs, tmp_path / "w.pth")
    encoder = starting_encoder("timm:test_vit4", PretrainSettings(init=str(tmp_path / "w.pth")).init)
    assert torch.equal(encoder.state_dict()["patch_embed.proj.weight"], theirs["patch_embed.proj.weight"])


def test_no_file_another_backbone_a_hash_alone_and_a_changed_file_are_errors(file, tmp_path):
    with pytest.raises(ValueError, match="expected random, imagenet or a file of weights"):
        PretrainSettings(init=str(tmp_path / "none.pth"))
    start = start_of_file(str(file))
    with pytest.raises(StorageError, match="does not fit resnet50"):
        start_notes("resnet50", start)
    alone = PretrainSettings(init=str(start)).init
    assert not isinstance(alone, FileStart)
    with pytest.raises(UsageError, match="Name the file"):
        starting_encoder("resnet18", alone)
    torch.save(torchvision.models.resnet18().state_dict(), file)
    with pytest.raises(StorageError, match="changed while this command ran"):
        starting_encoder("resnet18", start)


@pytest.mark.slow
def test_a_run_starts_from_a_file_and_its_record_has_the_hash(run, file, tmp_path):
    import json

    done = run("simclr", "brain_tumor_linear", "--seeds", 1, f"--set=pretrain.init={file}", "--backbone", "resnet18")
    assert done.code == 0, done.err
    (path,) = (tmp_path / "results" / "runs").rglob("*.json")
    record = json.loads(path.read_text())
    assert record["config"]["pretrain"]["init"] == f"sha256:{hash_of(file)}"
    assert any("started from the file w.pth" in warning for warning in record["warnings"])
    moved = file.rename(tmp_path / "moved.pth")
    again = run("simclr", "brain_tumor_linear", "--seeds", 1, f"--set=pretrain.init={moved}", "--backbone", "resnet18")
    assert "1 of 1 runs are already in" in again.out + again.err
    wrong = run(
        "simclr", "brain_tumor_linear", "--seeds", 1, f"--set=pretrain.init={moved}", "--backbone", "vit_tiny_8"
    )
    assert (wrong.code, "does not fit vit_tiny_8" in wrong.err) == (6, True)
    missing = run("simclr", "brain_tumor_linear", "--seeds", 1, "--set=pretrain.init=none.pth")
    assert (missing.code, "expected random, imagenet or a file of weights (found 'none.pth')" in missing.err) == (
        2,
        True,
    )
