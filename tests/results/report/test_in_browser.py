"""The report in headless Chromium: sorting, filtering, links, hostile names, and that nothing leaves the file."""

import json

import pytest

from tests.browser import Browser, NoBrowser
from tests.results.report.stores import SCRIPT, hostile_store, report_of

LAST = "document.querySelector('table.sortable tr.variant').closest('table')"
"""The table of contestants that has a variant."""
METHODS = f"Array.from({LAST}.tBodies[0].rows, row => row.querySelector('th').firstChild.textContent.trim())"
SHOWN = f"Array.from({LAST}.tBodies[0].rows).filter(row => !row.hidden).length"


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BENCH_CACHE", str(tmp_path_factory.mktemp("cache")))
        store = hostile_store(tmp_path_factory.mktemp("hostile"))
        file = store.results.parent / "report.html"
        file.write_text(report_of(store), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    try:
        browser = Browser(tmp_path_factory.mktemp("profile"))
    except NoBrowser as reason:
        pytest.skip(f"no headless Chromium: {reason}")
    with browser:
        yield browser


@pytest.fixture
def page(browser, file):
    browser.open(file.as_uri())
    return browser


def test_nothing_leaves_the_file_and_nothing_is_complained_of(page):
    page.evaluate("1")
    asked = [e["params"]["request"]["url"] for e in page.events if e["method"] == "Network.requestWillBeSent"]
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert len([url for url in asked if url.startswith("file:")]) == 1
    said = [e for e in page.events if e["method"] in ("Log.entryAdded", "Runtime.consoleAPICalled")]
    assert [e for e in page.events if e["method"] == "Runtime.exceptionThrown"] == []
    assert said == []


def test_a_hostile_name_is_a_text(page):
    assert page.evaluate("window.hacked === undefined")
    assert SCRIPT in page.evaluate(METHODS)
    assert page.evaluate("document.scripts.length") == 1
    assert page.evaluate("document.querySelectorAll('[onclick]').length") == 0


def test_even_markup_that_came_in_would_not_run(page):
    code = "document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.hacked=1\">')"
    page.evaluate(f"{code}; new Promise(done => setTimeout(done, 50))")
    assert page.evaluate("window.hacked === undefined")


def test_a_click_on_a_head_sorts_and_another_turns_it_around(page):
    head = f"{LAST}.querySelectorAll('th[data-sort]')[3]"
    keys = f"Array.from({LAST}.tBodies[0].rows, row => Number(row.cells[4].dataset.key))"
    assert page.evaluate(f"{head}.textContent").startswith("mean")
    assert page.evaluate(f"{head}.hasAttribute('aria-sort')") is False
    page.evaluate(f"{head}.querySelector('button').click()")
    assert page.evaluate(f"{head}.getAttribute('aria-sort')") == "ascending"
    up = page.evaluate(keys)
    page.evaluate(f"{head}.querySelector('button').click()")
    assert page.evaluate(f"{head}.getAttribute('aria-sort')") == "descending"
    assert (up, page.evaluate(keys)) == (sorted(up), sorted(up, reverse=True))
    assert "descending" in page.evaluate("document.getElementById('status').textContent")


def test_texts_sort_from_the_keyboard_and_rows_without_a_number_come_last(page):
    head = f"{LAST}.querySelectorAll('th[data-sort]')[1]"
    page.evaluate(f"{head}.querySelector('button').focus()")
    page.key("Enter", 13)
    names = page.evaluate(METHODS)
    assert names == page.evaluate(f"{json.dumps(names)}.sort((a, b) => a.localeCompare(b, 'en'))")
    p = f"Array.from({LAST}.querySelectorAll('th[data-sort]')).find(th => th.textContent === 'p')"
    for _ in range(2):
        page.evaluate(f"{p}.querySelector('button').click()")
        empty = page.evaluate(f"Array.from({LAST}.tBodies[0].rows, row => !row.cells[{p}.cellIndex].dataset.key)")
        assert any(empty)
        assert empty == sorted(empty)


def test_words_filter_rows_and_variants_can_be_hidden(page):
    every = page.evaluate(SHOWN)
    box = f"{LAST}.parentNode.previousElementSibling"
    write = "input.dispatchEvent(new Event(input.type === 'checkbox' ? 'change' : 'input'))"
    page.evaluate(f"{{ const input = {box}.querySelector('[type=search]'); input.value = 'SIMCLR'; {write}; }}")
    assert page.evaluate(SHOWN) == 2
    assert "2 of" in page.evaluate("document.getElementById('status').textContent")
    page.evaluate(f"{{ const input = {box}.querySelector('[type=checkbox]'); input.checked = true; {write}; }}")
    assert page.evaluate(SHOWN) == 1
    page.evaluate(f"{{ const input = {box}.querySelector('[type=search]'); input.value = ''; {write}; }}")
    assert page.evaluate(SHOWN) == every - 1


def test_a_click_on_a_run_opens_its_cases(page):
    page.evaluate(f"{LAST}.querySelector('.runs a').click(); new Promise(done => setTimeout(done, 100))")
    run = "document.getElementById(location.hash.slice(1))"
    assert page.evaluate(f"{run}.closest('details').open")
    assert page.evaluate(f"{run}.querySelector('table.cases').getBoundingClientRect().height > 0")
    assert page.evaluate(f"document.activeElement === {run}")


def test_a_click_in_the_differences_leads_to_where_two_methods_disagree(page):
    page.evaluate("document.querySelector('table.matrix a').click(); new Promise(done => setTimeout(done, 100))")
    found = "document.getElementById(location.hash.slice(1))"
    assert page.evaluate(f"{found}.getBoundingClientRect().height > 0"), "all that it stands in is open"
    assert page.evaluate(f"{found}.caption.textContent").startswith("Of ")
    assert page.evaluate(f"document.activeElement === {found}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_follow_the_system(page, scheme):
    page.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    channel = page.evaluate("Number(getComputedStyle(document.body).backgroundColor.match(/[0-9]+/)[0])")
    assert channel > 200 if scheme == "light" else channel < 60


def test_tables_are_there_without_scripts(browser, file):
    browser.send("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.open(file.as_uri())
    finally:
        browser.send("Emulation.setScriptExecutionDisabled", value=False)
    assert browser.evaluate("document.querySelectorAll('button, .controls').length") == 0
    assert browser.evaluate(f"{LAST}.getBoundingClientRect().height > 50")
    assert SCRIPT in browser.evaluate(METHODS)
