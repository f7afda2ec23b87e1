"""The documentation as a site: all pages and names are in it, links out of docs/ work, it is read from disk."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

import bench
from bench import interfaces, testing
from tests.browser import Browser, NoBrowser, find_browser
from tests.documents import REPOSITORY

DOCS = REPOSITORY / "docs"
GENERATED = {"reference/cli.md", "contributing.md", "security.md", "changelog.md"}
READY = "document.readyState === 'complete' && !!document.querySelector('[data-md-component=search-query]')"
FOUND = "document.querySelectorAll('.md-search-result__item').length"


def hook(name: str):
    """A module of docs/hooks, which is in no package."""
    spec = importlib.util.spec_from_file_location(name, DOCS / "hooks" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Loader(yaml.SafeLoader):
    """Reads mkdocs.yml without the objects that it names."""


Loader.add_multi_constructor("tag:yaml.org,2002:python/", lambda loader, suffix, node: suffix)


def navigation(entries) -> list[str]:
    """Paths of pages in the order of the navigation."""
    if isinstance(entries, str):
        return [entries]
    return [
        page for entry in (entries.values() if isinstance(entries, dict) else entries) for page in navigation(entry)
    ]


def test_every_page_is_in_the_navigation_once():
    listed = navigation(yaml.load((REPOSITORY / "mkdocs.yml").read_text(), Loader)["nav"])
    written = {page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md")}
    assert sorted(listed) == sorted(written | GENERATED)


def test_every_public_name_is_in_the_reference():
    text = "".join(page.read_text() for page in (DOCS / "reference").glob("*.md"))
    named = re.findall(r"^::: bench\.(?:\w+\.)?(\w+)$", text, flags=re.MULTILINE)
    public = {name for module in (interfaces, testing) for name in vars(module) if re.match(r"[A-Z]|check_", name)}
    assert sorted(named) == sorted({*bench.__all__, *public})


def test_links_out_of_the_folder_lead_to_pages_or_copies():
    repository = hook("repository")
    text = "[a](../CONTRIBUTING.md#style) [b](example_task/voc_boxes.py) [c](../LICENSE) [d](data.md#images) [e](no.md)"
    assert repository.rewritten(text, "docs/add.md", "add.md").split() == [
        "[a](contributing.md#style)", "[b](example_task/voc_boxes.py.md)", "[c](repository/LICENSE)",
        "[d](data.md#images)", "[e](no.md)",
    ]  # fmt: skip
    from_root = repository.rewritten("[a](docs/data.md) [b](CHANGELOG.md)", "CONTRIBUTING.md", "contributing.md")
    assert from_root == "[a](data.md) [b](changelog.md)"
    deeper = repository.rewritten("[a](../../SECURITY.md)", "docs/concepts/leaks.md", "concepts/leaks.md")
    assert deeper == "[a](../security.md)"
    assert repository.linked("[a](../perf/probe_speed.py) [b](https://x.org)", "docs/a.md") == {"perf/probe_speed.py"}


def test_the_page_of_the_command_line_has_every_command_and_its_examples_as_code():
    command_line = hook("command_line")
    page = command_line.as_page(command_line.generated())
    for name in ("run", "plan", "report", "data verify"):
        assert f"# `bench {name}`" in page
    assert "* [`duplicates`](#bench-data-duplicates): " in page
    assert "...\n" not in re.sub(r"\$ bench.*\n", "", page), "no sentence is cut"
    assert "```console\nbench run --method lvmmed --task brain_tumor\n" in page


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """The site, built strictly."""
    pytest.importorskip("mkdocstrings")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    if find_browser() is None:
        pytest.skip("no Chromium is installed")
    try:
        with Browser(tmp_path_factory.mktemp("profile")) as found:
            yield found
    except NoBrowser as error:
        pytest.skip(f"Chromium does not start: {error}")


def complaints(browser: Browser) -> list[str]:
    """Requests that leave the disk, exceptions, and errors and warnings of the console."""
    return [json.dumps(event["params"])[:300] for event in browser.events if _complains(event)]


def _complains(event) -> bool:
    kind, facts = event["method"], event["params"]
    if kind == "Network.requestWillBeSent":
        return not facts["request"]["url"].startswith(("file:", "data:", "blob:", "about:"))
    if kind == "Log.entryAdded":
        return facts["entry"]["level"] in ("error", "warning")
    if kind == "Runtime.consoleAPICalled":
        return facts["type"] in ("error", "warning")
    return kind in ("Runtime.exceptionThrown", "Network.loadingFailed")


def until(browser: Browser, expression: str) -> None:
    """Wait until an expression of the page holds."""
    end = time.monotonic() + 30
    while not browser.evaluate(f"!!({expression})"):
        assert time.monotonic() < end, expression
        time.sleep(0.1)


@pytest.mark.slow
def test_pages_are_read_from_disk_without_a_request_or_an_error(site, browser):
    pages = ["index.html", "results.html", "reference/cli.html", "reference/python.html", "contributing.html"]
    for page in [*pages, "example_method/vicreg_method.py.html"]:
        browser.open((site / page).as_uri())
        until(browser, READY)
        time.sleep(0.3)
        assert complaints(browser) == [], page
    assert not re.search(r'(?:src|href)="(?:https?:)?//', (site / "index.html").read_text().replace("squidfunk", ""))


@pytest.mark.slow
def test_the_search_works_from_disk(site, browser):
    browser.open((site / "tutorials" / "study.html").as_uri())
    until(browser, READY)
    browser.evaluate("""(() => {
        const field = document.querySelector('[data-md-component=search-query]');
        field.focus();
        field.value = 'near duplicates';
        field.dispatchEvent(new KeyboardEvent('keyup', {bubbles: true}));
        field.dispatchEvent(new InputEvent('input', {bubbles: true}));
    })()""")
    until(browser, f"{FOUND} > 0")
    links = browser.evaluate("[...document.querySelectorAll('.md-search-result__link')].map(a => a.href).join(' ')")
    assert "duplicates.html" in links
    assert complaints(browser) == []
