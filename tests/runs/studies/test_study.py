"""The table `[study]`: what it may say, where its paths lie, what wins over it, and one error for whatever is wrong."""

from __future__ import annotations

import pytest

from bench.core.errors import UsageError
from bench.runs.request import request_of
from bench.runs.settings_file import read_settings_files

STUDY = """
[study]
methods = ["random", "simclr"]
tasks = "brain_tumor"
protocols = ["linear", "knn"]
seeds = 5
split = "grouped"
corpus = ["task", "images.csv"]
checkpoints = ["moco=weights/moco.pth", "imagenet:resnet18"]
plugins = "mine.py"
"""


@pytest.fixture
def request_from(tmp_path):
    def call(*texts, **options):
        files = [tmp_path / f"{number}.toml" for number in range(len(texts))]
        for file, text in zip(files, texts, strict=True):
            file.write_text(text)
        return request_of(takes_study=True, config=files, **options)

    return call


def test_a_study_is_the_request_that_its_options_would_be(request_from, tmp_path):
    request = request_from(STUDY)
    assert request.methods == ("random", "simclr")
    assert request.tasks == ("brain_tumor",)
    assert request.protocols == ("linear", "knn")
    assert request.seeds == (0, 1, 2, 3, 4)
    assert str(request.split) == "grouped"
    assert request.corpora == ("task", str(tmp_path / "images.csv"))
    assert request.checkpoints == (f"moco={tmp_path}/weights/moco.pth", "imagenet:resnet18")
    assert request.plugins == (tmp_path / "mine.py",)
    assert request.profile == "quick", "what a study does not say is as without one"


def test_a_study_has_own_data_whose_base_may_be_a_plugins_task(request_from, tmp_path):
    (tmp_path / "mine.py").write_text(
        "from dataclasses import replace\nfrom tasks.drive import TASK\n"
        "MINE = replace(TASK, name='mine', data=replace(TASK.data, name='mine'))\n"
    )
    (tmp_path / "extra.toml").write_text(
        'site_of = "mine"\n[layout]\ntype = "masks"\nimages = "images/{case}.png"\nmasks = "vessels/{case}.png"\n'
    )
    request = request_from('[study]\nmethods = "random"\nplugins = "mine.py"\ndata = "extra.toml"\n')
    assert request.data == (tmp_path / "extra.toml",)
    assert request.tasks == ("mine+extra",)


def test_options_win(request_from):
    request = request_from(STUDY, tasks=("drive",), seeds=(7,), corpus="pool", profile=None)
    assert (request.tasks, request.seeds, [part.corpus for part in request.parts]) == (("drive",), (7,), ["pool"])
    assert request.methods == ("random", "simclr")
    assert request_from(STUDY, methods=("byol",)).checkpoints == (), "a contestant that is named takes the place of all"
    assert request_from(STUDY, checkpoints=("a.pth",)).methods == ()


def test_a_request_has_a_part_for_each_profile_and_corpus(request_from):
    request = request_from('[study]\nprofile = ["quick", "paper"]\ncorpus = ["task", "pool"]\n')
    parts = [(part.profile, part.corpus) for part in request.parts]
    assert parts == [("quick", "task"), ("quick", "pool"), ("paper", "task"), ("paper", "pool")]
    assert request.parts[0].parts == [request.parts[0]]


def test_several_files_make_one_study(request_from):
    request = request_from('[study]\ntasks = "drive"\n', "[study]\nseeds = [3]\n[pretrain]\nepochs = 2\n")
    assert (request.tasks, request.seeds, request.config.shared) == (("drive",), (3,), {"pretrain": {"epochs": 2}})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[study]\nmethod = "random"\n', r"0.toml: \[study\] has no entry 'method'. Did you mean 'methods'\?"),
        ("[study]\nseeds = 0\n", r"0.toml: \[study\] seeds: "),
        ("[study]\nseeds = true\n", r"\[study\] seeds: "),
        ("[study]\nmethods = 3\n", r"\[study\] methods: "),
        ("[study]\nmethods = []\n", r"\[study\] methods: .*at least 1"),
        ("[study]\nseeds = 99999999\n", "number of seeds is out of range"),
        ("study = 3\n", "must be a table"),
        ("[studie]\n", "Did you mean 'study'"),
    ],
)
def test_whatever_is_wrong_is_one_error(request_from, text, message):
    with pytest.raises(UsageError, match=message):
        request_from(text)


def test_a_key_in_two_files_is_an_error(request_from):
    with pytest.raises(UsageError, match=r"1.toml: \[study\] seeds stands in .*0.toml too"):
        request_from("[study]\nseeds = 1\n", "[study]\nseeds = 1\n")


def test_other_commands_take_no_study(tmp_path):
    (tmp_path / "s.toml").write_text("[study]\nseeds = 1\n")
    with pytest.raises(UsageError, match=r"s.toml: \[study\] is for bench run and bench plan"):
        request_of(config=tmp_path / "s.toml")
    assert read_settings_files([tmp_path / "s.toml"]).study.seeds == 1


def test_a_published_split_is_a_name_and_no_path(tmp_path):
    (tmp_path / "study.toml").write_text('[study]\nmethods = "random"\ntasks = "buid"\nsplit = "lvmmed"\n')
    assert str(request_of(config=[tmp_path / "study.toml"], takes_study=True).split) == "lvmmed"
