"""Which fields of a record were edited, as far as the rest of it, its place and other records tell.

A digest and an identity say that something was edited. What it was follows from what is written twice: hashes in runs
that share them, names in the place of the file, scores in the cases (`rescoring`), counts in the files beside the split
(`references`).
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bench.results.record import Record, fields_digest
from bench.results.sharing.findings import NOT_TOLD, Finding
from bench.results.store import VALIDATION, InvalidRecord, Store, faults_of, out_of_range, read_form

_ENCODER = ("method", "backbone", "config.method", "config.pretrain", "versions.pretraining", "corpus.origin")
_HASHED: Mapping[str, tuple[str, ...]] = {
    "pretraining": _ENCODER,
    "evaluation": (
        *("kind", "protocol", "metric", "profile", "config.task", "config.protocol", "versions.evaluation"),
        *("fingerprints.data", "fingerprints.declaration", "split.given"),
    ),
    "checkpoint": ("seed", "corpus.fingerprint", "corpus.modalities"),
    "identity": ("seed", "split.fingerprint"),
}
"""Hash -> the fields that it is made of, besides other hashes."""
_UNCHECKED = "cost, efficiency, embedding, logged, provenance, selection, sweep, tuned, warnings, weights or another"
"""What is written once, or nearly."""

Fields = Mapping[str, Any]


class Siblings:
    """The records whose identity follows from their fields, by the hashes that they share."""

    def __init__(self, records: Sequence[tuple[str, Fields]]) -> None:
        self._known: dict[tuple[str, str], tuple[str, Fields]] = {}
        for path, fields in records:
            for key in _shared(fields):
                self._known.setdefault(key, (path, fields))

    def of(self, name: str, value: str | None) -> tuple[str, Fields] | None:
        """Path and fields of a record that has this hash by right."""
        return self._known.get((name, value or ""))

    def all_of(self, fields: Fields) -> list[tuple[str, Fields]]:
        """Path and fields of records that share something with these."""
        found = [self._known[key] for key in _shared(fields) if key in self._known]
        return list({path: (path, other) for path, other in found}.values())


def _shared(fields: Fields) -> list[tuple[str, str]]:
    hashes = {**fields["hashes"], "identity": fields["identity"], "duplicates": fields["duplicates"]["sha256"]}
    return [(name, str(value)) for name, value in hashes.items()]


def formed(content: bytes, path: str) -> tuple[Fields, Record] | list[Finding]:
    """A record's fields and itself, or each field that has another form than the schema says."""
    try:
        return read_form(content)
    except InvalidRecord as error:
        if isinstance(error.__cause__, ValidationError):
            return [Finding(path, field, reason) for field, reason in faults_of(error.__cause__)]
        return [Finding(path, "", str(error))]


def edits(fields: Fields, record: Record, path: str, store: Store, siblings: Siblings) -> list[Finding]:
    """What does not hold of a record by itself: place, hashes, ranges, and what stands in it twice."""
    place = list(_place(record, path, store))
    seeds = [one.before for one in place if one.field == "seed"]
    placed = record.model_copy(update={"seed": seeds[0]}) if seeds else record
    return [
        *place,
        *_hashes(fields, placed, path, siblings),
        *(Finding(path, field, reason) for field, reason in out_of_range(record)),
        *_overrides(record, path),
        *_chosen(record, path),
    ]


def digest_findings(
    fields: Fields, record: Record, path: str, found: Sequence[Finding], siblings: Siblings
) -> list[Finding]:
    """What the digest says, with what was `found` of other fields: whether that is all that was edited."""
    if fields_digest(fields) == record.digest:
        return []
    if not found:
        return _proven(fields, record, path, siblings) or [
            Finding(
                path,
                "digest",
                f"is not that of its fields; what was edited is not told by anything else: {_UNCHECKED}",
            )
        ]
    alone = _restored(fields, found) == record.digest
    reason = "is that of its fields with what they were before; nothing else was edited"
    return [Finding(path, "digest", reason if alone else "is not that of its fields: it was edited or damaged")]


def _proven(fields: Fields, record: Record, path: str, siblings: Siblings) -> list[Finding]:
    """The one field whose value in a record that shares something with this one makes the digest hold again."""
    for other_path, other in siblings.all_of(fields):
        for field, own, theirs in _differing(fields, other, sorted(fields.keys() - {"digest", "identity", "seed"})):
            reason = f"is {own!r}; with {theirs!r}, as in {other_path}, the digest holds"
            one = Finding(path, field, reason, theirs)
            if _restored(fields, [one]) == record.digest:
                return [one]
    return []


def _restored(fields: Fields, found: Sequence[Finding]) -> str:
    """The digest of the fields with what findings say that they were."""
    whole = copy.deepcopy(dict(fields))
    for one in (f for f in found if f.before is not NOT_TOLD):
        place: Any = whole
        *above, last = _keys(one.field)
        for key in above:
            place = place.get(key) if isinstance(place, dict) else None
        if isinstance(place, dict):
            place[last] = one.before
    return fields_digest(whole)


def _keys(field: str) -> tuple[str, ...]:
    """The keys of a dotted name: sections of three have names of their own with dots."""
    return tuple(field.split(".", 1 if field.startswith("metrics") else 2))


def _place(record: Record, path: str, store: Store) -> Iterator[Finding]:
    """Names in the file's path that are not those of its fields."""
    wanted = store.path(record).relative_to(store.results)
    if wanted == Path(path):
        return
    names = ("data", "profile", "method", "task")
    there, own = Path(path).parts[1:], wanted.parts[1:]
    if len(there) != len(own) or Path(path).suffix != ".json":
        yield Finding(path, "", f"its content belongs at {wanted}")
        return
    for name, place, stated in zip(names, there, own, strict=False):
        if place != stated:
            yield Finding(path, name, f"it states {stated}, and its place says {place}", place)
    if there[-1] != own[-1]:
        seed = Path(path).stem.rpartition("-seed")[2].partition("-")[0]
        plain = record.model_copy(update={"seed": int(seed)}) if seed.isdecimal() and len(seed) < 10 else record
        if plain.seed != record.seed and store.path(plain).name == there[-1]:
            yield Finding(path, "seed", f"it states {record.seed}, and its place says {seed}", plain.seed)
        else:
            yield Finding(path, "", f"its name should be {own[-1]}")


def _hashes(fields: Fields, record: Record, path: str, siblings: Siblings) -> Iterator[Finding]:
    """Fields that its hashes do not follow from, by records that share the hash; else the hash, and what it is of."""
    found = record.facts.hashes
    stated: dict[str, str] = {**record.hashes, "identity": record.identity}
    wrong = [name for name in found if found[name] != stated.get(name)]
    if "checkpoint" in wrong and "pretraining" in wrong:
        wrong.remove("checkpoint")  # follows from the other
    if "identity" in wrong and len(wrong) > 1:
        wrong.remove("identity")
    for name in wrong:
        sibling = siblings.of(name, stated.get(name))
        differing = list(_differing(fields, sibling[1], _HASHED[name])) if sibling else []
        for field, own, other in differing:
            reason = f"is {own!r}, and {sibling[0]} with the same {name} hash has {other!r}" if sibling else ""
            yield Finding(path, field, reason, other)
        if not differing:
            where = name if name == "identity" else f"hashes.{name}"
            reason = f"does not follow from its fields: it was edited, or one of {', '.join(_HASHED[name])}"
            yield Finding(path, where, reason)


def _differing(own: Fields, other: Fields, names: Sequence[str]) -> Iterator[tuple[str, Any, Any]]:
    for name in names:
        a, b = _at(own, name), _at(other, name)
        if isinstance(a, dict) and isinstance(b, dict):
            for key in sorted(a.keys() | b.keys()):
                if a.get(key) != b.get(key):
                    yield f"{name}.{key}", a.get(key), b.get(key)
        elif a != b:
            yield name, a, b


def _at(fields: Fields, name: str) -> Any:
    value: Any = fields
    for key in name.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _overrides(record: Record, path: str) -> Iterator[Finding]:
    """Settings that the user set, and that are others in `config`."""
    for section, settings in record.overrides.items():
        for key, value in settings.items():
            whole = record.config.get(section, {})
            if key in whole and whole[key] != value:
                reason = f"is {value!r}, and config.{section}.{key} is {whole[key]!r}"
                yield Finding(path, f"overrides.{section}.{key}", reason, whole[key])


def _chosen(record: Record, path: str) -> Iterator[Finding]:
    """The score on validation of what was chosen, where the candidates are written down with theirs."""
    name = f"{VALIDATION}{record.metric}"
    stated = record.selection.get(name)
    choice = {key: value for key, value in record.selection.items() if not key.startswith(VALIDATION)}
    if stated is None or not choice or record.draws:
        return
    same = [one for one in record.sweep if all(one.get(key) == value for key, value in choice.items())]
    if len(same) == 1 and (found := same[0].get("validation")) != stated:
        yield Finding(path, f"selection.{name}", f"is {stated:.6g}, and the sweep has {found} for this choice", found)
