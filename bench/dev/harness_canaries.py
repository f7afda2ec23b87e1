"""Canaries of the harness's own parts, see `versions.PARTS`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import torch
from PIL import Image
from torch import nn

from bench.core.method import Method, MethodConfig, Progress
from bench.core.task import Case, DataSet, Task
from bench.data import images as image_files
from bench.data import split_files as split_reading
from bench.data import splits
from bench.data import volumes as volume_files
from bench.data.dataset import Data
from bench.dev.canaries import CPU, QUIET, Values, adapted, flat, statistics
from bench.engine import images as engine_images
from bench.engine import loaders as loading
from bench.engine import optim, seeding
from bench.engine.meter import Meter
from bench.evaluation import embeddings
from bench.evaluation.embeddings import embed_splits
from bench.evaluation.few_shot import Probe, draw_labelled
from bench.evaluation.heads import MlpHead
from bench.evaluation.neighbours import NeighbourVote, vote_shares
from bench.evaluation.protocols import PROTOCOLS, FewShotSettings, NeighbourSettings, ProtocolSettings
from bench.evaluation.supervised import Supervised
from bench.models.build import build_backbone
from bench.models.weights import files, formats, layouts, match
from bench.models.weights import method as weights_method
from bench.models.weights.sources import WeightsEntry
from bench.pretraining import balance, corpus_image, manifest
from bench.pretraining import corpus as corpora
from bench.pretraining import loop as pretrain
from bench.pretraining.augment import Augmentation
from bench.pretraining.corpus import Corpus
from bench.pretraining.corpus_image import CorpusImage
from bench.pretraining.settings import PretrainSettings

SIDE = 48


def made_up_image(number: int, side: int = SIDE, channels: int = 3) -> np.ndarray:
    """Smooth shapes and noise, (side, side, channels), uint8; integers only, so that every machine makes the same."""
    rows, columns = np.mgrid[:side, :side]
    waves = (rows * (number % 5 + 2) + columns * (number % 3 + 3)) * 4 % 256
    noise = np.random.default_rng(number).integers(0, 64, (side, side, channels))
    return ((waves[..., None] + 40 * np.arange(channels) + noise) % 256).astype(np.uint8)


def made_up_corpus(n: int) -> Corpus:
    """Images of two modalities."""
    images = tuple(
        CorpusImage(
            Path(f"{i}.png"),
            f"canary {i}",
            modality="ab"[i % 2],
            load=partial(Image.fromarray, made_up_image(i)),
        )
        for i in range(n)
    )
    return Corpus("canary", images, {"canary": n}, 0, "canary", {})


def losses_of_steps(method: Method, corpus: Corpus, settings: PretrainSettings) -> Values:
    """Losses of every step of a pretraining of a ResNet-18 from random weights, and the first gradient's norm.

    Later gradients, and shares of what was matched, move too far with the last bit of a sum.
    """
    run = pretrain.Pretraining(method, "resnet18", corpus, settings, 0, CPU)
    meter, rows = Meter(torch.device("cpu")), []

    class Log:
        def write(self, step: int, values: Mapping[str, float]) -> None:
            rows.append(values)

    while run.epoch < settings.epochs:
        run.run_epoch(Log(), meter, lambda note: None)  # type: ignore[arg-type]
    losses = {name: [row[name] for row in rows] for name in rows[0] if "loss" in name or name == "lr"}
    return {**losses, "gradient_norm": [rows[0]["gradient_norm"]]}


class _MeanSquare(Method):
    """Minimises the mean square of embeddings: the loop and nothing else."""

    name, title, citation = "canary", "canary", "none"

    def view_transform(self, image_size: int) -> Callable[[Image.Image], Any]:
        return Augmentation(image_size)

    def build(self, backbone: nn.Module) -> nn.Module:
        return nn.ModuleDict({"backbone": backbone})

    def loss(self, module: nn.Module, views: Any, progress: Progress) -> Mapping[str, torch.Tensor]:
        backbone = module.get_submodule("backbone")
        return {"loss": backbone(views).pooled.square().mean() * (1 - progress.fraction / 2)}


def images(folder: Path) -> Values:
    """Every mode of image as it is decoded, read as grey values, and shrunk."""
    values = {}
    for name, image in _modes():
        path = folder / name.replace(" ", "_")
        image.save(path)
        values[name] = flat(statistics(x) for x in (image_files.read_image(path), image_files.read_grey(path)))
    large = Image.fromarray(made_up_image(3, 101))
    return values | {
        "shrunk": statistics(engine_images.shrink(large, 32)),
        "size": list(map(float, image_files.read_size(path))),
    }


def _modes() -> Iterator[tuple[str, Image.Image]]:
    rgb, grey = made_up_image(1), made_up_image(2)[..., 0]
    alpha = np.dstack([rgb, made_up_image(4)[..., 0]])
    yield "RGB.png", Image.fromarray(rgb)
    yield "RGB.jpg", Image.fromarray(rgb)
    yield "L.png", Image.fromarray(grey)
    yield "LA.png", Image.merge("LA", [Image.fromarray(grey), Image.fromarray(alpha[..., 3])])
    yield "RGBA.png", Image.fromarray(alpha)
    yield "P.png", Image.fromarray(rgb).quantize(16)
    yield "1.png", Image.fromarray(grey).convert("1", dither=Image.Dither.NONE)
    yield "I16.png", Image.fromarray(grey.astype(np.uint16) * 137 + 900)
    yield "F.tif", Image.fromarray(grey.astype(np.float32) / 7 - 3)
    yield "CMYK.tif", Image.fromarray(rgb).convert("CMYK")


def volumes(folder: Path) -> Values:
    """Volumes of several types, orientations and ranges, as the corpus and as segmentation read them."""
    values = {}
    for name, array, affine in _volumes():
        path = folder / f"{name}.nii.gz"
        nibabel.save(nibabel.Nifti1Image(array, affine), path)
        grid = volume_files.read_grid(path)
        eight_bit = corpus_image.read_volume(path)
        slices = [CorpusImage(path, name, axis, 2).read() for axis in (0, 1, 2)]
        values[name] = [
            *map(float, volume_files.through_plane(grid)),
            *flat(statistics(x) for x in (eight_bit, *slices, volume_files.read_intensities(path))),
        ]
    return values


def _volumes() -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    ramp = np.arange(9 * 8 * 7, dtype=np.int16).reshape(9, 8, 7) * 5 % 901
    yield "int16", ramp, np.diag([1.0, 1.0, 3.0, 1.0])
    yield "float32", (ramp / 13 - 20).astype(np.float32), np.diag([2.0, 1.0, 1.0, 1.0])
    yield "left posterior", ramp, np.diag([-1.0, -1.0, 1.0, 1.0])
    turned = np.array([[0, 0, 1.5, 4], [1, 0, 0, 5], [0, 1, 0, 6], [0, 0, 0, 1.0]])
    yield "turned", ramp, turned
    almost = np.zeros((9, 8, 7), dtype=np.int16)
    almost[4, 4, 2:4] = 700
    yield "almost one value", almost, np.eye(4)
    yield "one value", np.full((9, 8, 7), 5, dtype=np.int16), np.eye(4)
    spread = np.random.default_rng(5).normal(100, 30, (9, 8, 7))
    yield "float64", np.where(spread > 160, spread * 9, spread), np.eye(4)


def split_cases(folder: Path) -> Values:
    """Splits of a fixed list: with subjects and equal files, with an owner's test split, by sites, and from a file."""
    values = {}
    for name, data in (("plain", _data()), ("owner", _data(owner=True)), ("sites", _data(sites=True))):
        for seed in (0, 1):
            drawn = splits.draw_split(data, seed)
            values[f"{name} seed {seed}"] = " ".join(
                f"{side}:{','.join(c.id for c in cases)}" for side, cases in drawn.sides.items()
            )
    path = folder / "given.csv"
    rows = [f"{c.id},{'test' if i < 10 else 'train'}" for i, c in enumerate(_data().cases)]
    path.write_text("\n".join(["case,split", *rows]) + "\n")
    given = split_reading.read_split(_data(), path, 0, QUIET)
    return values | {"given": ",".join(case.id for case in given.validation)}


def _data(*, owner: bool = False, sites: bool = False) -> Data:
    """Forty cases of two classes; every fifth has the file of its neighbour, three in a row are of one subject."""
    names = [f"case{i:02d}" for i in range(40)]
    cases = tuple(
        Case(
            name,
            Path(f"{name}.png"),
            i % 2,
            ("test" if i % 8 == 0 else "train") if owner else None,
            subject=f"s{i // 3}" if i > 20 else None,
            domain=("A" if i % 3 else "B") if sites else None,
        )
        for i, name in enumerate(names)
    )
    hashes = {name: f"h{i - (i % 5 == 1)}" for i, name in enumerate(names)}
    data_set = DataSet("canary", "", _NoReader(), ("x", "y"), {}, "MR", "", "", "", lambda f, s: None)  # type: ignore[arg-type]
    if sites:
        object.__setattr__(data_set, "domains", ("A", "B"))
    return Data(data_set, Path(), "phantom", cases, hashes, {}, (), "canary")


class _NoReader:
    layout = ""


def corpus(folder: Path) -> Values:
    """The images of a pool and of a manifest in their order, and how modalities are balanced."""
    data = _data(owner=True)
    pool = corpora.pool_corpus([(data, splits.draw_split(data, 0))])
    for i in range(4):
        Image.fromarray(made_up_image(i)).save(folder / f"{i}.png")
    (folder / "list.csv").write_text("path,modality\n" + "".join(f"{i}.png,m{i % 3}\n" for i in (2, 0, 3, 1)))
    listed = manifest.read_manifest(folder / "list.csv")
    shown = balance.balanced([image.modality for image in listed], 7)
    with seeding.seeded(3):
        again = balance.crop_duplicate(listed[0].read())
    return {
        "pool": ",".join(image.path.stem for image in pool.images),
        "excluded": str(pool.excluded),
        "manifest": ",".join(f"{image.path.stem}:{image.modality}" for image in listed),
        "balanced": str(shown),
        "duplicate": statistics(again),
    }


def views(folder: Path) -> Values:
    """The defaults of the augmentation, and 48 views of a fixed image."""
    image = Image.fromarray(made_up_image(1, 80)).crop((0, 0, 80, 64))
    defaults = {k: getattr(v, "name", v) for k, v in asdict(Augmentation(32)).items()}
    whole = Augmentation(32, jitter_probability=1, grey_probability=0.5, blur_probability=1, solarise_probability=0.5)
    values: dict[str, str | list[float]] = {"defaults": json.dumps(defaults)}
    for name, augmentation in (("default", Augmentation(32)), ("everything", whole)):
        drawn = []
        for seed in range(48):
            with seeding.seeded(seed):
                drawn.append(augmentation.cut(image))
        values[f"{name} pixels"] = flat((float(v.mean()), float(v.std())) for v, _ in drawn)
        values[f"{name} boxes"] = flat(list(map(float, box)) for _, box in drawn[:12])
    return values


def pretraining(folder: Path) -> Values:
    """Four steps of the loop with every precision's defaults, the order of batches, schedules and optimisers."""
    settings = PretrainSettings(
        epochs=2, batch_size=6, image_size=32, init="random", gradient_clip=0.5, balance=True, precision="32-true"
    )
    smooth = MethodConfig.model_validate({"optimizer": "sgd", "lr": 1e-3, "warmup_fraction": 0.3})
    values: dict[str, str | list[float]] = dict(losses_of_steps(_MeanSquare(smooth), made_up_corpus(13), settings))
    batches = loading.EpochBatches(11, 4, 3, smallest=4)
    for epoch in (0, 1):
        batches.epoch = epoch
        values[f"batches {epoch}"] = str(list(batches))
    for schedule in ("cosine", "constant", "halve_four_times"):
        config = MethodConfig.model_validate({"schedule": schedule, "warmup_fraction": 0.2})
        values[f"schedule {schedule}"] = [optim.lr_factor(config, step, 20) for step in range(20)]
    for name in optim.OPTIMIZERS:
        values[f"optimizer {name}"] = _steps_of(name)
    return values


def _steps_of(optimizer: Any) -> list[float]:
    """Weights of a linear layer with a norm after three steps."""
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(3, 2), nn.LayerNorm(2))
    built = optim.build_optimizer(
        module, MethodConfig.model_validate({"optimizer": optimizer, "lr": 0.1, "weight_decay": 0.05})
    )
    for step in range(3):
        built.zero_grad()
        module(torch.arange(12.0).reshape(4, 3) / 7 - step).square().sum().backward()
        built.step()
    return [float(x) for parameter in module.parameters() for x in parameter.detach().flatten()]


def weights(folder: Path) -> Values:
    """The encoder that comes out of a file in another program's names."""
    seeding.seed_all(1)
    state = {f"module.encoder_q.{k}": v for k, v in build_backbone("resnet18").state_dict().items()}
    state |= {"module.encoder_q.fc.weight": torch.ones(2, 512), "module.encoder_q.fc.bias": torch.ones(2)}
    path = folder / "moco.pth"
    torch.save({"state_dict": state, "epoch": 3}, path)
    loaded = weights_method.load_weights(WeightsEntry(name="canary", file=path))
    return {"rules": str(loaded.record.rules), "parts": f"{loaded.record.format} {loaded.record.layout}"} | {
        "tensors": flat(statistics(t) for t in list(loaded.match.state.values())[:8])
    }


def adaptation(folder: Path) -> Values:
    """Two epochs: which was selected, its score on validation, and the predictions of the test split."""
    engine, split = adapted(_pooled_task(), folder)
    seeding.seed_all(0)
    protocol = PROTOCOLS["finetune"]
    settings = ProtocolSettings.model_validate(
        {"epochs": 2, "batch_size": 4, "lr": 1e-3, "weight_decay": 1e-4, "gradient_clip": 0.5}
    )
    done = Supervised(build_backbone("resnet18"), engine, split, protocol, settings, 0, CPU, QUIET).fit("canary")
    return {"epoch": str(done.best_epoch), "validation": [done.validation], "predictions": statistics(done.predictions)}


def embedded(folder: Path) -> Values:
    """Embeddings of a seeded encoder."""
    engine, split = adapted(_pooled_task(), folder)
    seeding.seed_all(0)
    sides = embed_splits(build_backbone("resnet18"), engine, split, CPU, QUIET).sides
    return {name: flat(statistics(t) for t in side.tensors) for name, side in sides.items()}


def probes(folder: Path) -> Values:
    """Votes and regressions on made-up embeddings."""
    generator = np.random.default_rng(0)
    classes = np.arange(30) % 3
    bank = generator.normal(size=(30, 8)) + classes[:, None]
    queries = generator.normal(size=(9, 8)) + 1
    settings = FewShotSettings.model_validate({"fraction": 0.3})
    chosen = [draw_labelled(classes, 3, settings, 1, draw).tolist() for draw in range(2)]
    logs = Probe(3, 1.0).log_probabilities(bank, classes, queries)
    votes = vote_shares(bank, classes, queries, 4, NeighbourSettings.model_validate({"neighbours": 5}))
    return {"draws": str(chosen), "regression": np.exp(logs).flatten().tolist(), "votes": votes.flatten().tolist()}


def _pooled_task() -> Task:
    from bench.core.registry import kinds, tasks

    loaded: Iterator[Task] = (tasks().get(name) for name in tasks().plugins)
    return next(task for task in loaded if kinds().get(task.kind).pooled_only)


PARTS: Mapping[str, tuple[Callable[[Path], Values], tuple[Any, ...]]] = {
    "images": (images, (image_files, engine_images)),
    "volumes": (volumes, (volume_files, corpus_image)),
    "splits": (split_cases, (splits, split_reading)),
    "corpus": (corpus, (corpora, manifest, balance)),
    "views": (views, (Augmentation,)),
    "pretraining": (pretraining, (pretrain, loading, optim, seeding)),
    "weights": (weights, (weights_method, files, formats, layouts, match)),
    "adaptation": (adaptation, (Supervised, MlpHead)),
    "embeddings": (embedded, (embeddings,)),
    "probes": (probes, (NeighbourVote, Probe)),
}
"""Part -> its canary, and what its source is in."""
