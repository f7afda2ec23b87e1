"""Ablation tables for people."""

from bench.results.ablation_text import tables_text
from bench.results.ablations import ablation_board_of
from bench.results.frame import to_frame
from bench.results.record import AblationRecord
from tests.records_of import record

ABLATIONS = {"without_x": {"x": False}, "nodes_8": {"nodes": 8}}


PAPER = (
    "table,family,method,backbone,task,protocol,metric,mean,std\n"
    'table6,ablation,lvmmed,resnet50,"mean(fgadr,brain_tumor)",finetune,accuracy,67.47,\n'
    'table6,ablation,lvmmed_without_x,resnet50,"mean(fgadr,brain_tumor)",finetune,accuracy,62.17,\n'
)


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
    return ablation_board_of(to_frame(records), "lvmmed", list(ABLATIONS.items()), published)


def test_text_has_differences_pretext_accuracy_and_the_papers_figure(tmp_path):
    (tmp_path / "paper.csv").write_text(PAPER)
    logged = {"matching_accuracy": 0.25, "loss": 9.0}
    table = board(runs([0.5, 0.6], logged=logged) + runs([0.4, 0.6], own={"x": False}, logged=logged), tmp_path)
    text = tables_text(table, markdown=True)
    assert "reported (finetune, mean(fgadr,brain_tumor), resnet50)" in text
    assert "| without_x | x=False | 50.0 ± 14.1 | -5.0 |  | 50.0 | +0.0 (+0.0 to +0.0) | 62.2 | 25.0 | 2 |" in text
    assert "9.0" not in text
    plain = tables_text(table, markdown=False)
    assert "without_x  x=False" in plain
    assert "|" not in plain
    phantom = board(runs([0.5], data="phantom") + runs([0.4], own={"x": False}, data="phantom"), tmp_path)
    assert phantom["reported_mean"].isna().all()


def test_the_noise_floor_stands_under_a_table_that_has_one():
    declared = {"null_y": {"y": 2}, "without_x": {"x": False}}
    rows = runs([0.5, 0.6]) + [
        one for own, values in (({"y": 2}, [0.6, 0.6]), ({"x": False}, [0.1, 0.1]))
        for one in runs(values, own=own, ablations=stated(own, declared))
    ]  # fmt: skip
    board = ablation_board_of(to_frame(rows), "lvmmed", list(declared.items()))
    text = tables_text(board, markdown=True)
    assert "Noise floor: null_y is the same algorithm as `full`" in text
    assert "(points) finetune 7.1, on validation 0.0." in text
    without = ablation_board_of(to_frame([r for r in rows if "y" not in r.overrides.get("method", {})]), "lvmmed",
                                list(declared.items()))  # fmt: skip
    assert "Noise floor" not in tables_text(without, markdown=False)
