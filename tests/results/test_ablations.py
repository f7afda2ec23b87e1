"""Ablations: declared as data, run as ordinary runs, tabulated from records alone."""

import io
import math
from importlib import import_module

import pandas as pd
import pytest

from bench.core.registry import methods
from bench.core.versions import plugin_versions
from bench.results.ablations import ablation_board, ablation_texts, write_ablations
from bench.results.leaderboard import to_frame
from bench.results.record import AblationRecord
from bench.runs.ablate import find_ablations
from bench.runs.config import resolve
from tests.records_of import record

ABLATIONS = {"without_x": {"x": False}, "nodes_8": {"nodes": 8}}


def runs(values, method="lvmmed", own=None, pretrain=None, **changes):
    overrides = ({"method": own} if own else {}) | ({"pretrain": pretrain} if pretrain else {})
    facts = {"overrides": overrides, "ablations": stated(own or {})} | changes
    return [record(method, s, v, **facts) for s, v in enumerate(values)]


def stated(own, ablations=ABLATIONS):
    """What a record with these settings states of the ablations that its method declares."""
    return [
        AblationRecord(name=name, order=order, changes=changes)
        for order, (name, changes) in enumerate(ablations.items(), start=1)
        if changes.items() <= own.items()
    ]


def board(records, published=None):
    return ablation_board(records, "lvmmed", ABLATIONS, published)


def test_difference_is_paired_by_seed():
    table = board(runs([0.5, 0.6, 0.7]) + runs([0.4, 0.6, 0.5, 0.9], own={"x": False}))
    assert list(table["setting"]) == ["full", "without_x"]
    row = table.iloc[1]
    assert row["difference"] == pytest.approx(-0.1)  # -0.1, 0.0, -0.2; seed 3 has no partner
    assert math.isnan(row["difference_low"]), "there are no cases"
    assert row["seeds"] == 4
    assert math.isnan(table.iloc[0]["difference"])


def test_validation_has_a_difference_of_its_own():
    def validated(values, **changes):
        return [replace_validation(r, v) for r, v in zip(runs([0.5, 0.5], **changes), values, strict=True)]

    def replace_validation(one, value):
        return one.model_copy(update={"selection": {"epoch": 1, "validation_accuracy": value}})

    row = board(validated([0.7, 0.8]) + validated([0.6, 0.8], own={"x": False})).iloc[1]
    assert row["difference"] == 0
    assert row["validation_difference"] == pytest.approx(-0.05)
    assert row["validation_difference_low"] < -0.05 < row["validation_difference_high"]


def test_a_table_shares_settings_and_other_methods_stand_below_it():
    short, long = {"epochs": 2}, {"epochs": 9}
    records = runs([0.5], pretrain=short) + runs([0.4], own={"x": False}, pretrain=short)
    records += runs([0.8], pretrain=long) + runs([0.9], own={"nodes": 8}, pretrain=long)
    records += runs([0.6], "simclr", pretrain=short) + runs([0.3], "random")
    records += runs([0.7], "byol", own={"lr": 1.0}, pretrain=short)
    table = board(records)
    tables = {base: list(rows["setting"]) for base, rows in table.groupby("base")}
    assert tables == {
        "pretrain.epochs=2": ["full", "without_x", "random", "simclr"],
        "pretrain.epochs=9": ["full", "nodes_8", "random"],
    }


def test_a_change_that_is_the_profiles_own_value_is_still_of_its_row():
    changes = {"both": {"x": False, "nodes": 8}}
    changed = runs([0.4], own={"x": False}, config={"method": {"x": False, "nodes": 8, "y": 1}})
    other = runs([0.3], own={"x": False}, config={"method": {"x": False, "nodes": 9, "y": 1}})
    table = ablation_board(runs([0.5]) + changed, "lvmmed", changes)
    assert list(table["setting"]) == ["full", "both"]
    assert ablation_board(runs([0.5]) + other, "lvmmed", changes).empty


@pytest.mark.parametrize(
    "records",
    [
        runs([0.5]) + runs([0.6], "simclr"),
        runs([0.5], own={"x": False}),
        runs([0.5]) + runs([0.4], own={"y": 1}),
        runs([0.5]) + runs([0.4], own={"x": False}, data="phantom"),
        runs([0.5]) + runs([0.4], own={"x": False}, profile="paper"),
        runs([0.5]) + runs([0.4], own={"x": False}, versions={"pretraining": {"method lvmmed": 2}, "evaluation": {}}),
        [],
    ],
)
def test_no_table_without_full_and_an_ablation_that_may_be_compared(records):
    assert board(records).empty


def test_undefined_score_makes_the_difference_undefined():
    undefined = record("lvmmed", 1, overrides={"method": {"x": False}}, metrics={"accuracy": None})
    table = board([*runs([0.5, 0.5]), *runs([0.4], own={"x": False}), undefined])
    assert math.isnan(table.iloc[1]["mean"])
    assert math.isnan(table.iloc[1]["difference"])


def test_files_are_the_same_bytes_for_the_same_records_in_any_order(tmp_path):
    records = runs([0.5, 0.6]) + runs([0.4, 0.7], own={"nodes": 8}) + runs([0.1], "random")
    first = [(p.name, p.read_bytes()) for p in write_ablations(tmp_path, to_frame(records))]
    assert [name for name, _ in first] == ["ablation-lvmmed-brain_tumor-real-quick.csv"]
    assert [(p.name, p.read_bytes()) for p in write_ablations(tmp_path, to_frame(records[::-1]))] == first


def test_tables_are_those_of_what_the_records_state():
    """The method need not be installed, and a run from before a declaration counts like those after it."""
    before = runs([0.7, 0.6], "absent", own={"nodes": 8}, ablations=[])
    after = runs([0.5, 0.6], "absent") + runs([0.4, 0.7], "absent", own={"x": False})
    assert list(ablation_texts(to_frame(after + before))) == ["ablation-absent-brain_tumor-real-quick.csv"]
    [text] = ablation_texts(to_frame(after + before)).values()
    assert settings_in(text) == ["full", "without_x"], "no record states the ablation that its settings are"
    later = [record("absent", 2, 0.5, overrides={"method": {"nodes": 8}}, ablations=stated({"nodes": 8}))]
    [text] = ablation_texts(to_frame(after + before + later)).values()
    assert settings_in(text) == ["full", "without_x", "nodes_8"]
    assert pd.read_csv(io.StringIO(text))["seeds"].tolist() == [2, 2, 3]


def settings_in(text):
    return list(pd.read_csv(io.StringIO(text))["setting"])


def test_an_ablation_that_was_declared_otherwise_is_a_row_of_its_own():
    old = runs([0.3, 0.4], own={"nodes": 4}, ablations=stated({"nodes": 4}, {"few": {"nodes": 4}}))
    new = runs([0.5, 0.4], own={"nodes": 8}, ablations=stated({"nodes": 8}, {"few": {"nodes": 8}}))
    [text] = ablation_texts(to_frame(runs([0.5, 0.6]) + old + new)).values()
    rows = pd.read_csv(io.StringIO(text))[["setting", "changes"]].fillna("").itertuples(index=False, name=None)
    assert list(rows) == [("full", ""), ("few", "nodes=4"), ("few", "nodes=8")]


def test_tables_of_independent_records_are_the_tables_of_each():
    groups = [
        runs([0.5, 0.6], **kind) + runs([0.4, 0.7], own={"x": False}, **kind) + runs([0.1], "random", **kind)
        for kind in ({"backbone": "resnet18"}, {"backbone": "resnet50"}, {"task": "other", "data_set": "other"})
    ]
    together = board([r for group in groups for r in group])
    alone = pd.concat([board(group) for group in groups])
    order = ["data_set", "backbone"]
    pd.testing.assert_frame_equal(
        together.sort_values(order, kind="stable", ignore_index=True),
        alone.sort_values(order, kind="stable", ignore_index=True),
    )


@pytest.mark.parametrize("name", sorted(methods().plugins))
def test_declared_ablations_change_a_setting_of_a_profile_to_a_valid_value(name):
    cls = methods().get(name)
    layers = ({}, cls.quick)
    for changes in cls.ablations.values():
        pairs = [[resolve(cls.config_class, "method", name, layer, more) for more in ({}, changes)] for layer in layers]
        assert any(plain != ablated for plain, ablated in pairs)


def test_lvmmed_declares_the_papers_ablations():
    names = set(find_ablations("lvmmed"))
    assert {"full", "without_second_order", "without_message_passing", "without_gumbel_noise"} <= names
    assert {"without_local_similarity", "alpha_0.7", "alpha_0.9", "nodes_32", "lambda_2", "null_lambda_100"} <= names


def test_table_of_ablations_is_no_part_of_the_identity(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    found = []
    for i, table in enumerate(("{'a': {'x': 1}}", "{}")):
        (tmp_path / f"mine_{i}.py").write_text(f"class Mine:\n    version = 3\n    ablations: dict = {table}\n")
        found.append(plugin_versions("method", "mine", import_module(f"mine_{i}").Mine))
    assert found == [{"method mine": 3}] * 2


def test_rows_of_the_same_algorithm_are_the_noise_floor_of_their_column():
    declared = {"without_x": {"x": False}, "null_y": {"y": 2}, "null_z": {"z": 3}}

    def changed(values, own, **changes):
        return runs(values, own=own, ablations=stated(own, declared), **changes)

    full = runs([0.5, 0.6]) + runs([0.5, 0.6], protocol="knn")
    null = changed([0.6, 0.6], {"y": 2}) + changed([0.5, 0.4], {"z": 3}) + changed([0.9, 0.9], {"x": False})
    table = ablation_board(full + null + changed([0.1, 0.1], {"x": False}, protocol="knn"), "lvmmed", declared)
    floors = table.set_index(["protocol", "setting"])["noise_floor"]
    assert floors["finetune"].tolist() == pytest.approx([math.sqrt((0.1**2 + 0 + 0 + 0.2**2) / 4)] * 4)
    assert floors["knn"].isna().all(), "no null row in this column"
    assert (table["validation_noise_floor"].dropna() == 0).all()
    assert ablation_board(full[:2] + changed([0.1], {"x": False}), "lvmmed", declared)["noise_floor"].isna().all()
