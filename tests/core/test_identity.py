"""Identity follows from fields, and from nothing else."""

import dataclasses
from typing import Any

import pytest

from bench.core.identity import CorpusFacts, RunFacts, declaration_fingerprint, digest
from bench.core.registry import tasks

FACTS = RunFacts(
    method="simclr",
    backbone="resnet18",
    kind="classification",
    protocol="linear",
    metric="accuracy",
    profile="quick",
    seed=0,
    config={"method": {"lr": 1.0}, "pretrain": {"epochs": 5}, "task": {"image_size": 48}, "protocol": {"lr": 0.1}},
    versions={"pretraining": {"views": 1}, "evaluation": {"kind classification": 1}},
    data="d",
    declaration="r",
    split="s",
    given_split=None,
    corpus=CorpusFacts("c", "o", None),
)
ALL = {"pretraining", "checkpoint", "evaluation", "identity"}


def changed(**fields: Any) -> set[str]:
    before, after = FACTS.hashes, dataclasses.replace(FACTS, **fields).hashes
    return {name for name in before if before[name] != after[name]}


@pytest.mark.parametrize(
    ("fields", "which"),
    [
        ({"method": "byol"}, ALL - {"evaluation"}),
        ({"backbone": "resnet50"}, ALL - {"evaluation"}),
        ({"seed": 1}, {"checkpoint", "identity"}),
        ({"corpus": CorpusFacts("other", "o", None)}, {"checkpoint", "identity"}),
        ({"corpus": CorpusFacts("c", "o", "m")}, {"checkpoint", "identity"}),
        ({"corpus": CorpusFacts("c", "other", None)}, ALL - {"evaluation"}),
        ({"versions": {**FACTS.versions, "pretraining": {"views": 2}}}, ALL - {"evaluation"}),
        ({"versions": {**FACTS.versions, "evaluation": {}}}, {"evaluation", "identity"}),
        ({"config": {**FACTS.config, "pretrain": {"epochs": 6}}}, ALL - {"evaluation"}),
        ({"config": {**FACTS.config, "protocol": {"lr": 0.2}}}, {"evaluation", "identity"}),
        ({"protocol": "knn"}, {"evaluation", "identity"}),
        ({"metric": "macro_f1"}, {"evaluation", "identity"}),
        ({"profile": "paper"}, {"evaluation", "identity"}),
        ({"data": "other"}, {"evaluation", "identity"}),
        ({"declaration": "other"}, {"evaluation", "identity"}),
        ({"given_split": "g"}, {"evaluation", "identity"}),
        ({"split": "other"}, {"identity"}),
    ],
)
def test_each_field_changes_the_hashes_that_depend_on_it(fields, which):
    assert changed(**fields) == which


def test_settings_of_pretraining_do_not_concern_a_method_without():
    floor = dataclasses.replace(FACTS, corpus=None)
    other = dataclasses.replace(floor, config={**FACTS.config, "pretrain": {"epochs": 6}})
    assert floor.hashes == other.hashes


def test_identity_covers_how_a_data_set_is_read():
    kvasir = tasks().get("kvasir_seg").data
    before = declaration_fingerprint(kvasir)
    assert declaration_fingerprint(dataclasses.replace(kvasir)) == before
    assert declaration_fingerprint(dataclasses.replace(kvasir, title="another", expected_counts={})) == before
    others = [
        dataclasses.replace(kvasir, classes=("polyp", "other")),
        dataclasses.replace(kvasir, overlapping_classes=True),
        dataclasses.replace(kvasir, reader=dataclasses.replace(kvasir.reader, lossy=False)),
    ]
    assert len({declaration_fingerprint(data_set) for data_set in others} | {before}) == 4


def test_settings_of_a_reader_have_no_address_and_no_module(tmp_path, monkeypatch):
    source = (
        "class Part:\n    pass\ndef scale(x):\n    return x\n"
        "class Mine:\n    def __init__(self, low):\n        from functools import partial\n"
        "        self.parts = [Part()]\n        self.scale = scale\n        self.halved = partial(scale, 2)\n"
        "        self.values = {'low': low}\n"
    )
    (tmp_path / "my_reader.py").write_text(source)
    (tmp_path / "renamed_reader.py").write_text(source)
    monkeypatch.syspath_prepend(str(tmp_path))
    data_set = tasks().get("kvasir_seg").data

    def declared(module: str, low: int) -> str:
        return declaration_fingerprint(dataclasses.replace(data_set, reader=__import__(module).Mine(low)))

    assert declared("my_reader", 1) == declared("my_reader", 1) == declared("renamed_reader", 1)
    assert declared("my_reader", 2) != declared("my_reader", 1)


def test_digest_does_not_depend_on_key_order():
    assert digest({"a": 1, "b": [2]}) == digest({"b": [2], "a": 1}) != digest({"a": 1, "b": [3]})
