"""MkDocs hook: the page of the command line, made from the commands by Typer's own generator of documentation."""

from __future__ import annotations

import re
import subprocess
import sys
from html import unescape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

PAGE = "reference/cli.md"
INTRODUCTION = """# Command line

Made from the commands: what `--help` says of each. By purpose: [commands](../commands.md).
"""


def generated() -> str:
    """What `typer APP utils docs` prints."""
    command = [sys.executable, "-m", "typer", "bench.cli.app", "utils", "docs", "--name", "bench"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def as_page(text: str) -> str:
    """The generated text as a page: examples as code, and lists of commands with links and whole sentences."""
    _, _, body = text.partition("\n")
    body = unescape(body).replace("<", "&lt;")
    body = re.sub(r"^\*\*(\w+)\*\*:$", r"**\1**", body, flags=re.MULTILINE)
    body = re.sub(r"^(Examples?:) (?=bench )", r"\1\n\n", body, flags=re.MULTILINE)
    body = re.sub(r"^bench .+(?:\n+bench .+)*", lambda found: _block(found[0]), body, flags=re.MULTILINE)
    sentences = dict(re.findall(r"^#+ `(bench .+)`\n\n(.+)", body, flags=re.MULTILINE))
    parts = re.split(r"^(?=#+ `bench)", body, flags=re.MULTILINE)
    return INTRODUCTION + "".join(_with_links(part, sentences) for part in parts)


def _with_links(part: str, sentences: dict[str, str]) -> str:
    """The part of a command, with the list of its own commands, if it has one."""
    heading = re.match(r"#+ `(.+)`", part)
    group = heading[1] if heading else "bench"
    before, title, listed = part.partition("**Commands**")

    def line(found: re.Match[str]) -> str:
        name = f"{group} {found[1]}"
        return f"* [`{found[1]}`](#{name.replace(' ', '-')}): {sentences[name]}"

    return before + title + re.sub(r"^\* `(\w+)`: .*$", line, listed, flags=re.MULTILINE)


def _block(commands: str) -> str:
    """Commands, in paragraphs of their own or with dots between, as one block of code."""
    lines = [line for part in commands.splitlines() for line in part.split(" · ") if line]
    return "\n".join(["```console", *lines, "```"])


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the page."""
    from mkdocs.structure.files import File

    files.append(File.generated(config, PAGE, content=as_page(generated())))
    return files
