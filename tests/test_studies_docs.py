"""The study and the commands in docs/studies.md run as they stand, on phantoms."""

import re
from pathlib import Path

import pytest

TEXT = (Path(__file__).parents[1] / "docs" / "studies.md").read_text()


@pytest.fixture
def documented(bench, tmp_path, monkeypatch):
    """Run a command of the documents, in a folder with the study that they show."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))
    (study,) = re.findall(r"```toml\n(.*?)```", TEXT, flags=re.DOTALL)
    (tmp_path / "study.toml").write_text(study)

    def call(command, *more):
        assert command in TEXT
        done = bench(*command.replace(" --data-root DATA", "").split()[1:], *more)
        assert done.code == 0, done.err
        return done

    return call


@pytest.mark.slow
def test_the_study_is_planned_and_run(documented):
    plan = documented("bench plan --config study.toml --data-root DATA")
    assert "40 runs: 0 stored, 40 to run" in plan.out
    assert "pretrainings: 10" in plan.out
    assert plan.out.splitlines()[-1].startswith("estimate: none")
    small = ["--seed=0", "--method=random", "--task=brain_tumor", "--protocol=linear", "--set=task.image_size=32"]
    run = documented("bench run --config study.toml --data-root DATA", *small)
    assert "task brain_tumor_linear, protocol linear, backbone resnet18" in " ".join(run.out.split())


def test_a_model_is_kept_and_scored_again(documented, tmp_path):
    keep = "bench run --method random --task brain_tumor --protocol knn --seed 0 --keep-model"
    documented(keep, "--backbone=vit_tiny_8", "--set=task.image_size=32")
    (record,) = tmp_path.glob("results/runs/phantom/quick/random/brain_tumor/*.json")
    assert "bench predict results/runs/phantom/quick/random/brain_tumor/FILE.json" in TEXT
    done = documented("bench predict ", record.relative_to(tmp_path), "--output=cases.csv")
    assert "the run's own test cases: equal" in done.out
    assert (tmp_path / "cases.csv").read_text().count("\n") == 81


def test_every_key_of_a_study_is_documented():
    from bench.runs.studies.study import Study

    table = TEXT[TEXT.index("| key of `[study]`") : TEXT.index("* **Paths")]
    assert [name for name in Study.model_fields if f"`{name}`" not in table] == []
