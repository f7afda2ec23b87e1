"""Identity: a function of fields that stand in the record. Same identity = reuse; any difference = a new run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import partial
from typing import Any

from bench.core.digest import digest as digest
from bench.core.task import DataSet, Reader

Sections = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class CorpusFacts:
    """What a run's identity knows of the images that were pretrained on."""

    fingerprint: str
    """Of their content."""
    origin: str
    """Of what they were drawn from, the same for every seed."""
    modalities: str | None
    """Of which image is of which modality, where the pretraining balances them."""


@dataclass(frozen=True)
class EncoderFacts:
    """The fields of a run that can change its encoder before it is adapted, as JSON gives them back."""

    method: str
    backbone: str
    settings: Mapping[str, Any]
    """Section `method`."""
    pretrain: Mapping[str, Any]
    """Section `pretrain`."""
    versions: Mapping[str, Any]
    corpus: CorpusFacts | None
    """None for methods without pretraining, whose settings of section `pretrain` do not count."""
    seed: int

    @property
    def pretraining(self) -> str:
        """Hash of all but the seed and what is drawn with it."""
        corpus = self.corpus
        return digest(
            {
                "method": self.method,
                "settings": self.settings,
                "pretrain": self.pretrain if corpus else {},
                "backbone": self.backbone,
                "versions": self.versions,
                "corpus": corpus and corpus.origin,
            }
        )

    @property
    def checkpoint(self) -> str:
        """Hash of all of it."""
        drawn = [self.corpus.fingerprint, self.corpus.modalities] if self.corpus else None
        return digest([self.pretraining, drawn, self.seed])


@dataclass(frozen=True)
class RunFacts:
    """The fields of a run that can change its score. Values are plain, as JSON gives them back."""

    method: str
    backbone: str
    kind: str
    protocol: str
    metric: str
    profile: str
    seed: int
    config: Sections
    """Sections `method`, `pretrain`, `task` and `protocol`: all settings."""
    versions: Sections
    """Sections `pretraining` and `evaluation`: component -> version, see `versions.py`."""
    data: str
    """Fingerprint of the data set's content."""
    declaration: str
    """Fingerprint of the settings it is read with, see `declaration_fingerprint`."""
    split: str
    given_split: str | None
    """SHA-256 of the split file that the user gave."""
    corpus: CorpusFacts | None
    """None for methods without pretraining, whose settings of section `pretrain` do not count."""

    @property
    def hashes(self) -> dict[str, str]:
        """`pretraining` (equal for all seeds), `checkpoint` (this seed's), `evaluation`, and `identity` of them all."""
        encoder = EncoderFacts(
            self.method,
            self.backbone,
            self.config["method"],
            self.config["pretrain"],
            self.versions["pretraining"],
            self.corpus,
            self.seed,
        )
        pretraining, checkpoint = encoder.pretraining, encoder.checkpoint
        evaluation = digest(
            {
                "kind": self.kind,
                "task": self.config["task"],
                "protocol": [self.protocol, self.config["protocol"]],
                "metric": self.metric,
                "profile": self.profile,
                "versions": self.versions["evaluation"],
                "data": [self.data, self.declaration, self.given_split],
            }
        )
        identity = digest([checkpoint, evaluation, self.split, self.seed])
        return {"pretraining": pretraining, "checkpoint": checkpoint, "evaluation": evaluation, "identity": identity}


def declaration_fingerprint(data_set: DataSet) -> str:
    """Hash of what a data set is declared with: its reader's settings and its classes.

    What the reader lists (which cases, their targets and domains) is in the fingerprint of the data; this is what it
    is told to do when it loads one: thresholds of masks, values of labels, windows of intensities.
    """
    classes = [data_set.classes, data_set.ordered_classes, data_set.overlapping_classes, data_set.domains]
    return digest([reader_settings(data_set.reader), classes])


def reader_settings(reader: Reader) -> Any:
    """A reader's settings as plain values, functions among these by name."""
    return _plain(reader)


def _plain(value: Any) -> Any:
    """A setting without addresses and modules: functions by name, objects by their fields, anything else by `repr`.

    Fields with the metadata `identity=False` (places on a disk) are left out.
    """
    if is_dataclass(value) and not isinstance(value, type):
        return _plain({f.name: getattr(value, f.name) for f in fields(value) if f.metadata.get("identity", True)})
    if isinstance(value, Mapping):
        return [[_plain(key), _plain(item)] for key, item in value.items()]
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, set | frozenset):
        return sorted(map(repr, value))
    if isinstance(value, partial):
        return [_plain(value.func), _plain(value.args), _plain(value.keywords)]
    if hasattr(value, "__qualname__"):
        return value.__qualname__
    if type(value).__repr__ is object.__repr__:
        return [type(value).__qualname__, _plain(vars(value))]
    return repr(value)
