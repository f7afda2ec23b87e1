"""Every component whose version stands in records: where its version and its source are, and its canary."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from bench.core import registry
from bench.core.layout import Layout
from bench.core.reading import toml_of
from bench.core.source import source_hash
from bench.core.task import DataSet
from bench.core.versions import PARTS, Version, declared_version
from bench.data import split_files as split_reading
from bench.data import splits
from bench.data import volumes as volume_files
from bench.data.decoding import images, labels, opened
from bench.data.own.declaration import Declaration
from bench.data.own.made import make_task
from bench.dev import canaries, data_canaries, training_canaries
from bench.dev.made_up import Values
from bench.engine import images as engine_images
from bench.engine import loaders as loading
from bench.engine import optim, seeding
from bench.evaluation import embeddings, regression, standardised
from bench.evaluation.few_shot import FewShot
from bench.evaluation.heads import MlpHead
from bench.evaluation.linear_probe import LinearProbe
from bench.evaluation.mlp_probe import MlpProbe
from bench.evaluation.neighbours import NeighbourVote
from bench.evaluation.protocols import PROTOCOLS
from bench.evaluation.supervised import Supervised
from bench.models.specs import BACKBONES
from bench.models.weights import files, formats, layouts, match
from bench.models.weights import method as weights_method
from bench.pretraining import balance, corpus_image, manifest
from bench.pretraining import corpus as corpora
from bench.pretraining import loop as pretrain
from bench.pretraining import step as pretrain_step
from bench.pretraining.augment import Augmentation
from bench.pretraining.views import batched, batched_colours, batched_resize, drawn, levels, opencv, resize

CANARIES: Mapping[str, tuple[Callable[[Path], Values], tuple[Any, ...]]] = {
    "images": (data_canaries.images, (opened, images, labels, engine_images)),
    "volumes": (data_canaries.volumes, (volume_files, corpus_image)),
    "splits": (data_canaries.split_cases, (splits, split_reading)),
    "corpus": (data_canaries.corpus, (corpora, manifest, balance)),
    "views": (training_canaries.views, (Augmentation, drawn, levels, opencv, resize)),
    "device_views": (training_canaries.device_views, (batched, batched_colours, batched_resize)),
    "pretraining": (training_canaries.pretraining, (pretrain, pretrain_step, loading, optim, seeding)),
    "weights": (training_canaries.weights, (weights_method, files, formats, layouts, match)),
    "adaptation": (training_canaries.adaptation, (Supervised, MlpHead)),
    "embeddings": (training_canaries.embedded, (embeddings,)),
    "probes": (training_canaries.probes, (NeighbourVote, LinearProbe, MlpProbe, FewShot, regression, standardised)),
}
"""Part -> its canary, and what its source is in."""


@dataclass(frozen=True)
class Component:
    """One entry of `behaviour.lock`."""

    name: str
    """As in the versions of a record: `method simclr`, `views`."""
    version: Version
    sources: tuple[Path, ...]
    canary: Callable[[Path], Values]
    """Small results that follow from its behaviour; gets a folder to write in."""

    @property
    def source(self) -> str:
        """Hash of its source, the same where modules are renamed."""
        return source_hash(self.sources, imports=False)[:16]


def components() -> list[Component]:
    """All components of this project, in the order of their names."""
    return sorted(
        [*_parts(), *_methods(), *_kinds(), *_readers(), *_layouts(), *_protocols(), *_backbones()],
        key=lambda c: c.name,
    )


def _parts() -> Iterator[Component]:
    for name, (canary, objects) in CANARIES.items():
        yield Component(name, PARTS[name], _files(*objects), canary)


def _methods() -> Iterator[Component]:
    for name in _own(registry.methods()):
        cls = registry.methods().get(name)
        yield Component(f"method {name}", declared_version(cls), _package(cls), partial(canaries.method, cls))


def _kinds() -> Iterator[Component]:
    for name in _own(registry.kinds()):
        cls = registry.kinds().get(name)
        task = next(t for t in _tasks() if t.kind == name)
        yield Component(f"kind {name}", declared_version(cls), _package(cls), partial(canaries.kind, task))
        version = declared_version(cls, "metrics_version")
        yield Component(f"metrics {name}", version, _package(cls), partial(canaries.metrics, task))


def _readers() -> Iterator[Component]:
    by_class: dict[type, list[DataSet]] = {}
    for data_set in {task.data.name: task.data for task in _tasks()}.values():
        by_class.setdefault(type(data_set.reader), []).append(data_set)
    for cls, data_sets in by_class.items():
        canary = partial(canaries.reader, tuple(data_sets))
        yield Component(f"reader {cls.__name__}", declared_version(cls), _files(cls), canary)


def _layouts() -> Iterator[Component]:
    """The readers of layouts, on the phantoms of their examples; a layout that writes none has no canary.

    Those that shipped data sets have as well are among `_readers`.
    """
    shipped = {type(task.data.reader) for task in _tasks()}
    by_class: dict[type, list[DataSet]] = {}
    for name in _own(registry.layouts()):
        cls = registry.layouts().get(name)
        for kind in cls.kinds if cls.write_phantom is not Layout.write_phantom else ():
            data_set = _example(name, cls, kind)
            if type(data_set.reader) not in shipped:
                by_class.setdefault(type(data_set.reader), []).append(data_set)
    for reader, data_sets in by_class.items():
        canary = partial(canaries.reader, tuple(data_sets))
        bases = [c for c in reader.__mro__ if "version" in vars(c)]
        yield Component(f"reader {reader.__name__}", declared_version(reader), _files(*bases), canary)


def _example(name: str, cls: type[Layout], kind: str) -> DataSet:
    """The data set that the example of a layout declares for a kind."""
    options = {"type": name} | toml_of(cls.example)
    classes = ("a", "b") if kind == "classification" else ("a",)
    keys = {"name": f"{name}_{kind}", "kind": kind, "classes": classes, "folder": "none", "layout": options}
    return make_task(Path(f"{name}.toml"), Declaration.model_validate(keys)).data


def _protocols() -> Iterator[Component]:
    task = next(t for t in _tasks() if registry.kinds().get(t.kind).pooled_only)
    for protocol in PROTOCOLS.values():
        canary = partial(canaries.protocol, protocol, task)
        yield Component(f"protocol {protocol.name}", protocol.version, _files(type(protocol)), canary)


def _backbones() -> Iterator[Component]:
    from bench.models.resnet import ResNetBackbone
    from bench.models.vit import ViTBackbone

    for spec in BACKBONES.values():
        cls = ResNetBackbone if spec.family == "resnet" else ViTBackbone
        yield Component(f"backbone {spec.name}", spec.version, _files(cls), partial(canaries.backbone, spec.name))


def _own(plugins: registry.Registry) -> list[str]:
    """The plugins of this project's own distribution; others have locks of their own."""
    return [name for name, plugin in plugins.plugins.items() if plugin.package == "medical-ssl-bench"]


def _tasks() -> list[Any]:
    return [registry.tasks().get(name) for name in _own(registry.tasks())]


def _files(*objects: Any) -> tuple[Path, ...]:
    return tuple(sorted({Path(inspect.getfile(one)).resolve() for one in objects}))


def _package(cls: type) -> tuple[Path, ...]:
    """The module of a class, or all modules of the folder it lies in where that is a package of its own."""
    path = Path(inspect.getfile(cls)).resolve()
    own = path.parent.name not in ("methods", "kinds")
    return tuple(sorted(path.parent.glob("*.py"))) if own else (path,)
