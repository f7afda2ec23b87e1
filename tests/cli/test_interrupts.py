"""Ctrl-C ends a command, also one that never looks at it; the end of a loading process ends nothing."""

import signal
import subprocess
import sys
import threading
from subprocess import PIPE

import pytest

from bench.cli.interrupts import ending_when_interrupted

START = """
import os, signal, sys, threading, time
from bench.cli.interrupts import ending_when_interrupted
with ending_when_interrupted(0.5):
"""
DEAF = """
    while True:
        try:
            print("ready", flush=True)
            time.sleep(60)
        except KeyboardInterrupt:
            pass
"""
POLITE = """
    try:
        print("ready", flush=True)
        time.sleep(60)
    except KeyboardInterrupt:
        sys.exit(7)
"""
POOL = """
    from concurrent.futures import ThreadPoolExecutor
    with ThreadPoolExecutor(2) as pool:
        waiting = pool.map(time.sleep, [60] * 100)
        print("ready", flush=True)
        list(waiting)
"""
PARENT = """
    print("ready", flush=True)
    child = os.fork()
    if child == 0:
        try:
            time.sleep(60)
        except KeyboardInterrupt:
            os._exit(3)
    time.sleep(0.3)
    os.kill(child, signal.SIGTERM)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
    time.sleep(1.5)
    print("alive", flush=True)
"""


def started(body, grace="0.5"):
    code = START.replace("0.5", grace) + body
    return subprocess.Popen([sys.executable, "-c", code], stdout=PIPE, stderr=PIPE, text=True)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(("body", "code"), [(DEAF, 130), (POLITE, 7), (POOL, 130)])
def test_an_interruption_ends_everything(body, code, number):
    process = started(body)
    assert process.stdout.readline() == "ready\n"
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == code
    assert ("Interrupted" in err) == (code == 130)


def test_a_second_one_ends_it_at_once():
    process = started(DEAF, grace="600")
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130


def test_the_end_of_a_forked_process_is_not_an_interruption():
    process = started(PARENT)
    out, err = process.communicate(timeout=60)
    assert (out, err, process.returncode) == ("ready\n3\nalive\n", "", 0)


def test_signals_are_as_they_were_after_it():
    before = signal.getsignal(signal.SIGTERM)
    with ending_when_interrupted():
        assert signal.getsignal(signal.SIGTERM) is signal.default_int_handler
    assert signal.getsignal(signal.SIGTERM) is before
    assert signal.set_wakeup_fd(-1) == -1


def test_other_threads_are_left_alone():
    entered = []

    def enter():
        with ending_when_interrupted():
            entered.append(True)

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert entered == [True]
