"""What a person is told about a file that loaded."""

import pytest
import torch

from bench.core.console import Report
from bench.core.registry import methods
from bench.models.weights.contestants import register_checkpoints
from bench.models.weights.facts import file_facts
from bench.models.weights.method import load_weights
from bench.models.weights.sources import WeightsEntry, parse_checkpoints
from tests.models.weights.files import RELEASED


def entry(path, **settings):
    return WeightsEntry(name="mine", file=path, **settings)


def changed(path, tmp_path, change):
    state = torch.load(path, weights_only=True)
    change(state)
    torch.save(state, tmp_path / "changed.pth")
    return tmp_path / "changed.pth"


NAMES = ("vit_b_16_clip", "vit_b_16_openclip")


@pytest.fixture
def clip_file(tmp_path):
    torch.save(RELEASED["clip.pt"][0](), tmp_path / "clip.pt")
    return tmp_path / "clip.pt"


def test_mostly_missing_encoder_is_warned_of(released, tmp_path):
    def keep(names):
        path = changed(released[1], tmp_path, lambda s: [s.pop(k) for k in list(s) if not k.startswith(names)])
        return load_weights(entry(path, allow_missing=("layer*",)))

    (notice,) = keep(("conv1", "bn1", "layer1")).notices
    assert "changed.pth: 75 of 100 tensors of resnet18 are missing and keep their initial values" in notice
    assert keep(("conv1", "bn1", "layer1", "layer2", "layer3")).notices == []


def test_unnamed_activation_is_told_and_a_named_one_is_taken_silently(clip_file, tmp_path, capfd):
    default = load_weights(WeightsEntry(name="c", file=clip_file))
    assert default.match.backbone == "vit_b_16_clip"
    (notice,) = default.notices
    assert "clip.pt does not say which activation" in notice
    assert 'backbone = "vit_b_16_openclip" in a TOML entry' in notice
    for name in NAMES:
        asked = load_weights(WeightsEntry(name="c", file=clip_file), name)
        assert (asked.match.backbone, asked.notices) == (name, [])
    (tmp_path / "w.toml").write_text('[c]\nfile = "clip.pt"\nbackbone = "vit_b_16_openclip"\n')
    (entry,) = parse_checkpoints([str(tmp_path / "w.toml")], "resnet18")
    assert load_weights(entry).match.backbone == "vit_b_16_openclip"


def test_notice_is_printed_where_files_are_opened(clip_file, capfd, monkeypatch):
    monkeypatch.setattr("bench.models.weights.facts.load_into", lambda backbone, loaded: loaded.record)
    assert "--backbone vit_b_16_openclip" in " ".join(file_facts(clip_file)["notices"])
    try:
        register_checkpoints([f"a={clip_file}"], (), "resnet18", Report())
        assert "Warning: clip.pt does not say which activation" in capfd.readouterr().err
        register_checkpoints([f"b={clip_file}"], ("vit_b_16_openclip",), "resnet18", Report())
        assert "Warning" not in capfd.readouterr().err
        assert [methods().get(n).backbones for n in "ab"] == [("vit_b_16_clip",), ("vit_b_16_openclip",)]
    finally:
        methods.cache_clear()


def test_other_files_have_no_notice(tmp_path):
    torch.save(RELEASED["torchvision_r18.pth"][0](), tmp_path / "r18.pth")
    assert load_weights(WeightsEntry(name="r", file=tmp_path / "r18.pth")).notices == []
