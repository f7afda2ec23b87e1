"""Versions: whatever can change a score says so by a number that people raise; the numbers stand in every record.

Methods, kinds, readers, protocols and backbones declare theirs as `version`, a kind that of its metrics as
`metrics_version`; the parts of the harness itself have theirs here. Names of modules, prose and layout of code are in
none of them. What keeps people honest is `behaviour.lock`, see `bench dev lock --help`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bench.core.source import source_version

if TYPE_CHECKING:
    from bench.core.kind import TaskKind

Version = int | str
"""A declared number, or `source:<hash>` for a plugin that declares none."""
Versions = dict[str, Version]
"""Component, as `method simclr`, `reader ClassFolders` or `views` -> its version."""

PARTS: Mapping[str, int] = {
    "images": 2,
    "volumes": 1,
    "splits": 2,
    "corpus": 2,
    "views": 2,
    "device_views": 1,
    "pretraining": 2,
    "weights": 1,
    "adaptation": 1,
    "embeddings": 1,
    "probes": 2,
}
"""The parts of the harness that can change a score; raise a number when a part gives other results than before.

images: decoding of image files, their conversion to 8-bit RGB, shrinking before they are kept · volumes: decoding of
NIfTI files, orientation, scaling of intensities · splits: drawing and reading of train, validation and test · corpus:
which images a method is pretrained on, in which order, balance of modalities · views: augmentations ·
device_views: their computation for a batch at once, where a pretraining takes that ·
pretraining: loop, optimisers, schedules, batches, random numbers · weights: reading of other programs' files ·
adaptation: the supervised loop, its heads and its selection · embeddings: how a frozen encoder embeds ·
probes: standardised embeddings, vote of neighbours, regressions and hidden layers on them, and what validation chooses.
"""


def parts(*names: str) -> Versions:
    """The versions of some parts of the harness."""
    return {name: PARTS[name] for name in names}


def plugin_versions(noun: str, name: str, plugin: type) -> Versions:
    """The version of a plugin's class and of the classes of other packages that it builds on and that declare one.

    A class that declares no `version` of its own has the hash of its source, see `source_version`: what it inherits
    is its base's promise, not its own.
    """
    component = f"{noun} {name}"
    found: Versions = {component: declared_version(plugin)}
    for base in plugin.__mro__[1:]:
        if "version" in vars(base) and base.__module__.partition(".")[0] != "bench":
            found[f"{component} < {base.__name__}"] = vars(base)["version"]
    return found


def preparation_versions(kind: TaskKind) -> Versions:
    """What the arrays of a kind's prepared cases depend on: the kind, its reader, and what decodes for it."""
    reader = type(kind.task.data.reader)
    decoders = parts(*kind.decoding)
    return (
        plugin_versions("kind", kind.name, type(kind)) | plugin_versions("reader", reader.__name__, reader) | decoders
    )


def declared_version(plugin: type, attribute: str = "version") -> Version:
    """The number that a class itself declares, else the hash of its source. Raises `TypeError` for no number."""
    declared: Any = vars(plugin).get(attribute)
    if declared is None:
        return source_version(plugin)
    if not isinstance(declared, int) or isinstance(declared, bool) or declared < 1:
        raise TypeError(f"{plugin.__name__}.{attribute} is {declared!r}; a version is a whole number from 1.")
    return declared
