"""The record of one finished run: what was run, on what, what came out, what it cost. Versioned; schema in docs/."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from bench.core.identity import CorpusFacts, RunFacts, digest
from bench.core.settings import Part, ProfileName, SeenRecord, TunedRecord, WeightsRecord

SCHEMA_VERSION: Literal[3] = 3
EARLIER_VERSIONS = (1, 2)
"""Of the schema, with scores that are not comparable with those of today: see docs/records.md."""
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
"""A finite number that is one in JSON: no text, no truth value."""
Count = Annotated[int, Field(strict=True, ge=0)]
Scores = dict[str, Number | None]
"""Metric -> value; null where it is undefined."""


class CorpusRecord(Part):
    """What was pretrained on; absent for methods without pretraining."""

    label: str
    fingerprint: str = Field(description="Of the content of all images.")
    origin: str = Field(description="Of what the corpus is drawn from, the same for every seed.")
    modalities: str | None = Field(
        None, description="Of which image is of which modality; null unless the pretraining balances them."
    )
    images: Count
    sources: dict[str, Count]
    excluded: Count = Field(description="Images left out: copies, or of the subject, of a validation or test image.")


class SplitRecord(Part):
    """How the cases were divided, and the file that lists them."""

    fingerprint: str
    file: str = Field(description="Path of the written split, relative to the results folder.")
    train: Count
    validation: Count
    test: Count
    given: str | None = Field(None, description="SHA-256 of the user's file, or NAME-HASH; null where it was drawn.")


class FileRecord(Part):
    """A file of results/ that several records refer to."""

    file: str = Field(description="Path relative to the results folder.")
    sha256: str = Field(description="Of its content.")


class DuplicatesRecord(FileRecord):
    """Copies: how many, and the file beside the split that names them. Equal content: of decoded pixels or voxels."""

    n_groups: Count = Field(description="Groups of cases with equal content.")
    n_files: Count = Field(description="Cases in them.")
    n_crossing_split: Count = Field(description="Groups on more than one side of the split.")
    n_crossing_owner_split: Count = Field(description="Groups on both sides of the owner's split.")
    n_contradictory: Count = Field(description="Groups whose cases have different targets.")
    n_affected_test_cases: Count = Field(description="Test cases with the content of a training or validation case.")
    n_near_affected_test_cases: Count = Field(
        description="Those, and test cases that are near duplicates of a training or validation case."
    )


class DrawRecord(Part):
    """One choice of the training images that keep their label, and its scores on the test split."""

    labelled: Count = Field(description="Training cases with a label; the file `labelled` names them.")
    metrics: Scores


class EmbeddingRecord(Part):
    """What the embeddings of training images span, before any adaptation."""

    images: Count
    effective_rank: Number = Field(description="exp of the entropy of the singular values of the centred embeddings.")
    mean_cosine: Number = Field(description="Mean cosine of two images' embeddings, as they are.")
    dead_units: Number = Field(description="Share of the units that have one value for all images.")
    collapsed: bool = Field(description="Whether the rank is so low that scores say nothing of the method.")


class CasesRecord(Part):
    """The Parquet file beside the record, which has a row for each test case, in the order of the split file."""

    sha256: str = Field(description="Of the file.")
    rows: Count
    columns: list[str]


class AblationRecord(Part):
    """A declared ablation of the method that the run's settings contain."""

    name: str
    order: Count = Field(description="Its place among the method's ablations, from 1.")
    changes: dict[str, Any]


class Versions(Part):
    """Component -> declared version, or hash of its source where it declares none."""

    pretraining: dict[str, int | str]
    evaluation: dict[str, int | str]


class Record(Part):
    """One run. `metrics` are fractions in [0, 1] (kappa in [-1, 1], `hd95_px` pixels, `hd95_mm` millimetres).

    A metric is null where it is undefined.
    """

    schema_version: Literal[3]
    identity: str = Field(description="Hash of everything that can change the score.", pattern="^[0-9a-f]{64}$")
    digest: str = Field(
        default="",
        description="Hash of all other fields, `cases.sha256` among them: it shows accidents and edits, not forgery.",
    )
    status: Literal["complete"]
    profile: ProfileName
    data: Literal["real", "phantom"]
    method: str
    backbone: str
    task: str
    data_set: str
    stand_in_for: str | None = Field(None, description="The data set that this one stands in for, where it does.")
    kind: str
    protocol: str
    distribution: Literal["in", "in+out"] = Field("in", description="in+out: also tested on domains not trained on.")
    seed: Count
    metric: str = Field(description="Name of the headline metric.")
    metrics: Scores = Field(
        description="Over all test cases; means over the domains, or over the draws, where there are several."
    )
    domains: dict[str, Scores] = Field({}, description="Domain -> metrics over its test cases.")
    trained_domain: str | None = Field(None, description="The domain of the training cases, where there are several.")
    metrics_without_duplicates: Scores = Field(
        description="The same metrics without test cases that have the content of a training or validation case."
    )
    metrics_without_near_duplicates: Scores = Field(
        description="The same without those and near duplicates of a training or validation case."
    )
    metrics_without_seen: Scores | None = Field(None, description="The same without test cases that the weights saw.")
    selection: dict[str, Number] = Field(
        description="What validation chose (epoch, penalty, neighbours, rate), and the headline metric there."
    )
    sweep: list[Scores] = Field(
        [], description="All candidates of a setting that validation chose, each with the headline metric there."
    )
    embedding: EmbeddingRecord | None = Field(
        None, description="Of a classification task's encoder; null for kinds that read feature maps."
    )
    duplicates: DuplicatesRecord
    seen: SeenRecord | None = Field(None, description="What they saw; null where weights' entries name nothing.")
    split: SplitRecord
    corpus: CorpusRecord | None
    weights: WeightsRecord | None = Field(default=None, description="Weights from a file; null for everything else.")
    config: dict[str, dict[str, Any]] = Field(
        description="Sections method, pretrain, task and protocol: all settings after profile and overrides."
    )
    overrides: dict[str, dict[str, Any]] = Field(description="What the user set to another value than the profile's.")
    ablations: list[AblationRecord] = Field([], description="Declared ablations of the method that the run is of.")
    tuned: TunedRecord | None = Field(None, description="How `bench tune` chose the settings; null where it did not.")
    versions: Versions
    fingerprints: dict[str, str] = Field(
        description="data: of the data set's content; declaration: of the settings and classes it is read with."
    )
    hashes: dict[str, str] = Field(
        description="Parts of the identity: pretraining (equal for all seeds), checkpoint (this seed's) and evaluation."
    )
    warnings: list[str]
    cost: dict[str, dict[str, Number]] = Field(
        description="Stage -> seconds, images per second, peak memory (MiB); embeddings that were read: of making them."
    )
    efficiency: dict[str, Number] = Field(
        {},
        description="Parameters, trained parameters, GFLOPs per image, images per second, peak memory (MiB), seconds "
        "of pretraining and adaptation; empty in records that were made before these were measured.",
    )
    draws: list[DrawRecord] = Field([], description="The draws of a protocol that labels some training images only.")
    labelled: FileRecord | None = Field(None, description="CSV file with the labelled cases of each draw.")
    subjects: FileRecord | None = Field(
        None, description="CSV file with the subject of each test case; null where the data set does not name them."
    )
    logged: dict[str, Number] = Field(
        default_factory=dict,
        description="Mean over the last tenth of the pretraining's steps of every scalar the method logged.",
    )
    provenance: dict[str, Any] = Field(description="Commit, dirty flag, package versions, device, time.")
    cases: CasesRecord

    @model_validator(mode="after")
    def _check(self) -> Record:
        if self.cases.rows != self.split.test:
            raise ValueError(f"{self.cases.rows} rows of cases for {self.split.test} test cases")
        sections = {"config": ["method", "pretrain", "protocol", "task"], "fingerprints": ["data", "declaration"]}
        for name, wanted in sections.items():
            if lacking := [one for one in wanted if one not in getattr(self, name)]:
                raise ValueError(f"{name} lacks {', '.join(lacking)}")
        if self.metric not in self.metrics:
            raise ValueError(f"headline metric {self.metric!r} is not among {sorted(self.metrics)}")
        if self.trained_domain not in (self.domains or [None]):
            raise ValueError(f"trained domain {self.trained_domain!r} is not among {sorted(self.domains)}")
        return self

    @property
    def facts(self) -> RunFacts:
        """The fields that make its identity."""
        return RunFacts(
            method=self.method,
            backbone=self.backbone,
            kind=self.kind,
            protocol=self.protocol,
            metric=self.metric,
            profile=self.profile,
            seed=self.seed,
            config=self.config,
            versions={"pretraining": self.versions.pretraining, "evaluation": self.versions.evaluation},
            data=self.fingerprints["data"],
            declaration=self.fingerprints["declaration"],
            split=self.split.fingerprint,
            given_split=self.split.given,
            corpus=CorpusFacts(self.corpus.fingerprint, self.corpus.origin, self.corpus.modalities)
            if self.corpus
            else None,
        )

    def sealed(self) -> Record:
        """The same record with the digest of its fields."""
        return self.model_copy(update={"digest": fields_digest(self.model_dump(mode="json"))})

    def to_json(self) -> str:
        """JSON with one line per top-level field, so that records stay small and can be compared by eye."""
        fields = self.model_dump(mode="json")
        lines = [f"{json.dumps(k)}: {json.dumps(v, sort_keys=True, allow_nan=False)}" for k, v in fields.items()]
        return "{\n" + ",\n".join(lines) + "\n}\n"


def fields_digest(fields: Mapping[str, Any]) -> str:
    """What `digest` must be in a record with these fields, as JSON has them."""
    return digest({name: value for name, value in fields.items() if name != "digest"})


def schema_text() -> str:
    """The JSON schema of a record, as published in docs/record.schema.json."""
    return json.dumps(Record.model_json_schema(), indent=2, sort_keys=True) + "\n"
