"""Settings from TOML files: what they say, who they are for, what wins, and one error for whatever is wrong."""

from pathlib import Path

import pytest

from bench.core.errors import UsageError
from bench.core.settings import TunedRecord
from bench.runs.plan import make_plan
from bench.runs.settings_file import SettingsFile, check_settings_files, read_settings_files, settings_file_text


def tuned(**changes):
    fields = {
        "trials": 20,
        "sampler": "tpe",
        "sampler_seed": 0,
        "space": {"method.lr": "0.0001 to 0.01 (log)"},
        "chosen": {"method.lr": 1e-05, "method.temperature": 0.2},
        "fixed": {"pretrain.epochs": 10, "method.name": 'a "b"\x7f\\', "method.range": [0.2, 1.0]},
        "best": 0.75,
        "metric": "accuracy",
        "task": "fgadr",
        "data_set": "fgadr",
        "data": "phantom",
        "data_fingerprint": "f" * 64,
        "protocol": "knn",
        "backbone": "resnet18",
        "profile": "quick",
        "corpus": "pool",
        "seeds": [1000],
    }
    return TunedRecord.model_validate(fields | changes)


@pytest.fixture
def read(tmp_path):
    def call(*texts):
        files = [tmp_path / f"{number}.toml" for number in range(len(texts))]
        for file, text in zip(files, texts, strict=True):
            file.write_text(text)
        found = read_settings_files(files)
        check_settings_files(found)
        return found

    return call


def test_settings_are_for_all_methods_or_for_one_and_explicit_ones_win(read):
    found = read(
        "[pretrain]\nepochs = 7\nbatch_size = 32\n[pretrain.byol]\nepochs = 9\n"
        "[method.simclr]\ntemperature = 0.2\nlr = 0.01\n[protocol]\nneighbours = 3\n"
    )
    explicit = {"method": {"lr": "0.5"}}
    assert found.of("simclr", explicit) == {
        "pretrain": {"epochs": 7, "batch_size": 32},
        "protocol": {"neighbours": 3},
        "method": {"temperature": 0.2, "lr": "0.5"},
    }
    assert found.of("byol", {})["pretrain"] == {"epochs": 9, "batch_size": 32}
    assert "method" not in found.of("byol", {})


def test_a_plan_gives_every_method_its_own(read):
    found = read("[method.simclr]\ntemperature = 0.2\n[pretrain]\nepochs = 7\n[protocol]\nneighbours = 3\n")
    plans, _ = make_plan(
        ["simclr", "byol"],
        "brain_tumor",
        ("knn", "linear"),
        None,
        (0,),
        "quick",
        {"pretrain": {"epochs": 2}},
        found,
    )
    of = {(plan.method, plan.protocol): plan.overrides for plan in plans}
    assert of["simclr", "knn"]["method"] == {"temperature": 0.2}
    assert "method" not in of["byol", "knn"]
    assert {plan.overrides["pretrain"]["epochs"] for plan in plans} == {2}
    assert of["byol", "knn"]["protocol"] == {"neighbours": 3}
    assert "protocol" not in of["byol", "linear"], "a setting that only the other protocol has"


def test_what_is_written_is_read_back_as_it_was(read):
    chosen = {"simclr": {"method": {"lr": 1e-05, "temperature": 0.2}, "pretrain": {"batch_size": 128}}}
    text = settings_file_text(chosen, {"simclr": tuned()})
    found = read(text)
    assert found.own == chosen
    assert found.tuned == {"simclr": tuned()}
    assert found.shared == {}


def test_several_files_go_together(read):
    found = read("[method.simclr]\nlr = 0.1\n", "[method.byol]\nlr = 0.2\n[pretrain]\nepochs = 3\n")
    assert found.own == {"simclr": {"method": {"lr": 0.1}}, "byol": {"method": {"lr": 0.2}}}
    assert found.shared == {"pretrain": {"epochs": 3}}


WRONG = [
    (
        "[method.simclr]\ntemperatur = 1\n",
        r"0.toml: \[method.simclr\] has no entry 'temperatur'. Did you mean 'temperature'\?",
    ),
    ("[method.simclrr]\nlr = 1\n", r"0.toml: \[method.simclrr\]: Unknown method \'simclrr\'. Did you mean \'simclr\'"),
    ("[pretrain]\nepoch = 1\n", r"0.toml: \[pretrain\] has no entry 'epoch'. Did you mean 'epochs'\?"),
    ("[pretrain.simclrr]\nepochs = 1\n", "Unknown method 'simclrr'"),
    ("[pretrain.epochs]\nx = 1\n", "must be a value"),
    ("[protocol]\nneighbors = 1\n", "Did you mean 'neighbours'"),
    ("[task]\nimagesize = 1\n", "Did you mean 'image_size'"),
    ("[methods.simclr]\nlr = 1\n", "unknown entry 'methods'. Did you mean 'method'"),
    ("[method]\nlr = 1\n", r"write it in \[method.NAME\]"),
    ("pretrain = 1\n", "must be a table"),
    ("[pretrain\n", "is not valid TOML"),
    ("[tuned.simclrr]\ntrials = 3\n", "is not what bench tune writes"),
    ("[tuned.simclr]\ntrials = 3\n", r"\[tuned.simclr\] is not what bench tune writes: sampler"),
]


@pytest.mark.parametrize(("text", "message"), WRONG, ids=[message[:25] for _, message in WRONG])
def test_whatever_is_wrong_is_one_error(read, text, message):
    with pytest.raises(UsageError, match=message):
        read(text)


@pytest.mark.parametrize("value", ["nan", "-inf", "1979-05-27", "[1, nan]", "{a = nan}"])
def test_what_no_record_can_hold_is_an_error(read, value):
    text = settings_file_text({}, {"simclr": tuned()}).replace('"method.lr" = 1e-05', f'"method.lr" = {value}')
    assert value in text
    with pytest.raises(UsageError, match=r"0.toml: \[tuned.simclr\] is not what bench tune writes: chosen"):
        read(text)


def test_a_setting_in_two_files_is_an_error(read):
    with pytest.raises(UsageError, match=r"1.toml: \[method.simclr\] lr stands in .*0.toml too. Keep one"):
        read("[method.simclr]\nlr = 0.1\n", "[method.simclr]\nlr = 0.1\n")


def test_a_file_that_is_not_there_is_an_error():
    with pytest.raises(UsageError, match="No such file"):
        read_settings_files([Path("nowhere.toml")])


def test_no_file_says_nothing():
    assert read_settings_files([]) == SettingsFile()
    assert SettingsFile().of("simclr", {"method": {"lr": 1}}) == {"method": {"lr": 1}}


def test_data_are_known_by_name_and_by_content():
    one = tuned()
    assert one.of("fgadr", "other")
    assert one.of("other", "f" * 64)
    assert not one.of("other", "other")
