"""Two commands that would do the same work do it once."""

import subprocess
import sys

import pytest

from bench.core.storage.turns import one_at_a_time

HOLD = """
import sys, time
from pathlib import Path
from bench.core.storage.turns import one_at_a_time
with one_at_a_time(Path(sys.argv[1]), lambda: None):
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
    print("done", flush=True)
"""


def hold(lock, seconds):
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(lock), str(seconds)], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    return process


def test_the_second_waits_until_the_first_ends(tmp_path):
    said = []
    lock = tmp_path / "a" / "lock"
    with hold(lock, 1.0) as process, one_at_a_time(lock, lambda: said.append(1)):
        assert process.stdout.readline() == "done\n"
    assert said == [1]
    assert not (tmp_path / "a" / "lock").exists()


def test_a_killed_holder_holds_nothing(tmp_path):
    with hold(tmp_path / "lock", 60) as process:
        process.kill()
        process.wait()
        with one_at_a_time(tmp_path / "lock", lambda: pytest.fail("waited")):
            pass


def test_without_a_folder_to_write_nobody_waits(tmp_path):
    (tmp_path / "file").write_text("")
    with one_at_a_time(tmp_path / "file" / "lock", lambda: pytest.fail("waited")):
        pass


def test_what_fails_inside_passes_and_frees_the_lock(tmp_path):
    for _ in range(2):
        with pytest.raises(OSError, match="inside"), one_at_a_time(tmp_path / "lock", lambda: pytest.fail("waited")):
            raise OSError("inside")
