"""Two commands that would do the same work do it once, and the one that waits says for whom."""

import os
import socket
import threading

import pytest

from bench.core.console import Report
from bench.core.storage.turns import Owner, is_taken, one_at_a_time
from tests.locks import hold, let_go


def test_the_second_waits_until_the_first_ends_and_says_for_whom(tmp_path, capfd):
    lock = tmp_path / "a" / "b.lock"
    with hold(lock) as process:
        assert is_taken(lock)
        threading.Timer(1.0, let_go, [process]).start()
        with one_at_a_time(lock, "this work", Report()):
            assert Owner.of(lock).pid == os.getpid()
    said = capfd.readouterr().err
    assert (
        f"this work: waiting for process {process.pid} on {socket.gethostname()}, which has done this since 2" in said
    )
    assert "killed" not in said
    assert not is_taken(lock)
    assert [path.name for path in lock.parent.iterdir()] == ["b.lock"]


def test_a_killed_holder_holds_nothing_and_is_noticed(tmp_path, capfd):
    lock = tmp_path / "b.lock"
    with hold(lock) as process:
        process.kill()
        process.wait()
        assert not is_taken(lock)
        with one_at_a_time(lock, "this work", Report()):
            pass
    said = capfd.readouterr().err
    assert "waiting" not in said
    assert f"process {process.pid} was killed while it did this; this one goes on" in said
    assert Owner.of(lock) is None


def test_a_holder_of_another_machine_that_left_its_name_is_a_warning(tmp_path, capfd):
    lock = tmp_path / "b.lock"
    (tmp_path / "b.owner").write_text('{"pid": 7, "host": "other", "since": "2026-01-01", "what": "it"}')
    with one_at_a_time(lock, "this work", Report()):
        pass
    said = capfd.readouterr().err.replace("\n", " ")
    assert "Warning: this work: process 7 on other" in said
    assert "no locks that hold between machines" in said


@pytest.mark.parametrize("content", ["", "[1]", '{"pid": 1}', "\xff"])
def test_what_the_file_of_the_owner_holds_decides_nothing(tmp_path, content):
    (tmp_path / "b.owner").write_text(content, encoding="latin-1")
    with one_at_a_time(tmp_path / "b.lock", "this work", Report()):
        assert Owner.of(tmp_path / "b.lock").what == "this work"


def test_without_a_folder_to_write_nobody_waits(tmp_path):
    (tmp_path / "file").write_text("")
    with one_at_a_time(tmp_path / "file" / "b.lock", "this work", Report()):
        assert not is_taken(tmp_path / "file" / "b.lock")


def test_what_fails_inside_passes_and_frees_the_lock(tmp_path, capfd):
    for _ in range(2):
        with pytest.raises(OSError, match="inside"), one_at_a_time(tmp_path / "b.lock", "this work", Report()):
            raise OSError("inside")
    assert capfd.readouterr().err == ""
