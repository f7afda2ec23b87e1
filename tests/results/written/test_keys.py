"""No two rows of any table look alike, whatever the records are; what all rows share is hidden."""

import csv
import io
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.core.digest import digest
from bench.core.escape import latex_cell, markdown_cell, one_line
from bench.results.board_text import to_markdown
from bench.results.boards import Regenerated
from bench.results.frame import to_frame
from bench.results.leaderboard import task_board
from bench.results.tables import csv_texts, leaderboard_tables
from bench.results.written.keys import NUMBER, apart, keys_of
from bench.results.written.latex import to_latex
from bench.results.written.terminal import board_table
from tests.records_of import record

NAMES = st.sampled_from(["random", "simclr", "a_b", "a b", "x%", "a|b", "<i>", "{c}", "\\d", "a^", "5&6", "#1~", "=1"])
CORPORA = st.sampled_from(["", "pool", "task(x)"])
FACTS = st.fixed_dictionaries(
    {
        "data": st.sampled_from(["real", "phantom"]),
        "profile": st.sampled_from(["quick", "paper"]),
        "task": NAMES,
        "protocol": st.sampled_from(["knn", "linear"]),
        "backbone": st.sampled_from(["resnet18", "timm:vit_tiny", "vit_b_16"]),
        "evaluation": st.sampled_from("ef"),
        "method": NAMES,
        "epochs": st.sampled_from([None, 3]),
        "alpha": st.sampled_from([None, None, 0.5]),
        "task_epochs": st.sampled_from([None, 7]),
        "corpus": CORPORA,
        "version": st.sampled_from([1, 2]),
        "score": st.sampled_from([0.5, 0.25, None]),
    }
)


def record_of(facts):
    """A record of one run; its hashes follow from what the contestant is, as those of stored records do."""
    overrides = {"pretrain": {"epochs": facts["epochs"]}, "method": {"alpha": facts["alpha"]}}
    overrides |= {"protocol": {"epochs": facts["task_epochs"]}}
    overrides = {section: {k: v for k, v in values.items() if v} for section, values in overrides.items()}
    corpus = record().corpus.model_copy(update={"label": facts["corpus"]}) if facts["corpus"] else None
    group = ("data", "profile", "task", "protocol", "backbone", "evaluation", "task_epochs")
    contestant = ("method", "epochs", "alpha", "corpus", "version")
    hashes = {
        "evaluation": digest([facts[name] for name in group]),
        "pretraining": digest([facts[name] for name in contestant]),
    }
    names = {name: facts[name] for name in ("data", "profile", "task", "protocol", "backbone")}
    more = {"data_set": facts["task"], "metrics": {"accuracy": facts["score"]}, "corpus": corpus}
    return record(facts["method"], overrides=overrides, hashes=hashes, **names, **more)


def rows_of(text, end, separator):
    """Cells of the rows of a table, as they are read."""
    lines = [line.removesuffix(end) for line in text.splitlines() if line.endswith(end) and line.strip("-| ")]
    return [tuple(" ".join(cell.split()) for cell in re.split(separator, line)) for line in lines]


def markdown_tables(text):
    return [rows_of(part, " |", r"(?<!\\)\|") for part in re.split(r"^\*\*.*\*\*$", text, flags=re.MULTILINE)]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(FACTS, min_size=2, max_size=12, unique_by=lambda facts: digest({**facts, "score": 0})))
def test_no_two_rows_of_any_table_look_alike(tmp_path_factory, facts):
    frame = to_frame([record_of(one) for one in facts])
    tables = leaderboard_tables(frame, tmp_path_factory.getbasetemp() / "none")
    made = Regenerated(len(frame), [], tables, [])
    named = [text for name, text in csv_texts(tables).items() if not name.endswith("-overall.csv")]
    for text in [*csv_texts(tables).values(), made.text("csv")]:
        rows = [tuple(row) for row in csv.reader(io.StringIO(text))]
        assert len(set(rows)) == len(rows)
    keys = ["evaluation_hash", "method", "settings", "corpus", "pretraining_hash"]
    for text in named:
        rows = list(csv.DictReader(io.StringIO(text)))
        names = [tuple(row[key] for key in [*keys, "data", "profile", "task", "protocol", "backbone"]) for row in rows]
        assert len(set(names)) == len(names), "their scores are not what tells them apart"
        assert all(re.fullmatch(r"\d*", row.get("rank", "")) for row in rows), "ranks are integers"
    for rows in markdown_tables(made.markdown):
        names = [row[: row.index("---")] if "---" in row else row for row in rows]
        assert len(set(names)) == len(names)
    for text in made.text("latex").split(r"\begin{tabular}")[1:]:
        rows = rows_of(text, r" \\", r"(?<!\\)&")
        assert len(set(rows)) == len(rows)
    board = task_board([record_of(one) for one in facts])
    cells = list(zip(*(list(column.cells) for column in board_table(board).columns), strict=True))
    assert len({tuple(map(str, row)) for row in cells}) == len(cells) == len(board)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(FACTS, min_size=1, max_size=8, unique_by=lambda facts: digest({**facts, "score": 0})))
def test_keys_alone_tell_rows_apart_in_every_escape(facts):
    board = task_board([record_of(one) for one in facts])
    for escape in (one_line, markdown_cell, latex_cell):
        keys = keys_of(board, escape)
        rows = list(zip(*keys.columns.values(), strict=True))
        assert len(set(rows)) == len(rows) == len(board)
        assert NUMBER not in keys.columns, "names are enough"
        constant = [h for h, column in keys.columns.items() if len(set(column)) == 1 and h != "method"]
        assert constant == [] or len(board) == 1


def three_backbones(**changes):
    hashes = {"evaluation": "e" * 64, "pretraining": "p" * 64}
    names = ("resnet18", "resnet50", "vit_b_16")
    return [record("random", 0, 0.5, backbone=name, hashes=hashes, **changes) for name in names]


def test_three_backbones_are_three_rows_and_what_they_share_is_said_once():
    board = task_board(three_backbones())
    assert board["rank"].tolist() == [1, 1, 1]
    keys = keys_of(board)
    assert keys.columns == {"backbone": ["resnet18", "resnet50", "vit_b_16"], "method": ["random"] * 3}
    assert keys.note == (
        "All rows: data real, profile quick, task brain_tumor, protocol finetune, split owner, metric accuracy."
    )
    text = to_markdown(board)
    assert [f"| {name} | random |" in text for name in keys.columns["backbone"]] == [True] * 3
    assert "resnet50 & random &" in to_latex(board, "x")


def test_corpus_and_settings_of_those_that_pretrain_are_hidden_where_they_are_all_the_same():
    trained = [record(name, overrides={"pretrain": {"epochs": 3}}) for name in ("simclr", "byol")]
    keys = keys_of(task_board([*trained, record("random")]))
    assert set(keys.columns) == {"method"}
    assert keys.note.endswith("Where pretrained: settings pretrain.epochs=3, corpus pool(brain_tumor).")
    floor = record("random", 0, 0.5, overrides={"protocol": {"epochs": 2}})
    assert keys_of(task_board([floor])).note.endswith("metric accuracy, settings protocol.epochs=2.")


@pytest.mark.parametrize(
    ("column", "heading"), [("pretraining", "pretraining hash"), ("evaluation", "evaluation hash")]
)
def test_hashes_stand_only_where_nothing_else_tells_rows_or_groups_apart(column, heading):
    hashes = {"evaluation": "e" * 64, "pretraining": "p" * 64}
    one, other = (record("simclr", 0, 0.5, hashes=hashes | {column: letter * 64}) for letter in "ab")
    assert keys_of(task_board([one, other])).columns[heading] == ["a" * 8, "b" * 8]
    assert heading not in keys_of(task_board([one, record("random", 0, 0.5, hashes=one.hashes)])).columns


def test_two_groups_that_read_the_same_show_their_hash_though_no_two_rows_look_alike():
    hashes = [{"evaluation": letter * 64, "pretraining": "p" * 64} for letter in "ab"]
    board = task_board([record("simclr", 0, 0.5, hashes=hashes[0]), record("byol", 0, 0.5, hashes=hashes[1])])
    assert board["rank"].tolist() == [1, 1]
    assert "evaluation hash" in keys_of(board).columns


def test_rows_that_nothing_tells_apart_are_numbered():
    keys = apart({"a": ["x", "x "]}, {}, one_line, always=("a",))
    assert keys.columns == {"a": ["x", "x "], NUMBER: ["1", "2"]}
