"""`--checkpoint`: FILE, NAME=FILE, imagenet[:BACKBONE], or a TOML file; FILE may be hf:OWNER/NAME@REVISION[/FILE]."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from bench.core.errors import UsageError, closest
from bench.core.reading import reading, text_of, toml_of
from bench.core.settings import Settings
from bench.models.checkpoints import ENCODER_FILE
from bench.models.weights.imagenet import imagenet_file
from bench.models.weights.pasts import placed_lists
from bench.models.weights.places import hub_name, is_hub, local_file

NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*"
IMAGENET = "imagenet"
_NO_TOML = "is not valid TOML"


class WeightsEntry(Settings):
    """One file of weights as a contestant."""

    name: str = Field(description="Its name on the leaderboard.")
    file: Path
    backbone: str | None = Field(default=None, description="Default: the one that the file's tensors fit best.")
    format: str | None = Field(
        default=None, description="How the file is packed (bench list formats). Default: recognised."
    )
    container: str | None = Field(
        default=None, description="The dict of the file that holds them, as model_ema; keys of nested ones joined by /."
    )
    prefix: str | None = Field(
        default=None, description="Prefix of the encoder's tensors, where no declared format fits."
    )
    allow_missing: tuple[str, ...] = Field(
        default=(), description="Patterns of tensors that may keep their initial values."
    )
    drop: tuple[str, ...] = Field(default=(), description="Patterns of tensors to leave out.")
    past: str | None = Field(
        default=None, description="Whose released weights they are (bench list pasts): what those were pretrained on."
    )
    pretrained_on: tuple[str, ...] = Field(
        default=(),
        description="What they were pretrained on: data sets, files with a file name or content key a line, and "
        "DATA_SET=FILE.",
    )


def parse_checkpoints(texts: Iterable[str], default_backbone: str) -> list[WeightsEntry]:
    """The entries that the options name, in order.

    Raises:
        UsageError: a name that is used twice or is no name, or a TOML file that is not as it should be.
        StorageError: ImageNet weights that are not in torch's cache.
    """
    entries: list[WeightsEntry] = []
    for text in texts:
        entries += _of_toml(Path(text).expanduser()) if text.endswith(".toml") else [_of_text(text, default_backbone)]
    for entry in entries:
        if not re.fullmatch(NAME, entry.name):
            raise UsageError(
                f"--checkpoint: {entry.name!r} is no name (letters, digits, . _ -). Use NAME={entry.file}."
            )
        if sum(other.name == entry.name for other in entries) > 1:
            raise UsageError(f"--checkpoint: two files are called {entry.name!r}. Name them: NAME={entry.file}.")
    return entries


def _of_text(text: str, default_backbone: str) -> WeightsEntry:
    named = (
        None if Path(text).expanduser().is_file() else re.fullmatch(rf"({NAME})=(.+)", text)
    )  # as epoch=99-step=1000.ckpt
    name, source = (named[1], named[2]) if named else ("", text)
    kind, _, backbone = source.partition(":")
    if kind == IMAGENET:
        backbone = backbone or default_backbone
        file = imagenet_file(backbone, f"leave --checkpoint {text} out")
        return WeightsEntry(name=name or IMAGENET, file=file, backbone=backbone, past=IMAGENET)
    file = local_file(source)
    if named and "=" in source and not file.is_file():
        raise UsageError(f"--checkpoint {text}: neither {text} nor, with {name!r} as the name, {source} is a file.")
    default = hub_name(source) if is_hub(source) else default_name(file)
    return WeightsEntry(name=name or default, file=file)


def default_name(file: Path) -> str:
    """The file's name without its suffixes; for this harness's own checkpoints, method and identity."""
    if file.name == ENCODER_FILE and file.parent.parent.name:
        return f"{file.parent.parent.name}-{file.parent.name[:8]}"
    stem = re.sub(r"(?:\.(?:pth|pt|torch|tar|bin|ckpt|safetensors))+$", "", file.name)
    return re.sub(r"[^A-Za-z0-9._-]", "_", stem).lstrip("._-")


def _of_toml(path: Path) -> list[WeightsEntry]:
    """Each top-level key is a name; its value is a file, or a table. Files are relative to the TOML file."""
    with reading(path, "Correct it as docs/weights.md shows, or name a file of weights.", UsageError, what=_NO_TOML):
        tables = toml_of(text_of(path))
    if not tables:
        raise UsageError(f'{path} has no entry. One line is enough: NAME = "FILE" (docs/weights.md).')
    return [_entry(path, name, {"file": value} if isinstance(value, str) else value) for name, value in tables.items()]


def _entry(path: Path, name: str, table: Any) -> WeightsEntry:
    known = [field for field in WeightsEntry.model_fields if field != "name"]
    if not isinstance(table, dict) or "file" not in table:
        raise UsageError(f"{path}: the entry {name!r} has no `file`. Keys of an entry: {', '.join(known)}.")
    for key in table:
        if key not in known:
            raise UsageError(f"{path}: {name}.{key} is unknown.{closest(key, known)} Keys: {', '.join(known)}.")
    try:
        entry = WeightsEntry.model_validate({"name": name, **table})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise UsageError(f"{path}: {name}.{where}: {first['msg']} (found {first['input']!r}).") from error
    file = str(table["file"])
    placed = {"file": local_file(file) if is_hub(file) else path.parent / local_file(file)}
    return entry.model_copy(update={**placed, "pretrained_on": placed_lists(entry.pretrained_on, path.parent)})
