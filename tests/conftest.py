"""Shared fixtures: a small phantom world, its cache, and a runner of the command line in this process."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import torch

from bench.core import registry
from bench.data.phantom import ensure_phantom, ensure_phantoms
from bench.models.specs import BACKBONES, own_backbones
from tasks import phantoms
from tests.commands import small


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BENCH_DATA", "BENCH_RESULTS", "BENCH_CACHE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def _forget_given_encoders() -> Iterator[None]:
    """Modules that a test evaluates are backbones of this process; the next test starts without them."""
    yield
    for name in [name for name, spec in BACKBONES.items() if spec.family == "given"]:
        del BACKBONES[name]


@pytest.fixture(autouse=True)
def _restore_plugins() -> Iterator[None]:
    """What a test registers from files or of this process is gone for the next."""
    every = (registry.methods(), registry.tasks(), registry.kinds(), own_backbones())
    kept = [dict(one.plugins) for one in every]
    yield
    for one, plugins in zip(every, kept, strict=True):
        one.plugins = plugins


@pytest.fixture(autouse=True)
def _skip_without_gpu(request: pytest.FixtureRequest) -> None:
    if request.node.get_closest_marker("gpu") and not torch.cuda.is_available():
        pytest.skip("needs a CUDA device, none was found")


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    """Tests run side by side; more threads than cores make all of them slow."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def whole_phantom_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data root with the phantom of brain tumour classification alone; do not change it."""
    return ensure_phantom(registry.tasks().get("brain_tumor").data, tmp_path_factory.mktemp("whole"))


def write_third(folder: Path, seed: int) -> None:
    """The phantom of brain tumour classification with every third of its images, and all that are there twice."""
    phantoms.brain_tumor(folder, seed)
    contents = {path: path.read_bytes() for path in sorted(folder.glob("*/*/*"))}
    times = Counter(contents.values())
    for number, (path, content) in enumerate(contents.items()):
        if number % 3 and times[content] == 1:
            path.unlink()


@pytest.fixture(scope="session")
def phantom_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As `whole_phantom_root`, with a third of its images: enough for all but the scores; do not change it."""
    third = replace(registry.tasks().get("brain_tumor").data, phantom=write_third)
    return ensure_phantom(third, tmp_path_factory.mktemp("third"))


@pytest.fixture(scope="session")
def segmentation_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data root with the phantoms of all segmentation data sets; do not change it."""
    loaded = [registry.tasks().get(name) for name in registry.tasks().plugins]
    data_sets = [task.data for task in loaded if task.kind.startswith("segmentation")]
    return ensure_phantoms(data_sets, tmp_path_factory.mktemp("segmentation"))


@dataclass
class Result:
    code: int
    out: str
    err: str


def _forget_plugins() -> None:
    for cached in (registry.methods, registry.tasks, registry.kinds, own_backbones):
        cached.cache_clear()


@pytest.fixture
def bench(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Run the command line in this process; plugins added by one call are forgotten after it."""
    from bench.cli.app import main

    def call(*arguments: str | Path) -> Result:
        monkeypatch.setattr("sys.argv", ["bench", *map(str, arguments)])
        _forget_plugins()
        capfd.readouterr()
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        finally:
            _forget_plugins()
        captured = capfd.readouterr()
        return Result(code, captured.out, captured.err)

    return call


@pytest.fixture
def real_root() -> Path:
    """Root of the real data sets for tests marked `real_data`; skips when it is absent."""
    root = Path(os.environ.get("BENCH_TEST_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not (root / "brain_tumor").is_dir():
        pytest.skip(f"the real data set brain_tumor is not in {root}; set BENCH_TEST_DATA to a data root")
    return root


@pytest.fixture
def run(bench, phantom_root, tmp_path):
    """`bench run` on the phantom with small settings, a results folder and a cache of its own."""

    def call(method, task, *more, root=phantom_root):
        return bench(
            "run", "--method", method, "--task", task, "--data-root", root, "--results", tmp_path / "results",
            "--cache", tmp_path / "cache", "--device", "cpu", *small(task, *more), *more,
        )  # fmt: skip

    return call
