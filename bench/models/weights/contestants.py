"""From the option `--checkpoint` to registered methods."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bench.core.console import Report
from bench.core.errors import UsageError
from bench.core.registry import methods
from bench.models.weights.method import contestant, load_weights, loading_text
from bench.models.weights.sources import parse_checkpoints


def register_checkpoints(
    texts: Iterable[str], backbones: Sequence[str], default_backbone: str, report: Report
) -> list[str]:
    """Open the files, say how they were read, and register each as a method; returns their names.

    A single one of `backbones` is that of every file that names none itself. `imagenet` without a backbone
    means it too, or the default.

    Raises:
        UsageError: a name that is taken, an entry or file that is missing, or `imagenet` for several backbones.
        StorageError: a file that cannot be used, with the reason.
    """
    texts = list(texts)
    named = list(backbones)
    if len(named) > 1 and any(text.rpartition("=")[2] == "imagenet" for text in texts):
        options = " ".join(f"--checkpoint imagenet-{name}=imagenet:{name}" for name in named)
        raise UsageError(f"--checkpoint imagenet is one backbone's file, and --backbone names several: {options}.")
    names = []
    for entry in parse_checkpoints(texts, named[0] if named else default_backbone):
        if entry.name in methods().plugins:
            raise UsageError(
                f"--checkpoint: the name {entry.name!r} is a method's. Give the file another: NAME={entry.file}."
            )
        loaded = load_weights(entry, named[0] if len(named) == 1 else None)
        report.say(f"{entry.name}: {loading_text(loaded.record, loaded.match.backbone)}")
        for notice in loaded.notices:
            report.warn(notice)
        methods().add_class(contestant(loaded), str(entry.file))
        names.append(entry.name)
    return names
