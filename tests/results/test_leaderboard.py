"""Leaderboards: means, intervals and ranks by hand; what may not be mixed is not mixed."""

import math

import pytest

from bench.core.settings import TunedRecord
from bench.results.board_text import to_markdown
from bench.results.comparison.mean_ranks import overall_board
from bench.results.leaderboard import task_board
from bench.results.record import SplitRecord
from tests.records_of import record, write_boards


def scores(method, values, **changes):
    return [record(method, seed, value, **changes) for seed, value in enumerate(values)]


def split(fingerprint):
    """Of another data set: those with the same splits are on the same images."""
    return SplitRecord(fingerprint=fingerprint, file="splits/x.csv", train=2, validation=1, test=1)


def row(board, method):
    return board[board["method"] == method].iloc[0]


def test_mean_and_deviation_by_hand_and_no_interval_without_cases():
    board = task_board(scores("simclr", [0.5, 0.6, 0.7]))
    r = row(board, "simclr")
    assert (r["mean"], r["std"], r["seeds"]) == (pytest.approx(0.6), pytest.approx(0.1), 3)
    assert math.isnan(r["ci95_low"])
    assert math.isnan(r["ci95_high"])
    assert (r["interval_over"], r["tested"]) == ("", "")
    assert r["mean_without_duplicates"] == pytest.approx(0.5)
    assert r["mean_without_near_duplicates"] == pytest.approx(0.4)
    assert r["split_used"] == "owner"


def test_mean_on_validation_is_undefined_where_a_seed_lacks_it():
    def board(second):
        chosen = [{"validation_accuracy": 0.6}, second]
        runs = [record(seed=s, selection=v) for s, v in enumerate(chosen)]
        return row(task_board(runs), "simclr")["mean_validation"]

    assert board({"validation_accuracy": 0.8}) == pytest.approx(0.7)
    assert math.isnan(board({"epoch": 3.0}))


def test_one_seed_has_no_deviation():
    r = row(task_board(scores("simclr", [0.5])), "simclr")
    assert math.isnan(r["std"])


def test_equal_means_share_a_rank():
    board = task_board(scores("a", [0.8, 0.7]) + scores("b", [0.7, 0.8]) + scores("far", [0.1, 0.2]))
    assert list(zip(board["method"], board["rank"], strict=True)) == [("a", 1), ("b", 1), ("far", 3)]


@pytest.mark.parametrize("changes", [{"data": "phantom"}, {"profile": "paper"}, {"backbone": "resnet50"}])
def test_groups_are_never_mixed(changes):
    board = task_board(scores("simclr", [0.5]) + scores("byol", [0.9], **changes))
    assert list(board["rank"]) == [1, 1]


def test_other_evaluation_settings_are_another_group():
    other = {"hashes": {"evaluation": "0" * 64, "pretraining": "1" * 64}}
    assert list(task_board(scores("simclr", [0.5]) + scores("byol", [0.9], **other))["rank"]) == [1, 1]


def test_another_pretraining_budget_is_another_contestant():
    other = {
        "hashes": {"evaluation": "e" * 64, "pretraining": "1" * 64},
        "overrides": {"pretrain": {"epochs": 9}},
    }
    board = task_board(scores("simclr", [0.5, 0.5]) + scores("simclr", [0.9, 0.9], **other))
    assert list(board["settings"]) == ["pretrain.epochs=9", ""]
    assert list(board["seeds"]) == [2, 2]


def test_undefined_score_makes_the_mean_undefined():
    undefined = record("simclr", 1, metrics={"accuracy": None})
    r = row(task_board([record("simclr", 0, 0.9), undefined]), "simclr")
    assert math.isnan(r["mean"])


def test_same_contestant_and_seed_twice_is_an_error():
    with pytest.raises(ValueError, match="share method, settings and seed"):
        task_board([record(score=0.5), record(score=0.6)])


def test_mean_rank_is_null_without_every_task():
    linear = {"task": "drive", "data_set": "drive", "split": split("d")}
    records = scores("simclr", [0.5]) + scores("byol", [0.9])
    records += scores("simclr", [0.9], **linear)
    overall = overall_board(task_board(records))
    assert row(overall, "simclr")["mean_rank"] == pytest.approx((2 + 1) / 2)
    assert math.isnan(row(overall, "byol")["mean_rank"])
    assert row(overall, "byol")["data_sets"] == 1


def test_tasks_and_data_sets_on_the_same_images_count_once():
    records = scores("simclr", [0.9]) + scores("byol", [0.5]) + scores("dino", [0.1])
    for other in ("brain_tumor_linear", "brain_tumor"):  # the second is another data set with the same split
        changes = {"task": other, "data_set": "b" if other == "brain_tumor" else "brain_tumor", "protocol": "linear"}
        records += (
            scores("simclr", [0.1], **changes) + scores("byol", [0.5], **changes) + scores("dino", [0.9], **changes)
        )
    drive = {"task": "drive", "data_set": "drive", "split": split("d")}
    records += scores("simclr", [0.9], **drive) + scores("byol", [0.5], **drive) + scores("dino", [0.1], **drive)
    overall = overall_board(task_board(records))
    assert list(overall["data_sets"]) == [2, 2, 2]
    assert row(overall, "simclr")["mean_rank"] == pytest.approx(((1 + 3 + 3) / 3 + 1) / 2)
    assert row(overall, "dino")["set_rank b"] == pytest.approx((3 + 1 + 1) / 3)


def test_a_task_of_many_protocols_counts_once():
    one = {"task": "drive", "data_set": "drive", "split": split("d")}
    records = scores("simclr", [0.5]) + scores("byol", [0.9], **one) + scores("simclr", [0.1], **one)
    for protocol in ("finetune", "linear", "knn"):
        records += scores("simclr", [0.5], protocol=protocol)[protocol == "finetune" :]
        records += scores("byol", [0.4], protocol=protocol)
    overall = overall_board(task_board(records))
    assert row(overall, "simclr")["mean_rank"] == row(overall, "byol")["mean_rank"] == pytest.approx(1.5)
    assert list(overall["data_sets"]) == [2, 2]


def test_variants_have_a_rank_that_no_other_depends_on():
    variants = [
        {"overrides": {"method": {"alpha": a}}, "hashes": {"evaluation": "e" * 64, "pretraining": f"{a}"}}
        for a in (1, 2)
    ]
    records = scores("simclr", [0.5, 0.6]) + scores("byol", [0.3, 0.4])
    for value, changes in zip((0.9, 0.4), variants, strict=True):
        records += scores("lvmmed", [value, value], **changes)
    board = task_board(records)
    assert list(zip(board["method"], board["settings"], board["rank"], strict=True)) == [
        ("lvmmed", "method.alpha=1", 1), ("simclr", "", 1), ("byol", "", 2), ("lvmmed", "method.alpha=2", 2),
    ]  # fmt: skip
    assert set(overall_board(board)["method"]) == {"simclr", "byol"}
    text = to_markdown(board)
    assert "alpha" not in text
    assert "2 rows of methods with changed settings" in text


def test_variants_alone_are_ranked_among_themselves():
    changed = [
        {"overrides": {"method": {"alpha": a}}, "hashes": {"evaluation": "e", "pretraining": f"{a}"}} for a in (1, 2)
    ]
    board = task_board(scores("lvmmed", [0.4], **changed[0]) + scores("lvmmed", [0.6], **changed[1]))
    assert list(board["rank"]) == [1, 2]
    assert overall_board(board).empty


def test_each_pretraining_budget_has_its_own_mean_ranks():
    def budget(epochs, method, **more):
        hashes = {"evaluation": "e" * 64, "pretraining": f"{method}{epochs}"}
        return scores(method, [0.1 * epochs], overrides={"pretrain": {"epochs": epochs}}, hashes=hashes, **more)

    knn = {"protocol": "knn"}
    records = budget(2, "simclr") + budget(5, "simclr", **knn) + budget(5, "byol", **knn)
    overall = overall_board(task_board(records + scores("random", [0.3]) + scores("random", [0.9], **knn)))
    ranks = {(b, m): r for b, m, r in overall[["budget", "method", "mean_rank"]].itertuples(index=False)}
    assert ranks == {
        ("pretrain.epochs=2", "random"): 1, ("pretrain.epochs=2", "simclr"): 2,
        ("pretrain.epochs=5", "random"): 1, ("pretrain.epochs=5", "byol"): 2, ("pretrain.epochs=5", "simclr"): 2,
    }  # fmt: skip


def test_efficiency_has_columns_of_its_own_and_is_never_a_smaller_mean(tmp_path):
    facts = {"parameters": 11e6, "gflops_per_image": 0.2, "adapt_seconds": 4.0}
    board = task_board([record("simclr", s, 0.5, efficiency=facts | {"adapt_seconds": 4.0 + s}) for s in (0, 2)])
    r = row(board, "simclr")
    assert (r["parameters"], r["gflops_per_image"], r["adapt_seconds"]) == (11e6, 0.2, 5.0)
    assert math.isnan(r["pretrain_seconds"])
    mixed = [record("simclr", 0, 0.5, efficiency=facts), record("simclr", 1, 0.6)]
    assert math.isnan(row(task_board(mixed), "simclr")["adapt_seconds"]), "one seed was not measured"
    write_boards(tmp_path, [record("simclr", 0, 0.5, efficiency=facts)])
    header = (tmp_path / "leaderboard" / "real-quick.csv").read_text().splitlines()[0].split(",")
    assert {"parameters", "gflops_per_image", "adapt_seconds"} <= set(header)
    assert "pretrain_seconds" not in header
    write_boards(tmp_path, scores("simclr", [0.5]))
    assert "parameters" not in (tmp_path / "leaderboard" / "real-quick.csv").read_text()


def tuned(data_set):
    """How settings were chosen on a data set."""
    return TunedRecord(
        trials=20, sampler="tpe", sampler_seed=0, space={"method.lr": "0.01 to 1"}, chosen={"method.lr": 0.1}, best=0.5,
        metric="accuracy", task="fgadr", data_set=data_set, data="real", data_fingerprint="other", protocol="knn",
        backbone="resnet18", profile="quick", corpus="pool", seeds=[1000],
    )  # fmt: skip


def test_tuned_settings_are_no_variant_unless_the_scored_data_chose_them():
    own = {"overrides": {"method": {"lr": 0.1}, "pretrain": {"epochs": 9}}}
    plain = scores("byol", [0.5, 0.5], overrides={"pretrain": {"epochs": 9}})
    elsewhere = plain + scores("simclr", [0.6, 0.7], tuned=tuned("fgadr"), **own)
    board = task_board(elsewhere)
    assert row(board, "byol")["rank"] == 2, "it counts as the method with its own settings does"
    assert (row(board, "simclr")["tuned"], row(board, "simclr")["tuned_on_scored"]) == ("20 trials on fgadr", False)
    assert (row(board, "byol")["tuned"], row(board, "byol")["tuned_on_scored"]) == ("", False)
    text = to_markdown(board)
    assert "| method.lr=0.1 pretrain.epochs=9 (tuned: 20 trials on fgadr) |" in text
    assert text.endswith("\nsimclr was tuned: 20 trials on fgadr, over method.lr 0.01 to 1.\n")
    ranks = overall_board(board).set_index("method")["mean_rank"]
    assert ranks.to_dict() == {"simclr": 1, "byol": 2}, "one budget"

    here = task_board(plain + scores("simclr", [0.6, 0.7], tuned=tuned("brain_tumor"), **own))
    assert row(here, "byol")["rank"] == 1
    assert bool(row(here, "simclr")["tuned_on_scored"])
    assert "1 rows of methods with changed settings" in to_markdown(here)


def test_only_tables_with_tuned_settings_have_columns_of_it(tmp_path):
    own = {"overrides": {"method": {"lr": 0.1}}}
    files = write_boards(tmp_path, scores("byol", [0.5]) + scores("dino", [0.4], tuned=tuned("fgadr"), **own))
    header, first, second = (tmp_path / "leaderboard" / "real-quick.csv").read_text().splitlines()
    assert "tuned,tuned_over,tuned_on_scored" in header
    assert "20 trials on fgadr,method.lr 0.01 to 1,False" in second
    assert "trials" not in first
    write_boards(tmp_path, scores("byol", [0.5]))
    assert "tuned" not in (tmp_path / "leaderboard" / "real-quick.csv").read_text()
    assert files


def test_a_row_whose_seeds_differ_in_their_tuning_says_so():
    own = {"overrides": {"method": {"lr": 0.1}}}
    mixed = [record("simclr", 0, 0.5, tuned=tuned("fgadr"), **own), record("simclr", 1, 0.5, **own)]
    assert row(task_board(mixed), "simclr")["tuned"] == "some seeds only"
