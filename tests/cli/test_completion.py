"""Completion of names in a shell: of the last of several, without torch."""

import os
import subprocess
import sys

import pytest

from bench.cli.completion import names_beginning


@pytest.mark.parametrize(
    ("noun", "typed", "found"),
    [
        ("task", "brain_tumor_", ["brain_tumor_linear"]),
        ("task", "drive,isi", ["drive,isic2018"]),
        ("method", "sim", ["simclr"]),
        ("method", "al", ["all"]),
        ("protocol", "kn", ["knn"]),
        ("backbone", "resnet18,resnet5", ["resnet18,resnet50"]),
        ("protocol", "nothing", []),
    ],
)
def test_the_last_of_several_names_is_completed(noun, typed, found):
    assert names_beginning(noun)(typed) == found


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("bench pre", ["predict", "pretrain"]),
        ("bench run --task=x --method dino,sim", ["dino,simclr"]),
        ("bench run --keep", ["--keep-model"]),
    ],
)
def test_a_shell_gets_them_without_torch(words, found):
    code = (
        "import sys\nfrom bench.cli.app import main\nsys.argv = ['bench']\n"
        "try: main()\nexcept SystemExit: pass\n"
        "assert not {'torch', 'pandas', 'lightly'} & set(sys.modules), 'heavy import'"
    )
    completing = {"_BENCH_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split()) - 1)}
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **completing}, capture_output=True, text=True
    )
    assert done.stderr == ""
    assert done.stdout.split() == found
