"""Two contestants side by side: from the command line, from Python, and what cannot be compared."""

import pytest

import bench as package
from bench.core.errors import UsageError
from bench.results.board_text import compared_lines
from bench.results.comparison.side_by_side import compare
from bench.results.index import read_frame
from tests.records_of import record
from tests.results.stores_of import add_run, three_methods


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))
    store = three_methods(tmp_path, n_cases=200)
    for seed in range(3):
        for method, right in (("simclr", 0.7), ("random", 0.5)):
            add_run(store, method, seed, right, protocol="knn")
        add_run(store, "simclr", seed, 0.9, overrides={"method": {"alpha": 2}}, config={"method": {"alpha": 2}})
    return store


def test_rows_are_what_both_were_run_on(store):
    table = package.compare("simclr", "random", results=store.results)
    assert list(table["protocol"]) == ["finetune", "knn"]
    assert (table["difference"] > 0).all()
    assert (table["low"] < table["difference"]).all()
    assert (table["p_holm"] >= table["p"]).all()
    assert table.loc[0, "tested"] == "differs"
    assert list(table["subjects"]) == [200, 40]
    assert (table["smallest_shown"] > 0).all()
    turned = package.compare("random", "simclr", results=store.results)
    assert turned["difference"].tolist() == pytest.approx((-table["difference"]).tolist())
    assert turned["p_holm"].tolist() == pytest.approx(table["p_holm"].tolist())


def test_fewer_rows_are_corrected_less(store):
    both = package.compare("simclr", "random", results=store.results)
    one = package.compare("simclr", "random", protocol="knn", task=["brain_tumor"], results=store.results)
    assert len(one) == 1
    assert one["p_holm"][0] == pytest.approx(one["p"][0])
    assert one["p"][0] == pytest.approx(both["p"][1])


def test_a_variant_is_named_by_its_settings(store):
    [row] = package.compare("simclr alpha=2", "simclr", results=store.results).to_dict("records")
    assert (row["settings_a"], row["settings_b"]) == ("method.alpha=2", "")
    assert row["difference"] > 0


def test_other_budgets_are_not_compared(store):
    for seed in range(3):
        add_run(store, "dino", seed, 0.5, overrides={"pretrain": {"epochs": 9}}, config={"pretrain": {"epochs": 9}})
    with pytest.raises(UsageError, match="no records on the same task"):
        package.compare("dino", "simclr", results=store.results)
    assert len(package.compare("dino", "random", results=store.results)) == 1


@pytest.mark.parametrize(
    ("names", "options", "message"),
    [
        (("simclt", "random"), {}, "Did you mean 'simclr'"),
        (("simclr", "random"), {"task": "brain_tumr"}, "Did you mean 'brain_tumor'"),
        (("simclr", "random"), {"protocol": "linear"}, "No records of the protocol 'linear'"),
        (("simclr alpha=7", "random"), {}, "no records on the same task"),
    ],
)
def test_unknown_names_are_named(store, names, options, message):
    with pytest.raises(UsageError, match=message):
        package.compare(*names, results=store.results, **options)


def test_no_records_are_no_comparison(tmp_path):
    frame, _ = read_frame(type(three_methods(tmp_path))(tmp_path / "none"))
    with pytest.raises(UsageError, match="There are: none"):
        compare(frame, "a", "b")


def test_pools_of_other_images_under_one_name_are_told_apart_and_not_paired(store):
    other = record().corpus.model_copy(update={"origin": "other pool", "fingerprint": "f"})
    for method in ("simclr", "byol"):
        add_run(store, method, 0, 0.6, corpus=other)
    table = package.compare("simclr", "byol", results=store.results)
    assert sorted(table["corpus_hash"]) == sorted([record().corpus.origin[:8], "other po"])
    assert set(table["corpus"]) == {record().corpus.label}
    heading, *rows = compared_lines(table)[:3]
    assert "corpus hash" in heading
    assert "pretraining hash" not in heading
    assert len({row.split("  ")[3] for row in rows}) == 2
