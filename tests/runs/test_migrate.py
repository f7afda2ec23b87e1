"""Records of schema 1 become records of schema 2: scores, partitions and checkpoints stay, nothing is run again."""

import json
import shutil
from pathlib import Path

import pytest

from bench.models.checkpoints import find_encoder, save_encoder
from bench.results.store import Store
from bench.runs.migrate import MARK, migrate

SCHEMA_1 = Path(__file__).parent / "schema_1"
"""Records that the last release with schema 1 made of phantoms: classification, few labels, sites, boxes, balance."""
REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def results(tmp_path):
    shutil.copytree(SCHEMA_1, tmp_path / "results")
    return tmp_path / "results"


def old_records(results: Path) -> dict[Path, dict]:
    return {path: json.loads(path.read_text()) for path in sorted((results / "runs").rglob("*.json"))}


def test_scores_and_cases_stay(results, tmp_path):
    before = old_records(results)
    done = migrate(results, tmp_path / "cache")
    assert (len(done.moved), done.apart, done.problems) == (len(before), 0, [])
    store = Store(results)
    records, problems = store.load()
    assert problems == []
    by_old = {record.provenance["schema_1"]["identity"]: record for record in records}
    for old in before.values():
        new = by_old[old["identity"]]
        assert (new.metrics, new.metrics_without_duplicates) == (old["metrics"], old["metrics_without_duplicates"])
        cases = store.cases(new)
        assert cases["case"].tolist() == old["cases"]["id"]
        if old["kind"] == "classification":
            assert cases["target"].tolist() == old["cases"]["target"]
            assert [list(p) for p in cases["prediction"]] == [pytest.approx(p) for p in old["cases"]["prediction"]]
        for name in old["cases"]["metrics"][0] if old["cases"]["metrics"] else ():
            values = [one[name] for one in old["cases"]["metrics"]]
            assert cases[f"metric:{name}"].astype(object).where(cases[f"metric:{name}"].notna(), None).tolist() == [
                v if v is None else pytest.approx(v) for v in values
            ]
        groups = json.loads(store.content(new.duplicates))
        assert groups["crossing_split"] == old["duplicates"]["crossing_split"]


def test_runs_of_today_are_found_among_migrated_ones(results, tmp_path, bench):
    migrate(results, tmp_path / "cache")
    common = ("--seeds=1", f"--results={results}", f"--cache={tmp_path / 'cache'}", "--set=pretrain.epochs=1")
    done = bench(
        "run", "--method=random,simclr", "--task=brain_tumor_linear", "--protocol=linear,few_shot_10pct", *common
    )
    assert done.code == 0
    assert "Nothing to run" in done.out
    done = bench("run", "--method=random,lvmmed", "--task=prostate,kvasir_det", "--set=protocol.epochs=1", *common)
    assert done.code == 0
    assert "Nothing to run" in done.out


def test_a_second_time_there_is_nothing_to_move(results, tmp_path):
    migrate(results, tmp_path)
    before = {p: p.read_bytes() for p in results.rglob("*") if p.is_file()}
    again = migrate(results, tmp_path)
    assert (again.moved, again.problems) == ([], [])
    assert {p: p.read_bytes() for p in results.rglob("*") if p.is_file()} == before


def test_dry_run_writes_nothing(results, tmp_path):
    before = {p: p.read_bytes() for p in results.rglob("*") if p.is_file()}
    assert len(migrate(results, tmp_path, dry_run=True).moved) == len(old_records(results))
    assert {p: p.read_bytes() for p in results.rglob("*") if p.is_file()} == before


@pytest.mark.parametrize("field", ["code", "task", "method"])
def test_code_that_is_not_known_is_kept_apart(results, tmp_path, field):
    for path, old in old_records(results).items():
        if field == "code":
            old["hashes"]["code"] = "0" * 64
        else:
            old[field] = f"{old[field]}_of_mine"
        place = path if field == "code" else results / "runs" / "moved" / path.name
        path.unlink()
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(json.dumps(old))
    done = migrate(results, tmp_path)
    assert done.apart == len(done.moved) > 0
    records, problems = Store(results).load()
    assert problems == []
    assert all(MARK in r.versions.pretraining and MARK in r.versions.evaluation for r in records)
    for name in ("pretraining", "checkpoint", "evaluation"):
        pairs = {(r.provenance["schema_1"][name], r.hashes[name]) for r in records}
        assert len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs}), name


def test_a_record_whose_split_file_is_gone_or_changed_is_left_alone(results, tmp_path):
    first, *others = old_records(results).items()
    (results / first[1]["split"]["file"]).write_text("case,split\n")
    done = migrate(results, tmp_path)
    same_split = {p for p, old in [first, *others] if old["split"]["file"] == first[1]["split"]["file"]}
    assert {p.path for p in done.problems} == same_split
    assert "was changed" in done.problems[0].reason
    assert all(path.exists() for path in same_split)


def test_checkpoints_and_predictions_move_with_their_records(results, tmp_path):
    import torch

    path, old = next((p, o) for p, o in old_records(results).items() if o["corpus"])
    before, cache = old["hashes"]["checkpoint"], tmp_path / "cache"
    folder = cache / "checkpoints" / old["method"] / before[:16]
    save_encoder(folder / "encoder.safetensors", torch.nn.Linear(2, 1), {"identity": before, "cost": {}})
    (folder / "log.csv").write_text("step,loss\n0,1\n")
    kept = results / "predictions" / path.relative_to(results / "runs").with_suffix("")
    kept.mkdir(parents=True)
    done = migrate(results, cache)
    assert done.checkpoints == 1
    record = next(r for r in Store(results).load()[0] if r.provenance["schema_1"]["identity"] == old["identity"])
    moved = folder.with_name(record.hashes["checkpoint"][:16])
    assert find_encoder(moved, record.hashes["checkpoint"]) is not None
    assert (moved / "log.csv").exists()
    assert not folder.exists()
    assert kept.with_name(Store(results).path(record).stem).is_dir()


def test_files_that_are_no_records_are_named_and_left_alone(results, tmp_path, bench):
    (results / "runs" / "notes.json").write_text("{")
    (results / "runs" / "other.json").write_text('{"schema_version": 7}')
    done = bench("results", "migrate", f"--results={results}", f"--cache={tmp_path}")
    assert done.code == 6
    assert "notes.json is not a valid record" in done.err
    assert "schema_version is 7; expected 1 or 2" in done.err
    assert (results / "runs" / "notes.json").exists()


def test_a_store_of_schema_1_says_once_what_to_do(results, bench):
    done = bench("leaderboard", f"--results={results}")
    assert done.code == 2
    assert "bench results migrate" in done.err


def test_committed_records_kept_their_partitions():
    records = [r for r in Store(REPOSITORY / "results").load()[0] if "schema_1" in r.provenance]
    for name in ("pretraining", "checkpoint", "evaluation"):
        pairs = {(r.provenance["schema_1"][name], r.hashes[name]) for r in records}
        assert len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs}), name
    assert len({r.identity for r in records}) == len(records)
