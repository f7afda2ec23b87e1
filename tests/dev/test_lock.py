"""The lock of behaviour: it holds for this code, it notices changed behaviour, and it does not notice names."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bench.dev.components import components
from bench.dev.lock import BROKEN, LOCK_FILE, STALE, check, compare, read_lock

REPOSITORY = Path(__file__).parents[2]
COMPONENTS = {component.name: component for component in components()}
LOCKED = read_lock(REPOSITORY / LOCK_FILE)


def test_the_lock_names_the_components_of_this_code():
    assert sorted(LOCKED) == sorted(COMPONENTS), "run: bench dev lock"


@pytest.mark.parametrize("name", sorted(COMPONENTS))
def test_behaviour_is_as_locked(name):
    (finding,) = check([COMPONENTS[name]], LOCKED)
    assert finding.state not in (*BROKEN, *STALE), str(finding)


def test_rounding_is_no_difference_and_anything_else_is():
    assert list(compare({"x": [1.0, 0.0]}, {"x": [1.004, 0.001]})) == []
    assert list(compare({"x": [1.0]}, {"x": [1.1]})) == ["1 of 1 numbers of x, as 1, which is 1.1"]
    assert list(compare({"x": [1.0]}, {"x": [1.0, 2.0]})) == ["x had 1 numbers and has 2"]
    assert list(compare({"x": "a,b"}, {"x": "b,a"})) == ["x was a,b and is b,a"]
    assert list(compare({"x": "a"}, {"y": "a"})) == ["x is gone", "y is new"]


@pytest.fixture
def checkout(tmp_path):
    """A scratch copy of the code, and what `bench dev lock` says in it."""
    for package in ("bench", "methods", "tasks"):
        shutil.copytree(REPOSITORY / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(REPOSITORY / LOCK_FILE, tmp_path)

    def lock(*arguments: str) -> subprocess.CompletedProcess:
        environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
        command = [sys.executable, "-m", "bench", "dev", "lock", *arguments]
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)

    lock.folder = tmp_path
    return lock


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


VIEWS = ("pretraining/augment.py", "blur_probability: float = 0.5", "blur_probability: float = 0.6")
VOLUMES = (
    "pretraining/corpus_image.py",
    "    if low == high:\n        low, high = float(voxels.min()), float(voxels.max())\n",
    "",
)
"""Before that change, a volume of almost one value was scaled between two equal percentiles."""


@pytest.mark.slow
@pytest.mark.parametrize(("change", "component"), [(VIEWS, "views"), (VOLUMES, "volumes")])
def test_changed_behaviour_fails_and_is_never_refreshed_before_the_version_rises(checkout, change, component):
    file, old, new = change
    version = LOCKED[component]["version"]
    edit(checkout.folder / "bench" / file, old, new)
    done = checkout("--check", "--only", component)
    assert done.returncode == 1
    assert f"{component} (version {version}) no longer gives what behaviour.lock has" in done.stderr
    assert "Raise its version" in done.stderr
    before = (checkout.folder / LOCK_FILE).read_text()
    assert checkout("--only", component).returncode == 1
    assert (checkout.folder / LOCK_FILE).read_text() == before

    edit(
        checkout.folder / "bench" / "core" / "versions.py",
        f'"{component}": {version},',
        f'"{component}": {version + 1},',
    )
    assert checkout("--check", "--only", component).returncode == 1, "the committed lock must say the new version"
    assert checkout("--only", component).returncode == 0
    assert checkout("--check", "--only", component).returncode == 0
    entries = json.loads((checkout.folder / LOCK_FILE).read_text())
    assert entries[component]["version"] == version + 1
    assert {name: entry for name, entry in entries.items() if name != component} == {
        name: entry for name, entry in LOCKED.items() if name != component
    }


@pytest.mark.slow
def test_a_renamed_module_changes_neither_behaviour_nor_identities(checkout):
    folder = checkout.folder
    (folder / "bench/pretraining/augment.py").rename(folder / "bench/pretraining/other_name.py")
    for path in folder.rglob("*.py"):
        text = path.read_text()
        changed = re.sub(r"bench\.pretraining\.augment\b", "bench.pretraining.other_name", text)
        if changed != text:
            path.write_text(changed)
    done = checkout("--check", "--only", "views", "--only", "method simclr")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "behaviour changed" not in done.stdout
    code = (
        "from bench.runs.resolve import pretraining_versions, evaluation_versions\n"
        "from bench.core.registry import tasks\n"
        "print(pretraining_versions('simclr', 'resnet18', {}), evaluation_versions(tasks().get('drive'), 'finetune'))"
    )
    said = [
        subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(place)}, cwd=place,
            capture_output=True, text=True, check=True,
        ).stdout
        for place in (folder, REPOSITORY)
    ]  # fmt: skip
    assert said[0] == said[1] != ""


@pytest.mark.slow
def test_changed_layout_of_source_is_refreshed(checkout):
    path = checkout.folder / "bench/pretraining/augment.py"
    path.write_text(path.read_text() + "\n\n_UNUSED = 1\n")
    done = checkout("--check", "--only", "views")
    assert (done.returncode, "views: source changed" in done.stdout) == (0, True)
    assert checkout("--only", "views").returncode == 0
    assert "source changed" not in checkout("--check", "--only", "views").stdout


def test_unknown_component_and_missing_lock_are_clear_errors(bench, tmp_path):
    done = bench("dev", "lock", "--check", "--only", "view", f"--lock={REPOSITORY / LOCK_FILE}")
    assert (done.code, "Did you mean 'views'?" in done.err) == (2, True)
    done = bench("dev", "lock", "--check", f"--lock={tmp_path / 'none.lock'}")
    assert (done.code, "no such file" in done.err) == (2, True)
