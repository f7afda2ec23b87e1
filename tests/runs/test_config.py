"""Settings: overrides are typed, unknown keys list the valid ones, profiles hold the published values."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from bench.core.errors import UsageError
from bench.core.registry import methods, tasks
from bench.results.store import Store
from bench.runs.config import parse_overrides, resolve_config


def config(method="simclr", task="brain_tumor", profile="quick", *pairs):
    chosen = tasks().get(task)
    return resolve_config(method, chosen, chosen.protocol, profile, "resnet18", parse_overrides(pairs))


RESULTS = Path(__file__).parents[2] / "results"


def committed():
    return [r for r in Store(RESULTS).load()[0] if r.data == "real"]


def test_override_is_typed_and_recorded():
    resolved = config("simclr", "brain_tumor", "quick", "method.temperature=0.2", "pretrain.epochs=7")
    assert resolved.method["temperature"] == 0.2
    assert resolved.pretrain.epochs == 7
    assert resolved.overrides == {"method": {"temperature": 0.2}, "pretrain": {"epochs": 7}}


def test_what_is_set_to_the_profiles_own_value_is_no_override():
    plain = config("lvmmed", "brain_tumor", "quick")
    same = config("lvmmed", "brain_tumor", "quick", "pretrain.epochs=5", "method.residual=true", "method.nodes=8")
    assert plain.method["residual"] is True
    assert plain.pretrain.epochs == 5
    assert same.overrides == {"method": {"nodes": 8}}
    assert config("lvmmed", "brain_tumor", "paper", "pretrain.epochs=5").overrides == {"pretrain": {"epochs": 5}}


@pytest.mark.parametrize(
    ("pair", "message"),
    [
        ("method.temprature=1", r"no setting 'temprature'. Did you mean 'temperature'\? Valid keys of method: .*lr"),
        ("pretrain.epochs=many", r"pretrain.epochs: .*integer.*found 'many'"),
        ("pretrain.epochs=0", "greater than or equal to 1"),
        ("method.lr=nan", "finite"),
        ("pretrian.epochs=1", r"unknown section 'pretrian'. Did you mean 'pretrain'"),
        ("epochs=1", "expected section.key=value"),
        ("method.temperature", "expected section.key=value"),
    ],
)
def test_bad_overrides(pair, message):
    with pytest.raises(UsageError, match=message):
        config("simclr", "brain_tumor", "quick", pair)


def test_paper_profile_has_the_published_values():
    resolved = config("lvmmed", "brain_tumor", "paper")
    assert (resolved.pretrain.epochs, resolved.pretrain.batch_size, resolved.pretrain.init) == (100, 3200, "imagenet")
    assert (resolved.protocol.lr, resolved.protocol.epochs, resolved.protocol.batch_size) == (5e-4, 30, 64)
    assert resolved.task["image_size"] == 224
    assert resolved.method == methods().get("lvmmed").config_class().model_dump()


@pytest.mark.parametrize("profile", ["quick", "paper"])
def test_a_tasks_own_settings_hold_in_every_profile_and_yield_to_the_users(profile):
    assert config("random", "mmwhs_ct", profile).task["plane"] == "axial"
    assert config("random", "mmwhs_ct", profile, "task.plane=coronal").task["plane"] == "coronal"


@pytest.mark.parametrize("name", sorted(methods().plugins))
def test_every_method_resolves_in_both_profiles_and_documents_its_settings(name):
    cls = methods().get(name)
    quick, paper = config(name, "brain_tumor", "quick"), config(name, "brain_tumor", "paper")
    assert {k: quick.method[k] for k in cls.quick} == dict(cls.quick)
    assert all(paper.method[k] != v for k, v in cls.quick.items()), "quick lists only what differs from the paper"
    assert all(f.description for f in cls.config_class.model_fields.values())


def test_settings_are_frozen():
    resolved = config()
    with pytest.raises(ValidationError):
        resolved.pretrain.epochs = 3


@pytest.mark.parametrize("protocol", ["mlp", "mlp_finetune"])
def test_paper_profile_takes_the_tasks_hidden_layers(protocol):
    resolved = resolve_config("simclr", tasks().get("brain_tumor"), protocol, "paper", "resnet50", {})
    assert resolved.protocol.hidden == (512, 256)
    assert (resolved.protocol.lr, resolved.protocol.epochs) == (5e-4, 30)
    assert resolved.model_dump()["protocol"]["hidden"] == (512, 256)
    linear = resolve_config("simclr", tasks().get("brain_tumor"), "linear", "paper", "resnet50", {})
    assert "hidden" not in linear.protocol.model_dump()


@pytest.mark.parametrize("profile", ["quick", "paper"])
def test_presets_hold_in_every_profile(profile):
    shares = {}
    for name in ("few_shot", "few_shot_1pct", "few_shot_5pct", "few_shot_10pct"):
        shares[name] = resolve_config("simclr", tasks().get("brain_tumor"), name, profile, "resnet18", {}).protocol
    assert [s.fraction for s in shares.values()] == [0.1, 0.01, 0.05, 0.1]
    own = {"protocol": {"fraction": "0.2", "draws": "5"}}
    set_ = resolve_config("simclr", tasks().get("brain_tumor"), "few_shot", profile, "resnet18", own).protocol
    assert (set_.fraction, set_.per_class, set_.draws) == (0.2, None, 5)


def test_paper_profile_gives_a_vote_no_settings_of_training():
    resolved = resolve_config("simclr", tasks().get("brain_tumor"), "knn", "paper", "resnet50", {})
    assert resolved.protocol.model_dump() == {"neighbours": None, "temperature": 0.07}
    assert resolved.task["image_size"] == 224


def test_settings_of_committed_protocols_resolve_as_they_were_recorded():
    for record in committed():
        set_ = {"protocol": record.overrides.get("protocol", {})}
        task = tasks().get(record.task)
        now = resolve_config(record.method, task, record.protocol, record.profile, record.backbone, set_)
        assert now.protocol.model_dump(mode="json") == record.config["protocol"]
