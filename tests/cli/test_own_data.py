"""`--data FILE`, and the name of a file under the data root, on every command that takes tasks."""

import json

import pytest

import bench as api
from tests.own_data import declare, draw

SMALL = ["--set=pretrain.epochs=1", "--set=pretrain.image_size=32", "--set=task.image_size=32", "--device=cpu"]
FOLDERS = 'type = "class_folders"'


@pytest.fixture
def root(tmp_path):
    """A data root with two data sets that files declare."""
    draw(tmp_path / "data" / "cells", "classification", ("a", "b"), "class_folders")
    declare(tmp_path / "data" / "cells" / "bench.toml", FOLDERS, 'protocol = "knn"')
    draw(tmp_path / "data" / "tissue", "classification", ("a", "b", "c"), "class_folders")
    declare(tmp_path / "data" / "tissue.toml", FOLDERS)
    return tmp_path / "data"


def both(root):
    """The options that name the task: by file, and by name under the data root."""
    return [["--data", root / "cells" / "bench.toml"], ["cells", "--data-root", root]]


def test_data_commands_take_a_file_or_a_name(bench, root, tmp_path):
    for task in both(root):
        status = ["--data-root", root] if task[0] == "cells" else task
        assert "  all: 24 cases (a 12, b 12)" in bench("data", "status", *status).out
        assert bench("data", "verify", *task).out == "cells (real): 24 cases, 24 files opened: nothing wrong\n"
        assert bench("data", "fingerprint", *task).out.endswith("  cells  real, 24 cases\n")
        assert "test: 5 cases" in bench("data", "splits", *task, "--cache", tmp_path / "cache").out
        assert "0 groups of 0 cases of 24" in bench("data", "duplicates", *task, "--cache", tmp_path / "cache").out
        shown = bench("show", "cells", *(task if task[0] == "--data" else task[1:])).out
        assert f"folder {root / 'cells'}\n" in shown
        assert "classes: a, b\n" in shown
    listed = json.loads(bench("list", "tasks", "--data-root", root, "--json").out)
    assert {"cells", "tissue"} <= {row["name"] for row in listed}
    found = bench("data", "phantom", "--data", root / "tissue.toml", "--cache", tmp_path / "cache").out.strip()
    assert bench("data", "verify", "--data", root / "tissue.toml", "--data-root", found).code == 0


def test_files_may_be_given_several_times_and_beside_tasks(bench, root):
    files = ["--data", root / "cells" / "bench.toml", "--data", root / "tissue.toml"]
    assert [line.split()[0] for line in bench("data", "verify", *files).out.splitlines()] == ["cells", "tissue"]
    done = bench("data", "verify", "drive", *files)
    assert done.code == 3
    assert "No data root is set" in done.err


def test_a_run_by_file_is_found_again_by_name(bench, root, tmp_path):
    places = ["--results", tmp_path / "results", "--cache", tmp_path / "cache"]
    first = bench("run", "-m", "random", "--data", root / "cells" / "bench.toml", "--seeds", "1", *SMALL, *places)
    assert "task cells, protocol knn, backbone resnet18" in " ".join(first.out.split()), first.err
    again = bench("run", "-m", "random", "-t", "cells", "--data-root", root, "--seeds", "1", *SMALL, *places)
    assert again.out.startswith("Nothing to run"), again.err
    moved = tmp_path / "moved"
    (root / "cells").rename(moved)
    again = bench("run", "-m", "random", "--data", moved / "bench.toml", "--seeds", "1", *SMALL, *places)
    assert again.out.startswith("Nothing to run"), "neither place nor name is in the identity"
    option = declare(moved / "bench.toml", f'{FOLDERS}\nsuffixes = [".png"]', 'protocol = "knn"')
    again = bench("run", "-m", "random", "--data", option, "--seeds", "1", *SMALL, *places)
    assert "task moved" in " ".join(again.out.split()), "an option of the layout is"
    board = bench("leaderboard", "--results", tmp_path / "results", "--markdown").out
    assert "cells" in board


@pytest.mark.slow
def test_data_sets_under_the_root_are_in_the_pool(root, tmp_path):
    options = {"data_root": root, "results": tmp_path / "results", "cache": tmp_path / "cache", "device": "cpu"}
    small = {"pretrain.epochs": 1, "pretrain.image_size": 32, "pretrain.batch_size": 4, "task.image_size": 32}
    runs = api.run("simclr", "cells", seeds=1, settings=small, quiet=True, **options)
    assert set(runs.records[0].corpus.sources) == {"cells", "tissue"}
    options.pop("data_root")
    runs = api.run("simclr", data=[root / "cells" / "bench.toml"], seeds=1, settings=small, quiet=True, **options)
    assert set(runs.records[0].corpus.sources) == {"cells"}


def test_a_folder_stands_for_its_file_and_a_file_is_shown(bench, root):
    assert "cells (real): 24 cases" in bench("data", "verify", "--data", root / "cells").out
    assert bench("show", root / "tissue.toml").out.startswith("task: tissue\n")


def test_a_root_of_phantoms_without_that_of_the_file_says_how_it_is_written(bench, root, tmp_path):
    file = root / "tissue.toml"
    phantoms = bench("data", "phantom", "drive", "--cache", tmp_path / "cache").out.strip()
    done = bench("data", "fingerprint", "--data", file, "--data-root", phantoms)
    assert done.code == 3
    assert "Write that of this data set with `bench data phantom` and the same --data" in done.err
    bench("data", "phantom", "--data", file, "--cache", tmp_path / "cache")
    assert "phantom, 36 cases" in bench("data", "fingerprint", "--data", file, "--data-root", phantoms).out


def test_real_and_synthetic_data_are_not_mixed(bench, root):
    done = bench("run", "-m", "random", "-t", "drive", "--data", root / "tissue.toml")
    assert done.code == 2
    assert "tissue has real data, and drive has none without a data root" in done.err


@pytest.mark.parametrize(
    ("top", "message"),
    [
        (
            'metric = "accurary"',
            "has the metric 'accurary', which is none of the kind's. Did you mean 'accuracy'?",
        ),
        ('protocol = "finetuning"', "Unknown protocol 'finetuning'. Did you mean 'finetune'?"),
    ],
)
def test_a_metric_or_protocol_that_is_none_is_said_before_any_work(bench, root, tmp_path, top, message):
    file = declare(root / "tissue.toml", FOLDERS, top)
    done = bench("run", "-m", "random", "--data", file, "--results", tmp_path / "r", "--cache", tmp_path / "c")
    assert done.code == 2
    assert message in done.err


def test_a_missing_file_is_one_error(bench, tmp_path):
    for command in (["run", "-m", "random"], ["list", "tasks"], ["show", "x"], ["data", "verify"], ["data", "status"]):
        done = bench(*command, "--data", tmp_path / "no.toml")
        assert done.code == 3
        assert f"{tmp_path / 'no.toml'}: there is no such file." in done.err


@pytest.mark.slow
def test_ablations_and_tuning_take_a_file(bench, root, tmp_path):
    file = ["--data", root / "tissue.toml", "--seeds", "1", "--results", tmp_path / "results"]
    more = ["--cache", tmp_path / "cache", *SMALL, "--set=pretrain.batch_size=16", "--protocol", "knn"]
    tuned = bench("tune", "simclr", "--trials", "2", "--out", tmp_path / "tuned.toml", *file, *more)
    assert "on tissue, best of 2 trials" in tuned.out, tuned.err
    done = bench("ablate", "lvmmed", "--only", "without_second_order", *file, *more)
    assert done.code == 0, done.err
    assert "tissue" in done.out
