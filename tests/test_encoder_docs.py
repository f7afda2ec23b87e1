"""The commands in docs/encoders.md run as they stand, in their order; only budgets are smaller here."""

import re
import shutil
from pathlib import Path

import pytest
import timm
import torch

DOCS = Path(__file__).parents[1] / "docs" / "encoders.md"
COMMANDS = re.findall(r"^    (bench .+)$", DOCS.read_text(encoding="utf-8"), flags=re.MULTILINE)
PRETRAINING = ["--set=pretrain.epochs=1", "--set=pretrain.image_size=32"]
CLASSIFIED = ["--set=task.image_size=32", "--seeds=1"]
DENSE = ["--set=protocol.epochs=1", "--seeds=1"]


def smaller(command: str) -> list[str]:
    """Options of a smaller budget."""
    if command.startswith("bench pretrain"):
        return PRETRAINING
    if command.startswith("bench run"):
        return [*PRETRAINING, *(DENSE if "kvasir" in command else CLASSIFIED)]
    return []


@pytest.mark.slow
def test_the_commands_run_in_their_order(bench, phantom_root, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))
    shutil.copytree(phantom_root / "brain_tumor" / "Training", tmp_path / "scans")
    for number in range(10):
        (tmp_path / "scans" / f"{number}.dcm").touch()
    (tmp_path / "scans" / "notes.txt").touch()
    (tmp_path / "corpus.csv").write_text("path\nscans\n")
    torch.manual_seed(0)
    torch.save(timm.create_model("convnext_atto").state_dict(), "atto.pth")
    assert len(COMMANDS) >= 12
    printed = []
    for command in COMMANDS:
        done = bench(*command.split()[1:], *smaller(command))
        assert done.code == 0, f"{command}: {done.err}"
        printed.append(done.out + done.err)
    assert "scans: 11 files not taken: .dcm 10, .txt 1." in "".join(printed)
    assert "phantom-quick-encoders" in printed[-1]
    _, _, table = printed[-1].partition("phantom-quick-encoders")
    lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines() if line.startswith("|")]
    places = [lines[0].index(name) for name in ("method", "backbone", "parameters (M)")]
    rows = [tuple(line[place] for place in places) for line in lines[2:] if len(line) == len(lines[0])]
    assert {row[:2] for row in rows} >= {
        ("mine", "timm:convnext_atto"), ("encoder", "timm:convnext_atto"), ("resnet", "resnet18"),
        ("random", "resnet18"),
    }  # fmt: skip
    millions = {backbone: float(size) for _, backbone, size in rows if size}
    assert millions["timm:convnext_atto"] == pytest.approx(3.4, abs=0.1)


def test_the_models_that_are_named_as_not_to_be_had_are_not(bench):
    for name in ("timm:crossvit_9_240", "torchvision:alexnet", "torchvision:vit_b_16", "timm:hf-hub:owner/name"):
        assert bench("show", name).code == 2
    assert "images: 224 px alone" in bench("show", "timm:mixer_s32_224").out
    assert "timm:vit_tiny_patch16_224.augreg_in21k" in bench("show", "timm:vit_tiny_patch16_224.augreg_in21k").out
