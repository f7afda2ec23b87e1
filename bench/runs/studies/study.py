"""The table `[study]` of a settings file: the grid that `bench run --config FILE` runs.

[study]
methods = ["random", "simclr"]
tasks = "brain_tumor"
protocols = ["linear", "knn"]
seeds = 5
split = "grouped"
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationError

from bench.core.errors import UsageError, closest
from bench.core.escape import one_line
from bench.core.settings import Settings
from bench.data.grouped_split import GROUPED
from bench.data.published.named_splits import is_named

Several = Annotated[tuple[str, ...], Field(min_length=1), BeforeValidator(lambda v: (v,) if isinstance(v, str) else v)]
"""One text or a list of texts."""
Seed = Annotated[int, Field(strict=True, ge=0)]
NO_FILES = ("pool", "task")
"""Corpora that are no file."""


class Study(Settings):
    """What a study says of its grid; what it does not say is as on the command line. Paths are relative to its file."""

    methods: Several | None = Field(None, description="Pretraining methods, or all.")
    tasks: Several | None = Field(None, description="Downstream tasks, or all.")
    protocols: Several | None = Field(None, description="Default: each task's own.")
    backbones: Several | None = Field(None, description="Default: the checkpoints' own, else the profile's.")
    seeds: Annotated[int, Field(strict=True, ge=1)] | tuple[Seed, ...] | None = Field(
        None, description="How many (0 to N-1), or a list of them."
    )
    profile: Several | None = Field(None, description="quick, paper, or both.")
    corpus: Several | None = Field(None, description="pool, task, manifests; of several, each method has each.")
    checkpoints: Several | None = Field(None, description="Weights that take part, as --checkpoint takes them.")
    ablations: Several | None = Field(None, description="Declared ablations that take part beside the methods, or all.")
    split: str | None = Field(None, description="A split file, the name of a published one, or grouped.")
    plugins: Several | None = Field(None, description="Python files with methods, tasks, kinds or backbones.")
    data: Several | None = Field(None, description="Files that declare data sets, whose tasks are among the tasks.")

    @property
    def fields(self) -> dict[str, Any]:
        """What it says, as fields of a request."""
        return {name: value for name, value in self if value is not None}


def study_of(path: Path, table: Mapping[str, Any], advice: str) -> Study:
    """The study in a file, with its paths made relative to the place from where the command is run.

    Raises:
        UsageError: an unknown key, with the closest one, or a value of another form.
    """
    known = Study.model_fields
    for key in table:
        if key not in known:
            raise UsageError(
                f"{one_line(path)}: [study] has no entry {one_line(key)!r}.{closest(key, known)} "
                f"Known: {', '.join(known)}.\n{advice}"
            )
    try:
        study = Study.model_validate(table)
    except ValidationError as error:
        wrong = {one_line(e["loc"][0]): e["msg"] for e in error.errors()}
        problems = "; ".join(f"{key}: {text}" for key, text in wrong.items())
        raise UsageError(f"{one_line(path)}: [study] {problems}.\n{advice}") from error
    return study.model_copy(update=dict(_placed(study, path.parent)))


def _placed(study: Study, folder: Path) -> Iterator[tuple[str, Any]]:
    """The entries with paths, each relative to `folder` unless it is absolute."""
    for name in ("plugins", "data"):
        if files := getattr(study, name):
            yield name, tuple(str(folder / file) for file in files)
    if study.corpus:
        yield "corpus", tuple(name if name in NO_FILES else str(folder / name) for name in study.corpus)
    if study.split and study.split != GROUPED and not is_named(study.split):
        yield "split", str(folder / study.split)
    if study.checkpoints:
        yield "checkpoints", tuple(_checkpoint(text, folder) for text in study.checkpoints)


def _checkpoint(text: str, folder: Path) -> str:
    """FILE and NAME=FILE with the file's place; imagenet, imagenet:BACKBONE and other sources by name are left."""
    if (folder / text).is_file():
        return str(folder / text)
    name, equals, file = text.rpartition("=")
    if re.match(r"imagenet$|[A-Za-z]\w*:", file):
        return text
    return f"{name}{equals}{folder / file}"


def merged(studies: Mapping[Path, Study]) -> Study:
    """Several files' studies as one; a key may stand in one of them only. Raises `UsageError`."""
    places: dict[str, Path] = {}
    fields: dict[str, Any] = {}
    for path, study in studies.items():
        for name in study.model_fields_set:
            other = places.setdefault(name, path)
            if other is not path:
                raise UsageError(f"{one_line(path)}: [study] {name} stands in {one_line(other)} too. Keep one of them.")
            fields[name] = getattr(study, name)
    return Study.model_construct(set(fields), **fields)
