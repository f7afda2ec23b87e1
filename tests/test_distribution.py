"""Source archive and wheel: complete, and of use where there is no checkout."""

from __future__ import annotations

import email
import json
import os
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from configparser import ConfigParser
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
PACKAGES = ("bench", "methods", "tasks")
DECLARED = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]

pytestmark = pytest.mark.slow


def build(folder: Path, target: str, output: Path) -> Path:
    """Build one distribution of the project in `folder` with what is installed, and return its file."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", output]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    (built,) = output.iterdir()
    return built


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The content of the source archive."""
    folder = tmp_path_factory.mktemp("sdist")
    with tarfile.open(build(REPOSITORY, "sdist", folder / "dist")) as archive:
        archive.extractall(folder / "source", filter="data")
    (root,) = (folder / "source").iterdir()
    return root


@pytest.fixture(scope="module")
def wheel(unpacked: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the source archive."""
    return build(unpacked, "wheel", tmp_path_factory.mktemp("wheel") / "dist")


@pytest.fixture(scope="module")
def elsewhere(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A folder with the wheel installed in `site`, and the environment whose Python finds it before the checkout."""
    folder = tmp_path_factory.mktemp("elsewhere")
    uv = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--offline", "--python", sys.executable]
    subprocess.run([*uv, "--no-deps", "--target", folder / "site", wheel], check=True)
    environment = {**os.environ, "PYTHONPATH": str(folder / "site"), "BENCH_CACHE": str(folder / "cache")}
    return folder, {**environment, "OMP_NUM_THREADS": "1"}


def files_of(folder: Path) -> set[str]:
    """Files of the packages under `folder`, without what Python leaves behind."""
    found = (path for package in PACKAGES for path in (folder / package).rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix() for path in found if "__pycache__" not in path.parts}


def test_source_archive_has_all_that_a_reader_needs(unpacked):
    for name in ("README.md", "LICENSE", "CITATION.cff", "CHANGELOG.md", "SECURITY.md", "tox.ini", "docs", "tests"):
        assert (unpacked / name).exists(), name
    assert files_of(unpacked) == files_of(REPOSITORY)


def test_wheel_has_every_file_of_the_packages_and_nothing_else(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert names == files_of(REPOSITORY)
    assert {f"{package}/py.typed" for package in PACKAGES} <= names


def test_wheel_says_what_it_is(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (info,) = {name.partition("/")[0] for name in archive.namelist() if ".dist-info/" in name}
        metadata = email.message_from_bytes(archive.read(f"{info}/METADATA"))
        entries = ConfigParser(delimiters="=")
        entries.optionxform = str
        entries.read_string(archive.read(f"{info}/entry_points.txt").decode())
        assert archive.read(f"{info}/licenses/LICENSE") == (REPOSITORY / "LICENSE").read_bytes()
    assert metadata["License-Expression"] == "Apache-2.0"
    expected = {"console_scripts": DECLARED["scripts"], **DECLARED["entry-points"]}
    assert {group: dict(entries[group]) for group in entries.sections()} == expected


def test_installed_command_runs_where_there_is_no_checkout(elsewhere, tmp_path):
    folder, environment = elsewhere
    where = "import bench, methods, tasks; print(*(m.__file__ for m in (bench, methods, tasks)), sep='\\n')"
    found = subprocess.run(
        [sys.executable, "-c", where], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert all(Path(line).is_relative_to(folder / "site") for line in found.stdout.splitlines()), found.stdout
    command = [folder / "site" / "bin" / "bench", "run", "--method", "random", "--task", "brain_tumor_linear"]
    done = subprocess.run(
        [*command, "--seeds", "1"], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "results" / "leaderboard" / "phantom-quick.csv").is_file()
    (file,) = (tmp_path / "results" / "runs").rglob("*.json")
    record = json.loads(file.read_text())
    assert (record["method"], record["task"], record["data"]) == ("random", "brain_tumor_linear", "phantom")
    assert record["provenance"]["commit"] is None, "it ran from no checkout"
    assert set(tmp_path.iterdir()) == {tmp_path / "results"}
