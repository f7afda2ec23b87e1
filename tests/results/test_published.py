"""Numbers of papers stand beside the scores that they may be compared with, and are never averaged in."""

import math

import pytest

from bench.results.leaderboard import task_board
from bench.results.published import join_published, read_published
from tests.records_of import record


def scores(method, values, **changes):
    return [record(method, seed, value, **changes) for seed, value in enumerate(values)]


def row(board, method):
    return board[board["method"] == method].iloc[0]


def test_published_numbers_stand_beside_real_scores_only(tmp_path):
    header = "table,family,method,backbone,task,protocol,metric,mean,std\n"
    (tmp_path / "paper.csv").write_text(
        header + "table5,ssl,simclr,resnet50,brain_tumor,finetune,accuracy,73.52,3.56\n"
    )
    board = join_published(task_board(scores("simclr", [0.5]) + scores("simclr", [0.6], data="phantom")), tmp_path)
    real, phantom = (board[board["data"] == d].iloc[0] for d in ("real", "phantom"))
    assert real["reported_mean"] == pytest.approx(0.7352)
    assert real["reported_in"] == "paper"
    assert math.isnan(phantom["reported_mean"])
    assert real["mean"] == pytest.approx(0.5)


def test_published_numbers_of_segmentation_and_of_an_mlp_find_their_scores(tmp_path):
    rows = "table2,ssl,simclr,resnet50,drive,finetune,dice_2d,65.22,2.18\n"
    rows += "table4,ssl,simclr,resnet50,prostate/average,finetune,dice_2d,60.0,1.0\n"
    rows += "table4,ssl,simclr,resnet50,prostate/HK,finetune,dice_2d,30.0,1.0\n"
    rows += "table12,ssl,simclr,resnet50,fgadr,mlp_frozen,accuracy,66.67,0.84\n"
    (tmp_path / "paper.csv").write_text("table,family,method,backbone,task,protocol,metric,mean,std\n" + rows)
    dice = {"metric": "dice", "metrics": {"dice": 0.5}, "metrics_without_duplicates": {"dice": 0.5}}
    records = [record(task=name, data_set=name, **dice) for name in ("drive", "prostate")]
    records.append(record(task="fgadr", data_set="fgadr", protocol="mlp"))
    board = join_published(task_board(records), tmp_path)
    found = board.set_index("task")["reported_mean"].to_dict()
    assert found == pytest.approx({"drive": 0.6522, "prostate": 0.6, "fgadr": 0.6667})


def test_published_numbers_of_a_transformer_stand_beside_transformers(tmp_path):
    rows = [
        f"table5,ssl,simclr,{b},brain_tumor,finetune,accuracy,{m},1\n" for b, m in (("resnet50", 70), ("vit_b_16", 80))
    ]
    (tmp_path / "paper.csv").write_text("table,family,method,backbone,task,protocol,metric,mean,std\n" + "".join(rows))
    records = [r for b in ("resnet18", "vit_tiny_8", "vit_b_16_sam") for r in scores("simclr", [0.5], backbone=b)]
    board = join_published(task_board(records + scores("byol", [0.4])), tmp_path).set_index(["method", "backbone"])
    assert board["reported_mean"].dropna().to_dict() == {
        ("simclr", "resnet18"): 0.7, ("simclr", "vit_tiny_8"): 0.8, ("simclr", "vit_b_16_sam"): 0.8,
    }  # fmt: skip
    assert board["reported_backbone"].isna().to_dict()[("byol", "resnet18")]


def test_sites_stand_beside_what_a_paper_reports_of_each(tmp_path):
    (tmp_path / "paper.csv").write_text(
        "method,backbone,task,protocol,metric,mean,std\n"
        "simclr,resnet50,prostate/A,finetune,dice_2d,40,1\nsimclr,resnet50,prostate/B,finetune,dice_2d,50,1\n"
        "simclr,resnet50,prostate/average,finetune,dice_2d,45,\nsimclr,resnet50,other/A,finetune,dice_2d,1,\n"
    )
    sites = {"domains": {n: {"dice": v} for n, v in zip("AB", (0.4, 0.9), strict=True)}, "trained_domain": "B"}
    facts = {"data_set": "prostate", "task": "prostate", "metric": "dice", "metrics": {"dice": 0.65}}
    board = task_board([record("simclr", s, **sites, **facts) for s in (0, 1)] + scores("random", [0.5]))
    r = row(join_published(board, tmp_path), "simclr")
    assert (r["site:A"], r["site:B"]) == (0.4, 0.9)
    assert (r["reported_mean"], r["reported_site:A"], r["reported_site:B"]) == (0.45, 0.4, 0.5)
    assert math.isnan(row(board, "random")["site:A"])


HEADER = "method,backbone,task,protocol,metric,mean,std\n"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the column method is missing"),
        (b"a,b\n", "the column method is missing"),
        (HEADER.encode() + b"simclr,resnet50,drive,finetune,dice_2d,70,1,\n", "row 2 has 8 fields for 7 columns"),
        (b"\xff", "byte 0xff at position 0"),
        (HEADER.encode() + b"simclr,resnet50,drive,finetune,dice_2d,high,1\n", "Unable to parse string"),
        (HEADER.encode() + b"simclr,resnet50,drive,finetune,dice_2d,700,1\n", "a mean is no percentage"),
    ],
)
def test_a_table_that_is_none_is_named_and_left_out(tmp_path, content, reason):
    (tmp_path / "b.csv").write_bytes(content)
    (tmp_path / "a.csv").write_text(HEADER + "simclr,resnet50,brain_tumor,finetune,accuracy,50,1\n")
    tables, problems = read_published(tmp_path)
    assert [len(table) for table in tables] == [1]
    (problem,) = problems
    assert problem.startswith(f"{tmp_path / 'b.csv'}: is no table of published numbers: {reason}")
    board = join_published(task_board([record("simclr")]), tmp_path)
    assert row(board, "simclr")["reported_mean"] == 0.5
