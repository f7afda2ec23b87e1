"""Names from outside: nothing in them controls a terminal, a spreadsheet or a page."""

from urllib.parse import unquote

import pandas as pd
import pytest

from bench.core.escape import csv_cell, csv_safe, in_file_name, markdown_cell, one_line, printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain Röntgen 胸部 -é", "plain Röntgen 胸部 -é"),
        ("\x1b[31mred\x07", r"\x1b[31mred\x07"),
        ("over\rwritten", r"over\x0dwritten"),
        ("\udcff.jpg", r"\xff.jpg"),
        ("\ud812", r"\ud812"),
        ("a\u2028b\x85c", r"a\u2028b\x85c"),
        ("gpj.\u202egnp", r"gpj.\u202egnp"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
    ],
)
def test_what_would_control_a_terminal_is_escaped(text, shown):
    assert printable(text) == shown
    assert printable(text).encode("utf-8")


def test_a_name_is_one_line():
    assert one_line("a\nWarning: b") == r"a\nWarning: b"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_cell_is_a_formula(text):
    assert csv_cell(text).startswith(("'", "\\"))


def test_numbers_and_ordinary_texts_stay_as_they_are():
    frame = pd.DataFrame({"method": ["simclr"], "=x": ["=1+1(brain)"], "drop": [-0.5], "seeds": [3], "none": [None]})
    safe = csv_safe(frame)
    assert safe.to_csv(index=False) == "method,'=x,drop,seeds,none\nsimclr,'=1+1(brain),-0.5,3,\n"
    assert safe["seeds"].dtype == frame["seeds"].dtype


def test_a_cell_of_a_markdown_table_has_no_end_and_no_element_in_it():
    assert markdown_cell("a|b <script>\n") == r"a\|b &lt;script&gt;\n"


def test_names_in_file_names_can_be_undone_and_have_nothing_that_systems_forbid():
    for name in ("timm:vit_small_patch16_224.dino", "a/b", "100%", "resnet18", "net-1a2b"):
        assert unquote(in_file_name(name)) == name
        assert not set(in_file_name(name)) & set(':/\\*?"<>|')
    assert in_file_name("vit_b_16_clip-9f") == "vit_b_16_clip-9f"
