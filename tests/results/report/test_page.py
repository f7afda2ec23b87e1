"""The file: sound HTML, nothing from a net, hostile names as text, and the numbers of the board."""

import re
from collections import Counter
from html.parser import HTMLParser

import pytest

from bench.results.board_text import signed
from bench.results.index import read_frame
from bench.results.leaderboard import board_of
from bench.results.report.extras import Extras, Picture
from bench.results.tables import percent
from tests.results.report.stores import QUOTES, SCRIPT, hostile_store, report_of

VOID = {"meta", "link", "br", "input"}


class Page(HTMLParser):
    """Elements, identifiers, links and texts; complains where tags do not close as they opened."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.ids, self.links, self.loaded, self.tables = [], Counter(), [], [], [], []
        self.scoped, self.text = Counter(), []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.tags[tag] += 1
        self.ids += [attributes["id"]] if "id" in attributes else []
        assert "style" not in attributes, "the policy forbids it"
        assert not any(name.startswith("on") for name in attributes)
        if tag == "a":
            self.links.append(attributes["href"])
        else:
            self.loaded += [v for k, v in attributes.items() if k in ("src", "href", "data", "srcset", "action")]
        if tag == "th" and "scope" in attributes:
            self.scoped[attributes["scope"]] += 1
        if tag == "table":
            self.tables.append([])
        if self.tables and tag in ("caption", "thead", "tbody"):
            self.tables[-1].append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, (tag, self.getpos())

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BENCH_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield hostile_store(tmp_path_factory.mktemp("hostile"))


@pytest.fixture(scope="module")
def html(store):
    return report_of(store)


@pytest.fixture(scope="module")
def page(html):
    return Page(html)


def test_tags_close_and_identifiers_are_one_of_a_kind(page):
    assert page.open == []
    assert [name for name, n in Counter(page.ids).items() if n > 1] == []
    assert page.tags["script"] == page.tags["style"] == page.tags["h1"] == page.tags["main"] == 1


def test_every_link_leads_to_a_place_of_the_file_or_to_a_record(page, store):
    inside = {link[1:] for link in page.links if link.startswith("#")}
    assert inside <= set(page.ids)
    outside = [link for link in page.links if not link.startswith("#")]
    assert len(outside) == len(read_frame(store)[0])
    assert all(link.startswith("results/runs/real/quick/") and link.endswith(".json") for link in outside)


def test_nothing_is_loaded_and_the_policy_forbids_it(page, html):
    assert [v for v in page.loaded if not v.startswith(("data:", "#"))] == []
    assert "default-src 'none'" in html
    assert re.findall(r"https?://", html) == []
    assert "unsafe" not in html


def test_hostile_names_are_text(page, html):
    assert SCRIPT not in html
    assert "&lt;script&gt;window.hacked=1&lt;_script&gt;" in html
    text = "".join(page.text)
    assert SCRIPT in text
    assert "a</style>b" in text
    assert "\x07" not in html
    assert "\u202e" not in html
    assert "\\x07\\u202e" in text
    assert QUOTES[:16] in text


def test_tables_have_captions_and_heads_with_a_scope(page):
    assert all(parts[0] == "caption" for parts in page.tables)
    assert page.scoped["col"] > 20
    assert page.scoped["row"] > 20


def test_numbers_are_those_of_the_board(page, store):
    text = "".join(page.text)
    board = board_of(read_frame(store)[0])
    assert len(board) == 7
    for row in board.to_dict("records"):
        assert percent(row["mean"], row["std"]) in text
        assert f"{100 * row['ci95_low']:.1f} to {100 * row['ci95_high']:.1f}" in text
        if row["tested"] != "the best":
            assert signed(row["difference_to_best"], row["difference_low"], row["difference_high"]) in text
    for run in read_frame(store)[0].itertuples():
        assert f"{run.seed}: {percent(run.score, float('nan'))}" in text


def test_the_same_records_give_the_same_text(store, html):
    assert report_of(store) == html


def test_a_picture_stands_once_in_the_file(store, html):
    one = Picture("data:image/jpeg;base64,QUJD", 40, 30)
    found = report_of(store, extras=Extras(picture_of=lambda record, case: one))
    assert found.count(one.uri) == 1
    assert found.count('href="#picture-1"') > 20
    assert "<image" not in html


def test_fewer_cases_can_be_asked_for(store, html):
    assert 'class="cases"' in html
    assert 'class="cases"' not in report_of(store, cases=0)
