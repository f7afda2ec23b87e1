"""Every command of README and docs/ is read as it stands, and runs on phantoms unless it is marked."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest
from typer.main import get_command

from bench.cli.app import app
from bench.core import registry
from bench.data.dataset import read_data
from bench.data.phantom import ensure_phantoms
from bench.runs.listing import listing
from tests import test_encoder_docs, test_weights_docs
from tests.conftest import write_third
from tests.documents import REPOSITORY, Step, pages, steps
from tests.own_data import declare, draw
from tests.results.stores_of import add_run, three_methods
from tests.test_docs_examples import write_hdf5, write_voc

COMMAND_LINE = get_command(app)
SHOWN = {page.relative_to(REPOSITORY).as_posix(): steps(page) for page in pages()}
COMMANDS = [step for shown in SHOWN.values() for step in shown if step.text.startswith("bench ")]
ELSEWHERE = {
    *test_encoder_docs.COMMANDS,
    *test_weights_docs.COMMANDS,
    "bench run --method random,simclr --task films --plugin docs/example_kind/findings.py",  # test_docs_examples.py
    "bench dev lock",  # tests/dev: it would write into the repository
    "bench dev lock --check",
}
"""What other tests run."""
TUTORIALS = [page for page in SHOWN if page.startswith("docs/tutorials/")]
READERS = ("leaderboard", "compare", "report")
"""Commands that read records, which a page has from commands of another."""
NAMES = {"method": "methods", "task": "tasks", "protocol": "protocols", "backbone": "backbones"}


def read(step: Step) -> dict[str, object]:
    """The parameters of a command, read as the command line does; nothing is run. Raises what it raises."""
    command, words = COMMAND_LINE, step.words
    while getattr(command, "commands", None) and words and not words[0].startswith("-"):
        command, words = command.commands[words[0]], words[1:]
    options = {name for one in command.params for name in (*one.opts, *one.secondary_opts)} | {"--help"}
    if step.is_name or getattr(command, "commands", None):
        assert {word for word in words if word.startswith("--")} <= options, "no such option"
        return {}
    return command.make_context("bench", list(words)).params


@cache
def known(what: str) -> set[str]:
    """Names of what can be run."""
    return {row["name"] for row in listing(what, [])}


def unknown_names(parameters: dict[str, object]) -> list[str]:
    """Names of methods, tasks, protocols and backbones that nobody knows, in a command without files of its own."""
    if any(parameters.get(name) for name in ("plugin", "config", "data")):
        return []
    given = {what: parameters.get(what) for what in NAMES}
    names = [(what, name) for what, text in given.items() for name in str(text or "").strip("[]'").split(",") if name]
    free = ("all", "few_shot", "timm:", "torchvision:")
    return [n for what, n in names if not n.isupper() and not n.startswith(free) and n not in known(NAMES[what])]


def test_every_command_is_read_and_its_names_are_known():
    assert len(COMMANDS) > 200
    wrong = []
    for step in COMMANDS:
        try:
            wrong += [f"{step}: {name} is unknown" for name in unknown_names(read(step))]
        except Exception as error:
            wrong.append(f"{step}: {type(error).__name__}: {getattr(error, 'message', error)}")
    assert wrong == []


def first_shown() -> dict[str, list[Step]]:
    """Page -> its commands that a test has to run and that no page before it shows; tutorials are run as a whole."""
    seen, found = set(ELSEWHERE), {}
    for page in (page for page in SHOWN if page not in TUTORIALS):
        for step in SHOWN[page]:
            runs = step in COMMANDS and not (step.is_pattern or step.needs_data) and step.text not in seen
            if runs:
                seen.add(step.text)
                found.setdefault(page, []).append(step)
    return found


def smaller(words: list[str]) -> list[str]:
    """Options of a smaller budget for a command that trains."""
    if words[0] not in ("run", "plan", "ablate", "tune", "pretrain") or "--from-records" in words:
        return []
    given = {word: words[place + 1] for place, word in enumerate(words[:-1]) if word.startswith("--")}
    options = ["--set=pretrain.epochs=1", "--set=pretrain.image_size=32", "--device=cpu"]
    if words[0] == "pretrain":
        return options
    task, protocol = given.get("--task", ""), given.get("--protocol", "")
    options += [] if {"--seed", "--config"} & set(given) else ["--seeds=1"]
    options += [] if "--corpus" in given or "--config" in given else ["--corpus=task"]
    options += ["--set=task.image_size=32"] if "brain" in task or "dr_" in task else []
    trained = not all(name.endswith("_linear") for name in task.split(","))
    trained = "finetune" in protocol if protocol else trained and "--config" not in given and words[0] != "tune"
    options += ["--set=protocol.epochs=1"] if trained else []
    return options + {"tune": ["--trials=1"], "ablate": ["--only=without_second_order"]}.get(words[0], [])


@pytest.fixture(scope="session")
def documented_root(tmp_path_factory):
    """A data root with phantoms, as if they were the owners' data, and the data of the examples; do not change it."""
    sets = [
        registry.tasks().get(name).data for name in ("brain_tumor", "dr_patient600", "drive", "fgadr", "kvasir_det")
    ]
    small = [replace(one, phantom=write_third) if one.name == "brain_tumor" else one for one in sets]
    root = ensure_phantoms(small, tmp_path_factory.mktemp("documented"))
    (root / "PHANTOM.json").unlink()
    write_voc(root)
    if find_spec("h5py"):
        write_hdf5(root)
    return root


@pytest.fixture
def workplace(documented_root, tmp_path_factory, tmp_path, monkeypatch):
    """A folder with what the pages take for granted: data, a study, files of a reader's own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path_factory.getbasetemp() / "documented-cache"))
    monkeypatch.setenv("BENCH_DATA", str(documented_root))
    Path("docs").symlink_to(REPOSITORY / "docs")
    Path("study.toml").write_text('[study]\nmethods = "random"\ntasks = "brain_tumor"\nprotocols = "knn"\nseeds = 1\n')
    mine = next(step for step in SHOWN["docs/tutorials/own_method.md"] if step.name == "mine.py")
    Path("mine.py").write_text(mine.text)
    draw(tmp_path / "cells", "classification", ("benign", "malignant"), "class_folders")
    declare(tmp_path / "my_cells.toml", 'type = "class_folders"', 'folder = "cells"')
    shutil.copytree(tmp_path / "cells", "scans")
    templates = {"images": "images/{case}.png", "masks": "vessels/{case}.png"}
    draw(tmp_path / "stare", "segmentation_2d", ("vessel",), "masks", **templates)
    declare(tmp_path / "stare.toml", 'type = "masks"\n' + "\n".join(f'{k} = "{v}"' for k, v in templates.items()),
            'site_of = "drive"\nfolder = "stare"')  # fmt: skip
    cases = [case.id for case in read_data(registry.tasks().get("kvasir_seg").data, documented_root).cases]
    sides = {"train": cases[:-6], "val": cases[-6:-3], "test": cases[-3:]}
    Path("theirs.json").write_text(json.dumps(sides))
    return documented_root


def store_records(folder: Path) -> Path:
    """Records of four methods under two protocols, for commands that read what commands of other pages made."""
    store = three_methods(folder)
    for seed in range(3):
        add_run(store, "lvmmed", seed, 0.7)
        for method in ("random", "simclr"):
            add_run(store, method, seed, 0.6, protocol="knn")
    return store.results


@pytest.mark.slow
@pytest.mark.parametrize(("page", "shown"), first_shown().items(), ids=list(first_shown()))
def test_the_commands_of_a_page_run_on_phantoms(bench, workplace, tmp_path, page, shown):
    records = ["--results", str(store_records(tmp_path / "stored"))]
    for step in shown:
        words = [word.replace("DATA", str(workplace)) if word == "DATA" else word for word in step.words]
        plugin = ["--plugin", "docs/example_kind/findings.py"] if words == ["check", "findings"] else []
        plugin = (
            ["--plugin", "docs/example_backbone/small_convnet.py"] if words == ["check", "small_convnet"] else plugin
        )
        done = bench(*words, *smaller(words), *plugin, *(records if words[0] in READERS else []))
        without = "task.engine=detectron2" in words and find_spec("detectron2") is None
        assert (done.code == 0) or (without and "detectron2" in done.err), f"{step}\n{done.err}"


@pytest.mark.slow
@pytest.mark.parametrize("page", TUTORIALS)
def test_a_tutorial_runs_from_top_to_bottom(bench, documented_root, tmp_path, monkeypatch, page):
    """As it stands, on small phantoms; what is shown of the output is printed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))
    if any("--task" in step.text for step in SHOWN[page]):
        monkeypatch.setenv("BENCH_DATA", str(documented_root))
    printed = ""
    for step in SHOWN[page]:
        if step.kind == "file":
            Path(step.name).write_text(step.text)
        elif step.kind == "output":
            assert [line for line in step.text.splitlines() if line.strip() not in printed] == [], step
        elif step.text.startswith("python "):
            subprocess.run([sys.executable, *step.words], check=True)
        elif not step.is_pattern:
            done = bench(*(str(documented_root) if word == "DATA" else word for word in step.words))
            assert done.code == 0, f"{step}\n{done.err}"
            printed = done.out + done.err
