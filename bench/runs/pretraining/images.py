"""`bench pretrain`: a method pretrained on images of one's own, without a task."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bench.core.cache_folder import default_cache
from bench.core.console import Report
from bench.core.errors import UsageError
from bench.core.files import require_writable, write_atomic
from bench.core.identity import EncoderFacts
from bench.core.registry import methods
from bench.core.settings import Settings
from bench.data.root import resolve_root
from bench.engine.compute import Compute
from bench.models.specs import find_backbone
from bench.models.suited import require_suited
from bench.pretraining.corpus import Corpus, check_corpus_name
from bench.pretraining.settings import PretrainSettings
from bench.pretraining.start import start_notes
from bench.runs.checks import check_request
from bench.runs.config import DEFAULT_BACKBONE, resolve_pretraining
from bench.runs.plan import expand_names
from bench.runs.pretraining.executor import settled
from bench.runs.pretraining.job import PretrainingJob, encoder_file
from bench.runs.request import RunRequest
from bench.runs.resolve import Options, corpus_facts, pretraining_versions
from bench.runs.run import open_caches
from bench.runs.world import World


def pretrain_on_images(request: RunRequest, out: Path | None, report: Report) -> Path:
    """The file of the encoder that a request's method makes of its corpus, a folder or a manifest; copied to `out`.

    It is the encoder of a run with that corpus, and the same command continues one that was interrupted.

    Raises:
        UsageError: several methods, backbones or seeds, a method without pretraining, or a corpus of data sets.
        BenchError: as a run.
    """
    check_request(request)
    name, backbone, seed = _only(request)
    if request.corpus in ("pool", "task"):
        raise UsageError(f"--images {request.corpus}: expected a folder of images, or a manifest (.csv, .toml).")
    check_corpus_name(request.corpus)
    if out is not None:
        require_writable(out.absolute().parent, "output")
    cache = request.cache or default_cache()
    options = Options(
        request.profile,
        request.corpus,
        request.results,
        cache,
        Compute(request.device, request.workers, request.compile),
    )
    root = resolve_root(request.data_root)
    world = World(root, report, cache=cache) if root else World.without_data(cache, report)
    decoded, _ = open_caches(options, world, report)
    own, settings = resolve_pretraining(name, request.profile, request.config.of(name, request.settings))
    settings = settled(settings, name, own.model_dump(), request.device)
    start_notes(backbone, settings.init)  # a file that cannot be used is an error before any image is read
    corpus = _corpus(request.corpus, world, root, seed)
    job = replace(_job(name, backbone, seed, corpus, own, settings), decoded=decoded, log=request.log)
    report.say(f"{name} on {corpus.label} ({backbone}, seed {seed}): {len(corpus.images)} images")
    with report.live():
        file = encoder_file(job, cache, options.compute, report)
    if out is None:
        return file
    content = file.read_bytes()
    write_atomic(out, lambda target: target.write(content))
    return out


def _only(request: RunRequest) -> tuple[str, str, int]:
    """The one method, backbone and seed of a request."""
    names = expand_names(request.methods, methods())
    backbones = request.backbones or (DEFAULT_BACKBONE[request.profile],)
    if (len(names), len(backbones), len(request.seeds)) != (1, 1, 1):
        raise UsageError(
            f"One method, backbone and seed make one encoder; these are {', '.join(names)}; {', '.join(backbones)}; "
            f"{', '.join(map(str, request.seeds))}."
        )
    if not methods().get(names[0]).pretrains:
        raise UsageError(f"The method {names[0]!r} does not pretrain. List others: bench list methods.")
    find_backbone(backbones[0])
    require_suited(methods().get(names[0]), backbones[0])
    return names[0], backbones[0], request.seeds[0]


def _corpus(name: str, world: World, root: Path | None, seed: int) -> Corpus:
    corpus, report = world.corpus(name, None, seed), world.report
    if corpus.excluded:
        report.warn(
            f"{corpus.excluded} images are left out: data sets under {root} evaluate on them or their subjects."
        )
    if root is None:
        report.say("No data root: images that a task evaluates on cannot be told, and none is left out.")
    return corpus


def _job(
    name: str, backbone: str, seed: int, corpus: Corpus, own: Settings, settings: PretrainSettings
) -> PretrainingJob:
    facts = EncoderFacts(
        name,
        backbone,
        own.model_dump(mode="json"),
        settings.model_dump(mode="json"),
        pretraining_versions(name, backbone, corpus.versions, settings),
        corpus_facts(corpus, balanced=settings.balance),
        seed,
    )
    cls = methods().get(name)
    method = cls(cls.config_class.model_validate(own.model_dump()))
    return PretrainingJob(method, name, backbone, corpus, settings, seed, facts.checkpoint)
