"""`bench dev lock`: when it ends with an error, and what it leaves in the file."""

import json

import pytest

from bench.dev import components
from bench.dev.components import Component


@pytest.fixture
def lock(bench, tmp_path, monkeypatch):
    """The command on two components whose canaries a test sets."""
    values = {"one": 1.0, "two": 2.0}

    def made(name, version=1):
        return Component(name, version, (), lambda folder: {"x": [values[name]]})

    made_components = [made("one"), made("two")]
    monkeypatch.setattr(components, "components", lambda: made_components)

    def call(*more):
        return bench("dev", "lock", f"--lock={tmp_path / 'test.lock'}", *more)

    call.values, call.file = values, tmp_path / "test.lock"
    call.declare = lambda name, version: made_components.__setitem__(
        [c.name for c in made_components].index(name), made(name, version)
    )
    return call


def entries(lock):
    return {name: (e["version"], e["canary"]["x"]) for name, e in json.loads(lock.file.read_text()).items()}


def test_new_components_are_written_and_then_hold(lock):
    done = lock()
    assert (done.code, "2 of 2 components written" in done.out) == (0, True)
    assert entries(lock) == {"one": (1, [1.0]), "two": (1, [2.0])}
    assert lock("--check").code == 0


def test_changed_behaviour_is_an_error_until_the_version_rises(lock):
    lock()
    lock.values["one"] = 5.0
    checked, refreshed = lock("--check"), lock()
    assert (checked.code, refreshed.code) == (1, 1)
    assert "one (version 1) no longer gives what behaviour.lock has" in checked.err
    assert entries(lock)["one"] == (1, [1.0]), "never refreshed"
    lock.declare("one", 2)
    assert lock("--check").code == 1, "the file has to say it, too"
    assert lock("--only", "one").code == 0
    assert entries(lock) == {"one": (2, [5.0]), "two": (1, [2.0])}


def test_a_deleted_entry_is_written_anew(lock):
    """What to do where the canary itself was changed."""
    lock()
    lock.values["one"] = 5.0
    content = json.loads(lock.file.read_text())
    del content["one"]
    lock.file.write_text(json.dumps(content))
    assert lock().code == 0
    assert entries(lock)["one"] == (1, [5.0])


def test_an_entry_without_a_component_is_told_and_goes(lock):
    lock()
    content = json.loads(lock.file.read_text())
    lock.file.write_text(json.dumps({**content, "gone": content["one"]}))
    done = lock("--check")
    assert (done.code, "gone: in the lock and no more a component" in done.err) == (1, True)
    assert lock().code == 0
    assert set(entries(lock)) == {"one", "two"}
