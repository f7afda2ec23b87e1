"""One pretraining: the encoder of the same identity from the cache, or a new one, made once among several commands."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.core.cache_folder import encoder_folder
from bench.core.console import Report
from bench.core.method import Method
from bench.core.storage.turns import one_at_a_time
from bench.data.cache import DiskCache
from bench.engine.compute import Compute
from bench.models.checkpoints import ENCODER_FILE, find_encoder
from bench.pretraining.corpus import Corpus
from bench.pretraining.loop import Pretraining, pretrain
from bench.pretraining.settings import PretrainSettings
from bench.runs.checking.methods import check_before_pretraining


@dataclass(frozen=True)
class PretrainingJob:
    """What is pretrained, on which images, and under which identity."""

    method: Method
    name: str
    """Of the method."""
    backbone: str
    corpus: Corpus
    settings: PretrainSettings
    seed: int
    identity: str
    decoded: DiskCache | None = None
    """Where decoded images of the corpus are kept between runs."""
    log: tuple[str, ...] = ()
    """Where it is logged besides its folder, see `engine.logs.place`."""

    @property
    def provenance(self) -> dict[str, Any]:
        """What the encoder's file says about itself."""
        return {
            "method": self.name,
            "backbone": self.backbone,
            "seed": self.seed,
            "corpus": {"label": self.corpus.label, "fingerprint": self.corpus.fingerprint},
            "config": {
                "method": self.method.config.model_dump(),
                "pretrain": self.settings.model_dump(),
            },
        }


def encoder_file(job: PretrainingJob, cache: Path, compute: Compute, report: Report) -> Path:
    """The file of the encoder, after pretraining it, or what is left of that, where it is not there."""
    folder = encoder_folder(job.name, job.identity, cache)
    encoder = find_encoder(folder, job.identity)
    if encoder is None:
        waiting = f"  another command pretrains the same {job.name} encoder: waiting for it"
        with one_at_a_time(folder / "pretraining.lock", lambda: report.say(waiting)):
            encoder = find_encoder(folder, job.identity, report)
            if encoder is None:
                check_before_pretraining(job.method, job.backbone, job.settings)
                training = Pretraining(
                    job.method, job.backbone, job.corpus, job.settings, job.seed, compute, job.decoded
                )  # fmt: skip
                pretrain(training, folder, job.identity, job.provenance, report, job.log)
    if encoder is None:
        encoder = folder / ENCODER_FILE
        report.say(f"  pretrained the {job.name} encoder: {encoder}")
    else:
        report.say(f"  reusing the {job.name} encoder pretrained before: {encoder}")
    return encoder
