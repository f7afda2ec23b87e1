"""The commands and entries of docs/weights.md about what weights were pretrained on, and of splits by name, run."""

import re
import shutil
import tomllib
from pathlib import Path

import pytest
import torch
import torchvision

from bench.data.published.known import KNOWN
from bench.data.published.named_splits import SPLITS, sizes_of

DOCS = Path(__file__).parents[1] / "docs"
WEIGHTS = (DOCS / "weights.md").read_text(encoding="utf-8")
_, _, SECTION = WEIGHTS.partition("## What weights were pretrained on\n")
SECTION = SECTION.partition("\n## ")[0]
COMMANDS = re.findall(r"^    (bench .+)$", SECTION, flags=re.MULTILINE)
SMALL = ["--set=task.image_size=32", "--set=protocol.epochs=1", "--seeds=1", "--device=cpu", "--backbone=resnet18"]


def entries() -> str:
    """The TOML entries of the section, as a file."""
    found, inside = [], False
    for line in SECTION.splitlines():
        inside = line.startswith("    ") and not line.startswith("    bench ")
        found += [line[4:]] if inside else []
    return "\n".join(found)


def test_the_entries_are_those_of_a_weights_file():
    assert tomllib.loads(entries())["lvmmed_r50"] == {"file": "lvmmed_resnet.torch", "past": "lvmmed"}


@pytest.mark.slow
def test_the_commands_run_on_a_phantom(bench, segmentation_root, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))
    torch.manual_seed(5)
    torch.save(torchvision.models.resnet18(weights=None).state_dict(), "ours.pth")
    shutil.copy("ours.pth", "lvmmed_resnet.torch")
    Path("weights.toml").write_text(entries().replace('"buid", ', ""))
    Path("names.txt").write_text("benign (1).png\nno_such.png\n")
    Path("isic.txt").write_text("ISIC_0000001.jpg\n")
    printed = ""
    for command in COMMANDS:
        options = SMALL if command.startswith("bench run") else []
        done = bench(*command.replace("DATA", str(segmentation_root)).split()[1:], *options)
        assert done.code == 0, f"{command}: {done.err}"
        printed += done.out
    assert "content keys of 26 cases to keys.txt" in printed
    assert re.search(r"ours .*\(pretrained on (\d+) of \1; none left\)", printed), "every case is among the keys"
    assert not re.search(r"lvmmed_r50 .*pretrained on", printed), "no list is of ultrasound"


def test_every_known_past_is_in_the_table():
    for name in KNOWN:
        assert re.search(rf"^\| (\w+, )?{name}(, \w+)? \|", SECTION, flags=re.MULTILINE), name


def test_the_sizes_of_named_splits_are_documented():
    text = (DOCS / "protocols.md").read_text(encoding="utf-8")
    for name, files in SPLITS.items():
        assert f"--split {name}" in text
        for data_set in files:
            sizes = " | ".join(map(str, sizes_of(name, data_set).values()))
            assert re.search(rf"^\| [\w, ]*{data_set}[\w, ]* \| {re.escape(sizes)} \|", text, flags=re.MULTILINE)
