"""LaTeX: every character stands for itself, best bold, and a mark says what the tests cannot tell apart."""

import re

import pytest

from bench.core.escape import latex_cell
from bench.results.boards import read_boards
from bench.results.leaderboard import task_board
from bench.results.written.chosen import Chosen
from bench.results.written.latex import SAME, UNTESTED, mark_of, to_latex
from tests.records_of import record
from tests.results.stores_of import add_run, three_methods

BACK = {
    r"\textbackslash{}": "\\", r"\textasciitilde{}": "~", r"\textasciicircum{}": "^", r"\textless{}": "<",
    r"\textgreater{}": ">", r"\textbar{}": "|", "{[}": "[", "{]}": "]", "{*}": "*", r"$\pm$": "±", "{}": "",
} | {f"\\{c}": c for c in "_%&#${}"}  # fmt: skip


def read(text):
    """What LaTeX shows of a cell; any other command is an error."""
    pattern = re.compile("|".join(map(re.escape, sorted(BACK, key=len, reverse=True))))
    assert not set(pattern.sub("", text)) & set("\\_%&#${}~^[]*"), text
    return pattern.sub(lambda found: BACK[found[0]], text)


@pytest.mark.parametrize("text", ["a_b", "50 %", "a & b # $c$ {d} ~e ^f \\g", "[x] * <y> |z|", "--a ''b'' ``c``", "±1"])
def test_every_character_stands_for_itself(text):
    assert read(latex_cell(text)) == text
    assert not re.search(r"--|''|``", latex_cell(text)), "LaTeX would set both as one sign"


def test_the_best_is_bold_what_is_not_told_apart_is_marked_and_the_caption_says_so(tmp_path):
    text = read_boards(three_methods(tmp_path).results, tmp_path / "cache").text("latex")
    assert text.startswith("% needs \\usepackage{booktabs}\n")
    rows = dict(re.findall(r"^(simclr|byol|random) & (\S.*?) &", text, re.MULTILINE))
    assert rows["simclr"].startswith(r"\textbf{")
    assert rows["byol"].endswith(SAME)
    assert not rows["random"].endswith(SAME)
    assert r"\textbf" not in rows["byol"] + rows["random"]
    caption = re.search(r"\\caption\{(.*)\}\n", text)[1]
    assert "Bold: the best of its group." in caption
    assert f"{SAME}: not told apart from the best" in caption
    assert "task brain\\_tumor" in caption
    assert text.count(r"\toprule") == text.count(r"\bottomrule") == 1
    columns = re.search(r"\\begin\{tabular\}\{(l+)\}", text)[1]
    lines = [line for line in text.splitlines() if line.endswith(r"\\")]
    assert {len(re.split(r"(?<!\\)&", line)) for line in lines} == {len(columns)}


def test_what_was_not_tested_has_a_mark_of_its_own():
    board = task_board([record("simclr", 0, 0.6), record("byol", 0, 0.4)])
    text = to_latex(board, "real-quick")
    assert f"40.0{UNTESTED}" in text
    assert f"{UNTESTED}: not tested" in text
    assert "differs from the best" not in text


@pytest.mark.parametrize(
    ("tested", "mark"),
    [
        ("the best", ""), ("differs", ""), ("differs, equivalent within 0.02", ""), ("not told apart", SAME),
        ("equivalent within 0.02", SAME), ("not tested: no common cases", UNTESTED), ("", UNTESTED),
    ],
)  # fmt: skip
def test_marks_follow_the_words_of_the_board(tested, mark):
    assert mark_of({"tested": tested, "rank": 1 if tested == "the best" else 2}) == mark


def test_a_rule_stands_between_groups_and_a_best_that_is_not_chosen_is_missed(tmp_path):
    store = three_methods(tmp_path)
    for seed in range(3):
        add_run(store, "random", seed, 0.5, protocol="knn")
    boards = read_boards(store.results, tmp_path / "cache")
    assert boards.text("latex").count(r"\midrule") == 2
    chosen = boards.text("latex", Chosen(method=("byol",)))
    assert r"\textbf" not in chosen
    assert "The best of 1 group(s) is not among these rows." in chosen
    assert " & 2 (" in chosen, "the rank counts everyone"


def test_variants_alone_leave_no_table():
    hashes = {"evaluation": "e" * 64, "pretraining": "1"}
    changed = record("lvmmed", 0, 0.4, overrides={"method": {"alpha": 1}}, hashes=hashes)
    assert to_latex(task_board([changed]), "a") == "% a: no rows but of methods with changed settings\n"
