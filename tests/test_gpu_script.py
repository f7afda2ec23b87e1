"""The script of GPU figures runs to its end without a GPU, on tiny sizes."""

import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
SCRIPT = REPOSITORY / "perf" / "gpu.py"


def run(*arguments):
    command = [sys.executable, str(SCRIPT), *arguments]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sections", "rows"),
    [
        ("tests,matching,probe", ["tests marked gpu", "matching, n = 16", "linear probe: our epoch to its bound"]),
        ("pretraining", ["our SimCLR to its bound", "our SimCLR to lightly's", "step of LVM-Med to SimCLR's"]),
        ("unet", ["our epoch to its bound"]),
    ],
)
def test_every_section_prints_its_rows_on_a_cpu(sections, rows):
    done = run("--device", "cpu", "--quick", "--only", sections)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "no GPU: the CPU" in done.stdout
    for row in rows:
        assert row in done.stdout


@pytest.mark.slow
def test_an_unknown_section_is_an_error_that_names_all():
    done = run("--device", "cpu", "--quick", "--only", "unets")
    assert done.returncode == 2
    assert "--only unets: expected some of tests, matching, pretraining, unet, probe" in done.stderr
