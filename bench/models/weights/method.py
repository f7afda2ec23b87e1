"""Weights from a file as a method without pretraining: a contestant beside the methods that pretrain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from pydantic import create_model
from torch import Tensor, nn

from bench.core.errors import StorageError, UsageError
from bench.core.method import Method, MethodConfig, Progress
from bench.core.settings import WeightsRecord
from bench.core.versions import PARTS
from bench.data.published.past import Past
from bench.models.weights.encoder_places import encoder_places
from bench.models.weights.files import file_hash, read_weights
from bench.models.weights.formats import HARNESS, Unpacked, unpack
from bench.models.weights.layouts import OPTIONAL
from bench.models.weights.match import COUNTER, Match, encoder_hash, layouts_of, match, own_shapes, recognise_backbone
from bench.models.weights.notices import activation_notice, missing_notice, others_notice
from bench.models.weights.pasts import past_notices, past_of
from bench.models.weights.places import file_label
from bench.models.weights.probe import compare, embed_noise
from bench.models.weights.sources import WeightsEntry

UNKNOWN_CORPUS = (
    "The weights come from a file; what they were pretrained on is unknown, so an overlap with the test images cannot "
    "be checked."
)


@dataclass(frozen=True)
class LoadedWeights:
    """A file of weights, opened, recognised and matched."""

    entry: WeightsEntry
    match: Match
    record: WeightsRecord
    """What is known before the weights are in an encoder; `probe` is empty."""
    notices: list[str]
    """For people, not for the record."""


class Weights(Method):
    """Base of the contestants that `contestant` makes; each is a class with the file's hashes as its settings."""

    pretrains: ClassVar[bool] = False
    entry: ClassVar[WeightsEntry]
    past: ClassVar[Past | None] = None
    """What they were pretrained on, where the entry names it."""
    backbones: ClassVar[tuple[str, ...] | None] = None

    def build(self, backbone: nn.Module) -> nn.Module:
        """Hold the backbone, nothing else."""
        return nn.ModuleDict({"backbone": backbone})

    def loss(self, module: nn.Module, views: Any, progress: Progress) -> Mapping[str, Tensor]:
        """Never called: there is nothing to learn."""
        raise TypeError(f"The weights {self.name!r} have no loss; they are never trained further.")

    def initialise(self, backbone: nn.Module) -> WeightsRecord:
        """Load the file into an encoder and prove that it changed. Raises `StorageError` if the file has changed."""
        loaded = load_weights(self.entry)
        if loaded.record.encoder_sha256 != self.config.model_dump()["encoder_sha256"]:
            raise StorageError(f"{self.entry.file} changed while this command ran. Run it again.")
        return load_into(backbone, loaded)


def load_into(backbone: nn.Module, loaded: LoadedWeights) -> WeightsRecord:
    """Put the tensors into an encoder; what the record says about it. Raises `StorageError`, see `probe.compare`."""
    before = embed_noise(backbone)
    absent = backbone.load_state_dict(loaded.match.state, strict=False)
    assert not absent.unexpected_keys, absent
    probe = compare(before, embed_noise(backbone), str(loaded.entry.file))
    return loaded.record.model_copy(update={"probe": probe})


def load_weights(entry: WeightsEntry, wanted: str | None = None) -> LoadedWeights:
    """Open a file and match it to its entry's backbone, the one it says it is, `wanted`, or the one it fits best.

    Raises:
        UsageError: no such file, unknown format or backbone, another backbone than the file says, or an idle pattern.
        StorageError: a file that is refused, without an encoder, or that does not fit; see `files`, `formats`, `match`.
    """
    sha256 = file_hash(entry.file)
    tree, provenance = read_weights(entry.file)
    where = str(entry.file)
    stated = _stated_backbone(where, provenance.get("backbone"), entry.backbone or wanted)
    layouts = layouts_of(stated)
    unpacked = unpack(tree, where, entry.format, entry.prefix, entry.container, layouts)
    chosen = stated or recognise_backbone(unpacked.state)
    fitted = match(unpacked.state, chosen, where, entry.allow_missing, entry.drop, unpacked.layout.optional)
    record = WeightsRecord(
        file=file_label(entry.file),
        sha256=sha256,
        encoder_sha256=encoder_hash(fitted.state),
        format=HARNESS if provenance else unpacked.format,
        layout=unpacked.layout.name,
        rules=_rules(entry, unpacked, fitted),
        matched=len(fitted.state) - len(fitted.zeros),
        dropped=fitted.dropped,
        other_parts=dict(unpacked.others),
        missing=fitted.missing,
        corpus=_corpus(provenance, entry),
    )
    notices = _notices(entry.file.name, fitted, guessed=not stated)
    if entry.container is None and entry.prefix is None:
        notices += others_notice(entry.file.name, encoder_places(tree, layouts), unpacked.place)
    notices += past_notices(entry.file.name, past_of(entry.past, entry.pretrained_on))
    return LoadedWeights(entry, fitted, record, notices)


def _stated_backbone(where: str, own: str | None, asked: str | None) -> str | None:
    if own and asked and own != asked:
        raise UsageError(
            f"{where} says that it is {own}, and {asked} was asked for (--backbone, or the TOML entry's). "
            f"Name {own} or none."
        )
    return own or asked


def _notices(where: str, fitted: Match, *, guessed: bool) -> list[str]:
    total = sum(not name.endswith(COUNTER) for name in own_shapes(fitted.backbone))
    missing = missing_notice(where, fitted.backbone, len(fitted.missing), total)
    return missing + (activation_notice(where, fitted.backbone) if guessed else [])


def _rules(entry: WeightsEntry, unpacked: Unpacked, fitted: Match) -> list[str]:
    return [
        *unpacked.rules,
        *(f"drop {pattern}" for pattern in entry.drop),
        *(f"may miss {pattern}" for pattern in entry.allow_missing),
        *(f"no {OPTIONAL[name]} in the file: zeros" for name in fitted.zeros),
        *(f"interpolate {note}" for note in fitted.resampled),
    ]


def _corpus(provenance: Mapping[str, Any], entry: WeightsEntry) -> str:
    if past := past_of(entry.past, entry.pretrained_on):
        return f"The weights come from a file, and their entry says what they were pretrained on. {past.statement}"
    if not provenance:
        return UNKNOWN_CORPUS
    corpus, method = provenance.get("corpus", {}), provenance.get("method")
    return (
        f"The file says that it is {method} pretrained on {corpus.get('label')} (fingerprint "
        f"{str(corpus.get('fingerprint'))[:12]}, seed {provenance.get('seed')}); its overlap with the test images was "
        "not checked again."
    )


def contestant(loaded: LoadedWeights) -> type[Weights]:
    """The method class of a file. Its settings are the file's hash, the rules and the encoder's hash, each fixed."""
    record = loaded.record
    fixed = {
        "sha256": record.sha256,
        "encoder_sha256": record.encoder_sha256,
        "rules": "; ".join([record.format, record.layout, *record.rules]),
    }
    fields: dict[str, Any] = {name: (Literal[value], value) for name, value in fixed.items()}
    attributes = {
        "__module__": __name__,
        "__doc__": f"Weights from {record.file}.",
        "name": loaded.entry.name,
        "version": PARTS["weights"],
        "title": f"Weights from the file {record.file} ({record.format}, {loaded.match.backbone})",
        "citation": record.corpus,
        "config_class": create_model("WeightsConfig", __base__=MethodConfig, **fields),
        "backbones": (loaded.match.backbone,),
        "past": past_of(loaded.entry.past, loaded.entry.pretrained_on),
        "entry": loaded.entry.model_copy(update={"backbone": loaded.match.backbone}),
    }
    return type("Weights", (Weights,), attributes)


def loading_text(record: WeightsRecord, backbone: str) -> str:
    """One line about a loaded file: what matched, what was dropped, what is missing."""
    dropped = ", ".join(f"{name} ({n})" for name, n in record.dropped.items()) or "none"
    parts = [f"{record.matched} tensors match {backbone}", f"heads dropped: {dropped}"]
    if record.other_parts:
        parts.append("other parts left out: " + ", ".join(f"{name} ({n})" for name, n in record.other_parts.items()))
    parts.append(f"missing: {', '.join(record.missing) or 'none'}")
    rules = f"; rules: {', '.join(record.rules)}" if record.rules else ""
    return f"{record.file} ({record.format}, {record.layout}): {'; '.join(parts)}{rules}"
