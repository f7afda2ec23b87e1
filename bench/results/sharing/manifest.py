"""What a bundle says that it holds: the SHA-256 and size of every file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from bench.core.errors import StorageError
from bench.core.reading import content_of, hash_of, reading
from bench.core.settings import Part
from bench.results.case_table import file_hash
from bench.results.sharing.findings import Finding
from bench.results.sharing.form import MANIFEST
from bench.results.store import faults_of

FORMAT: Literal["medical-ssl-bench-results"] = "medical-ssl-bench-results"
VERSION: Literal[1] = 1
_ADVICE = "Make the bundle again."


class Listed(Part):
    """A file of a bundle."""

    bytes: Annotated[int, Field(strict=True, ge=0)]
    sha256: str = Field(pattern="^[0-9a-f]{64}$")


class Manifest(Part):
    """Content of `manifest.json`."""

    format: Literal["medical-ssl-bench-results"]
    version: Literal[1]
    records: Annotated[int, Field(strict=True, ge=0)]
    files: dict[str, Listed] = Field(description="Every file of the bundle but this one.")


def manifest_text(files: Mapping[str, bytes]) -> str:
    """The manifest of these files; the same files give the same text."""
    listed = {name: {"bytes": len(files[name]), "sha256": file_hash(files[name])} for name in sorted(files)}
    records = sum(name.startswith("runs/") and name.endswith(".json") for name in files)
    whole = {"format": FORMAT, "version": VERSION, "records": records, "files": listed}
    return json.dumps(whole, indent=1) + "\n"


def manifest_findings(folder: Path) -> list[Finding]:
    """Where an unpacked bundle is not what its manifest says. Raises `StorageError` where that cannot be read."""
    path = folder / MANIFEST
    with reading(path, _ADVICE, StorageError):
        content = content_of(path)
    try:
        manifest = Manifest.model_validate_json(content, strict=False)
    except ValidationError as error:
        return [Finding(MANIFEST, field, reason) for field, reason in faults_of(error)[:20]]
    there = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file() and p != path}
    found = [Finding(name, "", "the manifest does not list it") for name in sorted(there - manifest.files.keys())]
    found += [Finding(name, "", "the manifest lists it, and it is not there") for name in manifest.files.keys() - there]
    for name in sorted(there & manifest.files.keys()):
        listed = manifest.files[name]
        if (folder / name).stat().st_size != listed.bytes or hash_of(folder / name) != listed.sha256:
            found.append(Finding(name, "", "it is not the file that the manifest lists: it was changed or damaged"))
    records = sum(name.startswith("runs/") and name.endswith(".json") for name in there)
    if records != manifest.records:
        found.append(Finding(MANIFEST, "records", f"it states {manifest.records}, and there are {records}"))
    return found
