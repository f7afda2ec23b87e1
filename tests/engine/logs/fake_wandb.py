"""A module in place of wandb that keeps what it is told; it draws random numbers, as the real one may."""

import random
import sys
import types

import numpy as np
import torch


class Run:
    url, dir = None, "offline-folder"

    def __init__(self, options):
        self.options, self.logged, self.finished = options, [], False

    def log(self, values, step):
        _draw()
        self.logged.append((step, values))

    def finish(self):
        _draw()
        self.finished = True


def _draw():
    random.random()
    np.random.rand()  # noqa: NPY002
    torch.rand(1)


def install(monkeypatch):
    """Put it in place; returns the list that its runs are added to."""
    runs, module = [], types.ModuleType("wandb")

    def init(**options):
        _draw()
        runs.append(Run(options))
        return runs[-1]

    module.init, module.Image, module.Settings = init, lambda image: ("image", image.size), dict
    module.__spec__ = types.SimpleNamespace(origin="fake")
    monkeypatch.setitem(sys.modules, "wandb", module)
    return runs
