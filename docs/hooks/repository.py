"""MkDocs hook: links that lead out of docs/ work in the site as they do in the repository.

Pages are written for both. A linked file of code, and a page outside docs/, becomes a page of the site; any other file
outside docs/ is copied to it.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import File, Files
    from mkdocs.structure.pages import Page

REPOSITORY = Path(__file__).parents[2]
OUTSIDE = {
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "CHANGELOG.md": "changelog.md",
    "README.md": "index.md",
}
"""Pages outside docs/ that are pages of the site too."""
LANGUAGES = {".py": "python", ".toml": "toml"}
LINK = re.compile(r"(\]\()([^)\s#:]+)((?:#[^)\s]*)?\))")


def page_of(path: str) -> str | None:
    """Where the site has a file of the repository, relative to the site's root; None: it is no file."""
    if path in OUTSIDE:
        return OUTSIDE[path]
    if not (REPOSITORY / path).is_file() or path.startswith(".."):
        return None
    place = path.removeprefix("docs/") if path.startswith("docs/") else f"repository/{path}"
    return f"{place}.md" if Path(path).suffix in LANGUAGES else place


def source_of(page: str) -> str:
    """Path of a page's source in the repository."""
    inverse = {value: key for key, value in OUTSIDE.items() if key != "README.md"}
    return inverse.get(page, f"docs/{page}")


def linked(text: str, source: str) -> set[str]:
    """Paths of the repository's files that a text links to."""
    folder = posixpath.dirname(source)
    found = (posixpath.normpath(posixpath.join(folder, link[2])) for link in LINK.finditer(text))
    return {path for path in found if page_of(path)}


def rewritten(text: str, source: str, page: str) -> str:
    """The text with its links to files of the repository as links of the site."""

    def place(link: re.Match[str]) -> str:
        path = page_of(posixpath.normpath(posixpath.join(posixpath.dirname(source), link[2])))
        return link[0] if path is None else link[1] + posixpath.relpath(path, posixpath.dirname(page) or ".") + link[3]

    return LINK.sub(place, text)


def _file(path: str, config: MkDocsConfig) -> File:
    """What the site has for one of the repository's files."""
    from mkdocs.structure.files import File

    page, language = str(page_of(path)), LANGUAGES.get(Path(path).suffix)
    if language is None:
        return File.generated(config, page, abs_src_path=str(REPOSITORY / path))
    code = (REPOSITORY / path).read_text(encoding="utf-8").rstrip()
    return File.generated(config, page, content=f"# {path}\n\n````{language}\n{code}\n````\n")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages outside docs/, and what is linked."""
    for path in OUTSIDE:
        if path != "README.md":
            files.append(_file(path, config))
    wanted: set[str] = set()
    for page in files.documentation_pages():
        wanted |= linked(page.content_string, source_of(page.src_uri))
    for path in sorted(wanted):
        if files.get_file_from_path(str(page_of(path))) is None:
            files.append(_file(path, config))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turn the links of a page."""
    return rewritten(markdown, source_of(page.file.src_uri), page.file.src_uri)
