"""One process at a time in a folder; who is killed holds nothing."""

import os
import signal
from multiprocessing import get_context

import pytest

from bench.core.errors import StorageError
from bench.engine.locking import alone_in


def test_a_folder_is_made_and_free_again(tmp_path):
    for _ in range(2):
        with alone_in(tmp_path / "a" / "b", lambda: pytest.fail("nobody holds it")):
            assert list((tmp_path / "a" / "b").iterdir()) == []


def hold(folder, held, go):
    with alone_in(folder, lambda: None):
        held.set()
        go.wait(60)


@pytest.mark.parametrize("killed", [False, True])
def test_a_second_process_waits_for_the_first(tmp_path, killed):
    context = get_context("fork")
    held, go = context.Event(), context.Event()
    other = context.Process(target=hold, args=(tmp_path, held, go))
    other.start()
    assert held.wait(60)
    end = (lambda: os.kill(other.pid, signal.SIGKILL)) if killed else go.set
    told = []
    with alone_in(tmp_path, lambda: (told.append(other.is_alive()), end())):
        other.join(60)
    assert told == [True]
    assert not other.is_alive()


def test_a_forked_child_does_not_hold_on_to_it(tmp_path):
    context = get_context("fork")
    go = context.Event()
    with alone_in(tmp_path, lambda: None):
        child = context.Process(target=go.wait, args=(60,))
        child.start()
    with alone_in(tmp_path, lambda: pytest.fail("the block has ended")):
        pass
    go.set()
    child.join()


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "a").write_text("")
    with pytest.raises(StorageError, match="Could not write"), alone_in(tmp_path / "a" / "b", lambda: None):
        pass
