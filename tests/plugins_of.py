"""Plugins for tests: a method and a task that are sound, as texts in which a test makes one mistake."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

from bench.core import registry
from bench.core.plugins.files import import_file
from bench.core.registry import Registry

METHOD = """
import torch
from pydantic import Field
from torch import nn
from torch.nn.functional import cross_entropy, normalize
from bench import Method, MethodConfig
from bench.pretraining.augment import Augmentation, MultiView


class PairsConfig(MethodConfig):
    width: int = Field(64, ge=1, description="Width of the head.")


class Pairs(Method):
    name = "pairs"
    title = "Pairs of views"
    citation = "none"
    config_class = PairsConfig
    quick = {"width": 32}

    def view_transform(self, image_size):
        return MultiView(2 * [Augmentation.of(image_size, self.views)])

    def build(self, backbone):
        head = nn.Linear(backbone.embedding_dim, self.config.width)
        return nn.ModuleDict({"backbone": backbone, "head": head})

    def loss(self, module, views, progress):
        a, b = (normalize(module["head"](module["backbone"](view).pooled)) for view in views)
        return {"loss": cross_entropy(a @ b.T / 0.1, torch.arange(len(a)))}
"""

TASK = """
from dataclasses import dataclass
import numpy as np
from PIL import Image
from bench import Case, DataSet, Task


@dataclass(frozen=True)
class Arrays:
    layout = "images.npz"

    def matches(self, folder):
        return (folder / "images.npz").is_file()

    def read(self, folder):
        labels = np.load(folder / "images.npz")["labels"]
        return [Case(f"{i:03d}", folder / "images.npz", int(label), None) for i, label in enumerate(labels)]

    def load_image(self, case):
        return Image.fromarray(np.load(case.image)["images"][int(case.id)]).convert("RGB")


def write(folder, seed):
    random = np.random.default_rng(seed)
    labels = np.arange(24) % 2
    images = random.integers(0, 128, (24, 28, 28)) + 100 * labels[:, None, None]
    np.savez(folder / "images.npz", images=images.astype(np.uint8), labels=labels)


DATA = DataSet(name="own_arrays", title="Own arrays", reader=Arrays(), classes=("dark", "bright"), modality="none",
               citation="-", licence="-", obtain="-", phantom=write)
TASK = Task(name="own_arrays", data=DATA, kind="classification", protocol="linear", metric="accuracy")
"""


def replaced(text: str, *changes: tuple[str, str]) -> str:
    """The text with parts replaced, each of which must be there."""
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return text


def write_plugin(folder: Path, text: str, name: str = "plugin.py") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def method_of(folder: Path, text: str) -> Any:
    """The class of the one method that a plugin text defines."""
    path, found = write_plugin(folder, text), Registry("method")
    (name,) = found.add_module(import_file(path), path)
    return found.get(name)


def task_of(folder: Path, text: str = TASK) -> Any:
    """The task that a plugin text defines."""
    return import_file(write_plugin(folder, text)).TASK


def install(monkeypatch: Any, name: str, value: str, group: str = "bench.tasks") -> None:
    """Pretend that a package names a plugin beside those that are installed."""
    found = list(registry.entry_points(group=group))
    entry = EntryPoint(name, value, group)
    monkeypatch.setattr(registry, "entry_points", lambda group: [*found, entry] if group == entry.group else [])
