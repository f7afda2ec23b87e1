"""The TOML file that declares a data set and its task: its keys, and reading it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import Field, ValidationError

from bench.core.errors import DataError, closest
from bench.core.escape import one_line
from bench.core.layout import Layout
from bench.core.reading import reading, text_of, toml_of
from bench.core.registry import kinds, layouts
from bench.core.settings import Settings

FILE = "bench.toml"
"""Name of such a file inside a data set's own folder."""
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
ADVICE = "See docs/own_data.md."
S = TypeVar("S", bound=Settings)


class Declaration(Settings):
    """The keys of the file, beside the table `[layout]`."""

    name: str = Field("", description="Name of the data set and of its task; default: the file's, or its folder's.")
    title: str = Field("", description="Title in tables; default: the name.")
    kind: str = Field("", description="Kind of task; default: the layout's, where it has one only.")
    folder: str = Field("", description="Folder of the data, relative to the file; default: the file's own.")
    classes: tuple[str, ...] = Field((), description="Names of the classes in order; default: what the layout finds.")
    metric: str = Field("", description="Headline metric; default by kind.")
    protocol: str = Field("", description="Default protocol; default by kind.")
    subject: str = Field("", description="Regular expression on ids of cases whose group names the subject.")
    site: str = Field("", description="Likewise of the site; or the layout says it.")
    sites: tuple[str, ...] = Field((), description="Sites, the trained one first; default: in the order found.")
    site_of: str = Field("", description="Name of another task's: these cases are one more site of it, only tested on.")
    modality: str = Field("", description="Such as MRI; corpora may balance by it.")
    citation: str = Field("", description="Whose the data are.")
    licence: str = Field("", description="Their licence.")
    ordered_classes: bool = Field(False, description="Whether classes are grades (quadratic kappa).")
    overlapping_classes: bool = Field(False, description="Segmentation: whether structures may overlap.")
    validation_fraction: float = Field(0.2, gt=0, lt=1, description="Share of training cases drawn for validation.")
    layout: dict[str, Any] = Field(description="`type`, one of the entry points of `bench.layouts`, and its options.")


def is_declaration(path: Path) -> bool:
    """Whether a TOML file has a table `layout`; other files may lie under a data root. False where it is no TOML."""
    try:
        return isinstance(toml_of(text_of(path)).get("layout"), dict)
    except (OSError, ValueError, RecursionError):
        return False


def read_declaration(path: Path) -> Declaration:
    """Read and check a file. Raises `DataError` that names it, what was found, and what was expected."""
    if not path.is_file():
        raise DataError(f"{one_line(path)}: there is no such file.\nGive the TOML file of a data set. {ADVICE}")
    with reading(path, f"Correct the file. {ADVICE}", what="this is no TOML"):
        tables = toml_of(text_of(path))
    if "layout" not in tables:
        raise DataError(
            f"{one_line(path)}: the table [layout] is missing (found: {_found(tables)}).\n"
            f'Add [layout] and below it type = "...", one of: {", ".join(layouts().plugins)}. {ADVICE}'
        )
    declared = validated(Declaration, tables, path, "")
    name = declared.name or default_name(path)
    if not _NAME.fullmatch(name) or name == "all":
        raise DataError(
            f"{one_line(path)}: {one_line(name)!r} cannot be the name of a task; expected letters, digits and _ . - "
            'without blanks, and not all.\nGive the file a key name = "...".'
        )
    for key in ("subject", "site"):
        _check_expression(path, key, getattr(declared, key))
    return declared.model_copy(update={"name": name})


def default_name(path: Path) -> str:
    """The file's stem, or of a `bench.toml` the name of its folder."""
    return path.resolve().parent.name if path.name == FILE else path.stem


def layout_of(path: Path, declared: Declaration) -> Layout:
    """The layout with its options. Raises `DataError` for an unknown type, an unknown option or a wrong value."""
    options = dict(declared.layout)
    known, name = layouts().plugins, options.pop("type", None)
    if not isinstance(name, str) or name not in known:
        found = "is missing" if name is None else f"is {one_line(name)!r}"
        hint = "" if name is None else closest(str(name), known)
        raise DataError(
            f"{one_line(path)}: `type` of [layout] {found}; expected one of: {', '.join(known)}.{hint}\n{ADVICE}"
        )
    cls: type[Layout] = layouts().get(name)
    return validated(cls, options, path, "layout.", example=f"For example:\n[layout]\n{cls.example}")


def kind_of(path: Path, declared: Declaration, layout: Layout) -> str:
    """The kind of the task: as declared, else the layout's only one. Raises `DataError` for one it cannot feed."""
    offered = ", ".join(layout.kinds)
    if not declared.kind:
        if len(layout.kinds) == 1:
            return layout.kinds[0]
        raise DataError(f'{one_line(path)}: `kind` is missing.\nAdd kind = "...", one of: {offered}.')
    if declared.kind not in layout.kinds or declared.kind not in kinds().plugins:
        hint = closest(declared.kind, layout.kinds)
        raise DataError(
            f"{one_line(path)}: kind {one_line(declared.kind)!r} is none that this layout can feed.{hint}\n"
            f"Give kind one of: {offered}; or choose another layout."
        )
    return declared.kind


def validated(cls: type[S], values: Mapping[str, Any], path: Path, prefix: str, example: str = "") -> S:
    """Values as settings. Raises `DataError` that names the file, the key, what was found and what is known."""
    for key in values:
        if key not in cls.model_fields:
            raise DataError(
                f"{one_line(path)}: unknown key {one_line(prefix + key)!r}.{closest(key, cls.model_fields)}\n"
                f"Known: {', '.join(prefix + name for name in cls.model_fields)}. {example or ADVICE}"
            )
    try:
        return cls.model_validate(values)
    except ValidationError as error:
        problems = "; ".join(
            f"{prefix}{'.'.join(map(str, e['loc']))}: {_message(e)}" for e in error.errors(include_url=False)
        )
        raise DataError(f"{one_line(path)}: {one_line(problems)}.\nCorrect it. {example or ADVICE}") from error


def _message(error: Mapping[str, Any]) -> str:
    if error["type"] == "missing":
        return "this key is missing"
    return f"{str(error['msg']).removeprefix('Value error, ')} (found {error['input']!r})"


def _check_expression(path: Path, key: str, text: str) -> None:
    if not text:
        return
    try:
        groups = re.compile(text).groups
    except re.error as error:
        raise DataError(
            f"{one_line(path)}: {key} = {text!r} is no regular expression: {error}.\nCorrect it."
        ) from error
    if groups != 1:
        raise DataError(
            f"{one_line(path)}: {key} = {text!r} has {groups} groups.\n"
            f"Put brackets around the part that names the {key}, as in '^([a-z0-9]+)_'."
        )


def _found(keys: Iterable[str]) -> str:
    return one_line(", ".join(keys)) or "nothing"
