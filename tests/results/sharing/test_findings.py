"""What is said of findings, for people and for machines."""

from bench.results.sharing.findings import Finding, Verified, listed


def test_a_finding_names_file_and_field_on_one_line():
    assert str(Finding("runs/a.json", "metrics.dice", "it is\n0.9")) == "runs/a.json: metrics.dice: it is\\n0.9"
    assert str(Finding("runs/a.json", "", "gone")) == "runs/a.json: gone"


def test_a_summary_counts_records_not_findings():
    found = Verified(records=3)
    found.add("runs/a.json", [Finding("runs/a.json", "seed", "x"), Finding("runs/a.json", "digest", "y")])
    found.add("runs/b.json", [])
    found.rescored["from stored predictions"] += 3
    assert not found.holds
    assert found.summary == [
        "3 records: 2 hold, 1 do not (2 findings)",
        "scores computed again: from stored predictions 3",
    ]
    assert found.to_json()["wrong"] == ["runs/a.json"]
    assert found.to_json()["findings"][0] == {"path": "runs/a.json", "field": "seed", "reason": "x"}


def test_a_long_list_is_cut():
    many = [Finding(str(i), "", "x") for i in range(30)]
    assert listed(many).splitlines()[-1] == "- and 10 more"
    assert len(listed(many[:20]).splitlines()) == 20
