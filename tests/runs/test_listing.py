"""What can be run, as rows of data, without torch."""

import json

import pytest

from tests.commands import imported_by


def data(done):
    assert done.code == 0, done.err
    return json.loads(done.out)


@pytest.mark.parametrize(
    "command",
    [f"list {what}" for what in ("tasks", "protocols", "backbones", "formats", "splits", "pasts")] + ["show moco"],
)
def test_other_lists_import_no_torch(command):
    assert not imported_by(*command.split()) & {"torch", "torchvision", "lightly"}


def test_lists_as_data(bench):
    rows = {what: data(bench("list", what, "--json")) for what in ("methods", "tasks", "protocols", "backbones")}
    named = {what: {row["name"]: row for row in found} for what, found in rows.items()}
    assert named["methods"]["lvmmed"]["location"] == "methods.lvmmed:LVMMed"
    assert set(named["tasks"]["fgadr"]) == {
        "name", "title", "data_set", "kind", "protocol", "metric", "stand_in_for", "location", "package",
    }  # fmt: skip
    assert named["tasks"]["dr_patient600_linear"]["stand_in_for"] == "fgadr"
    assert named["tasks"]["dr_patient600_linear"]["data_set"] == "dr_patient600"
    assert named["protocols"]["finetune"]["frozen"] is False
    assert named["backbones"]["resnet18"]["embedding_dim"] == 512


def test_published_splits_and_known_pasts(bench):
    splits = {row["name"]: row["data_sets"] for row in data(bench("list", "splits", "--json"))}
    assert splits["grouped"] is None
    assert splits["lvmmed"]["fgadr"] == {"train": 1500, "validation": 341, "test": 341}
    assert "lvmmed" in bench("list", "splits").out
    assert "SA-1B" in bench("list", "pasts").out
    assert "--split lvmmed: 413 train, 104 validation, 130 test" in bench("show", "buid").out
    assert "--split" not in bench("show", "drive").out
    shown = " ".join(bench("show", "sam").out.split())
    assert "medsam: MedSAM: pretrained on SA-1B" in shown
    assert "Sources: J. Ma et al.: Segment Anything in Medical Images." in shown
