"""Loading a file into an encoder: complete or refused with the reason, and proven to have changed it."""

import pytest
import timm
import torch
import torchvision
from torch import nn

from bench.core.errors import StorageError, UsageError
from bench.models.build import build_backbone
from bench.models.checkpoints import save_encoder
from bench.models.weights.method import contestant, load_into, load_weights
from bench.models.weights.sources import WeightsEntry, default_name


def entry(path, **settings):
    return WeightsEntry(name="mine", file=path, **settings)


def changed(path, tmp_path, change):
    state = torch.load(path, weights_only=True)
    change(state)
    torch.save(state, tmp_path / "changed.pth")
    return tmp_path / "changed.pth"


def test_encoder_gives_the_networks_own_features_and_the_probe_says_so(released):
    network, path = released
    loaded = load_weights(entry(path))
    torch.manual_seed(0)
    backbone = build_backbone("resnet18")
    record = load_into(backbone, loaded)
    network.fc = nn.Identity()
    images = torch.randn(2, 3, 64, 64)
    with torch.inference_mode():
        assert torch.allclose(backbone.eval()(images).pooled, network(images), atol=1e-5)
    assert (record.file, record.matched, record.dropped, record.missing) == ("released.pth", 120, {"fc": 2}, [])
    assert record.probe["relative_distance"] > 0.1
    assert record.probe["loaded_norm"] > 0
    assert "unknown" in record.corpus
    again = build_backbone("resnet18")
    again.load_state_dict(loaded.match.state)
    with pytest.raises(StorageError, match="embeds noise exactly as before loading"):
        load_into(again, loaded)


def test_weights_that_are_not_finite_are_refused(released, tmp_path):
    path = changed(released[1], tmp_path, lambda s: s["conv1.weight"].fill_(float("nan")))
    with pytest.raises(StorageError, match="not finite with these weights"):
        load_into(build_backbone("resnet18"), load_weights(entry(path)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.pop("layer3.1.conv2.weight"), r"1 tensors missing \(layer3\.1\.conv2\.weight\); 119 of 120 fit"),
        (lambda s: s.update({"layer4.2.conv1.weight": torch.ones(1)}), r"does not have \(layer4\.2\.conv1\.weight\)"),
        (lambda s: s.update({"conv1.weight": torch.ones(64, 1, 7, 7)}), r"conv1\.weight \(64, 1, 7, 7\) instead of"),
        (lambda s: s.update({"gate.weight": torch.ones(1)}), r"does not have \(gate\.weight\).*drop, allow_missing"),
    ],
)
def test_what_does_not_fit_is_named(released, tmp_path, change, message):
    with pytest.raises(StorageError, match=message):
        load_weights(entry(changed(released[1], tmp_path, change)))


def test_missing_and_unknown_tensors_only_where_an_entry_allows_them(released, tmp_path):
    def change(state):
        state.pop("layer4.1.bn2.bias")
        state["gate.weight"] = torch.ones(1)

    path = changed(released[1], tmp_path, change)
    record = load_weights(entry(path, allow_missing=("layer4.1.bn2.*",), drop=("gate.*",))).record
    assert record.missing == ["layer4.1.bn2.bias"]
    assert record.dropped == {"fc": 2, "gate": 1}
    assert record.rules == ["drop gate.*", "may miss layer4.1.bn2.*"]


def test_wanted_backbone_format_and_prefix(released, tmp_path):
    for found in (
        lambda: load_weights(entry(released[1], backbone="resnet50")),
        lambda: load_weights(entry(released[1]), "resnet50"),
    ):
        with pytest.raises(
            StorageError, match=r"not fit resnet50: .* of 318 fit\. It fits resnet18 best: name that one"
        ):
            found()
    with pytest.raises(UsageError, match=r"Unknown format 'mocco'\. Did you mean 'moco'"):
        load_weights(entry(released[1], format="mocco"))
    with pytest.raises(StorageError, match=r"no encoder was found as moco.*The file has tensors conv1.weight"):
        load_weights(entry(released[1], format="moco"))
    state = torch.load(released[1], weights_only=True)
    odd = {
        "ema": {f"net.trunk.{k}": v for k, v in state.items()},
        "model": {f"net.trunk.{k}": v for k, v in state.items()},
    }
    torch.save(odd, tmp_path / "odd.pth")
    with pytest.raises(
        StorageError, match=r"'ema' with net\.trunk\.conv1\.weight.*container = \"ema\", prefix = \"net\.trunk\.\""
    ):
        load_weights(entry(tmp_path / "odd.pth"))
    record = load_weights(entry(tmp_path / "odd.pth", prefix="net.trunk.")).record
    assert record.rules == ["take model", "strip net.trunk."]


def test_backbone_that_an_own_checkpoint_names_is_not_overruled(tmp_path):
    save_encoder(tmp_path / "e.safetensors", build_backbone("vit_tiny_8"), {"backbone": "vit_tiny_8"})
    assert load_weights(entry(tmp_path / "e.safetensors"), "vit_tiny_8").match.backbone == "vit_tiny_8"
    with pytest.raises(UsageError, match=r"e\.safetensors says that it is vit_tiny_8, and vit_b_16 was asked for"):
        load_weights(entry(tmp_path / "e.safetensors"), "vit_b_16")


def test_own_checkpoint_says_what_it_was_pretrained_on(tmp_path):
    torch.manual_seed(3)
    path = tmp_path / "simclr" / "0123456789abcdef" / "encoder.safetensors"
    corpus = {"label": "pool(drive)", "fingerprint": "f" * 64}
    provenance = {"method": "simclr", "backbone": "resnet18", "seed": 4, "corpus": corpus}
    save_encoder(path, build_backbone("resnet18"), provenance)
    record = load_weights(entry(path)).record
    assert record.format == "bench"
    assert "simclr pretrained on pool(drive)" in record.corpus
    assert default_name(path) == "simclr-01234567"


def test_identity_is_content_and_rules_not_the_place(released, tmp_path):
    def settings(path, **more):
        cls = contestant(load_weights(entry(path, **more)))
        return cls.config_class().model_dump()

    copy = tmp_path / "elsewhere.bin"
    copy.write_bytes(released[1].read_bytes())
    first = settings(released[1])
    assert settings(copy) == first
    assert settings(copy, drop=("fc.*",)) != first
    other = settings(changed(released[1], tmp_path, lambda s: s["conv1.weight"].mul_(2)))
    assert other["sha256"] != first["sha256"]
    assert other["encoder_sha256"] != first["encoder_sha256"]
    head = settings(changed(released[1], tmp_path, lambda s: s["fc.weight"].mul_(2)))
    assert head["encoder_sha256"] == first["encoder_sha256"]
    with pytest.raises(ValueError, match="sha256"):
        contestant(load_weights(entry(copy))).config_class(sha256="0" * 64)


def test_file_that_changes_during_a_command_is_noticed(released, tmp_path):
    path = changed(released[1], tmp_path, lambda s: None)
    cls = contestant(load_weights(entry(path)))
    changed(released[1], tmp_path, lambda s: s["conv1.weight"].mul_(2))
    with pytest.raises(StorageError, match="changed while this command ran"):
        cls(cls.config_class()).initialise(build_backbone("resnet18"))


@pytest.mark.parametrize(
    ("backbone", "make"),
    [
        ("timm:convnext_atto", lambda: timm.create_model("convnext_atto")),
        ("timm:test_vit4", lambda: timm.create_model("test_vit4")),
        ("torchvision:shufflenet_v2_x0_5", lambda: torchvision.models.shufflenet_v2_x0_5()),
    ],
)
def test_a_librarys_own_file_loads_into_its_model_and_computes_what_the_library_does(tmp_path, backbone, make):
    theirs = make().eval()
    torch.save({"state_dict": {f"module.{k}": v for k, v in theirs.state_dict().items()}}, tmp_path / "w.pth")
    loaded = load_weights(entry(tmp_path / "w.pth"), backbone)
    encoder = build_backbone(backbone).eval()
    record = load_into(encoder, loaded)
    assert (loaded.match.backbone, record.missing, record.layout) == (backbone, [], backbone.replace(":", "_"))
    assert sum(record.dropped.values()) == 2, "weight and bias of the classifier"
    own = encoder.state_dict()
    assert all(torch.equal(v, own[k]) for k, v in theirs.state_dict().items() if k in own)


def test_a_librarys_file_is_matched_as_strictly_as_every_other(tmp_path):
    state = timm.create_model("convnext_atto").state_dict()
    lame = {k: v for k, v in state.items() if k != "stem.1.bias"} | {"gate.weight": torch.zeros(2)}
    torch.save(lame, tmp_path / "w.pth")
    with pytest.raises(StorageError, match=r"1 tensors missing \(stem.1.bias\); 1 .*\(gate.weight\); 125 of 126 fit"):
        load_weights(entry(tmp_path / "w.pth"), "timm:convnext_atto")
    torch.save(state, tmp_path / "w.pth")
    with pytest.raises(StorageError, match="126 tensors of another shape") as caught:
        load_weights(entry(tmp_path / "w.pth"), "timm:convnext_femto")
    assert "It fits" not in str(caught.value), "no backbone of this project fits any of it"
    with pytest.raises(StorageError, match="as --backbone timm:convnext_tiny"):
        load_weights(entry(tmp_path / "w.pth"))


def test_positions_without_a_class_token_are_interpolated(tmp_path):
    name = "vit_small_patch14_reg4_dinov2"
    torch.save(timm.create_model(name, img_size=112).state_dict(), tmp_path / "w.pth")
    loaded = load_weights(entry(tmp_path / "w.pth"), f"timm:{name}")
    assert loaded.match.resampled == ["pos_embed (1, 64, 384) -> (1, 1369, 384)"]
