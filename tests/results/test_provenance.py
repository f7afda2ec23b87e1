"""Where a record comes from: the commit and what was changed beside it, versions, device."""

import subprocess
from importlib.metadata import version

import pytest
import torch

from bench.results import provenance
from bench.results.provenance import collect


@pytest.fixture
def checkout(tmp_path):
    """A repository with one commit; run git in it."""

    def git(*arguments):
        identity = ["-c", "user.name=n", "-c", "user.email=e@example.org"]
        return subprocess.run(
            ["git", "-C", tmp_path, *identity, *arguments], check=True, capture_output=True, text=True
        ).stdout.strip()

    git("init", "-q")
    for name in ("bench/code.py", "results/table.csv"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text("1")
    git("add", ".")
    git("commit", "-q", "-m", "first")
    git.folder = tmp_path
    return git


def test_the_commit_is_named_and_results_do_not_make_it_dirty(checkout, monkeypatch):
    monkeypatch.setattr(provenance, "__file__", str(checkout.folder / "bench" / "code.py"))
    device = torch.device("cpu")
    clean = collect(device)
    assert (clean["commit"], clean["dirty"]) == (checkout("rev-parse", "HEAD"), False)
    (checkout.folder / "results" / "table.csv").write_text("2")
    (checkout.folder / "results" / "new.csv").write_text("2")
    assert collect(device)["dirty"] is False
    (checkout.folder / "bench" / "code.py").write_text("2")
    assert collect(device)["dirty"] is True


def test_outside_a_checkout_there_is_no_commit(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.setattr(provenance, "__file__", str(tmp_path / "code.py"))
    facts = collect(torch.device("cpu"))
    assert (facts["commit"], facts["dirty"]) == (None, None)


def test_versions_are_those_installed_and_nothing_names_the_machine(monkeypatch):
    monkeypatch.setattr(provenance, "PACKAGES", (*provenance.PACKAGES, "no-such-package"))
    facts = collect(torch.device("cpu"))
    assert facts["versions"]["torch"] == version("torch")
    assert "no-such-package" not in facts["versions"]
    assert facts["device"] == "cpu"
    assert set(facts) == {"commit", "dirty", "versions", "python", "system", "device", "threads", "finished"}
