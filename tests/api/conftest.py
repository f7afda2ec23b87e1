"""Where runs from Python keep what they make, and the command line beside them."""

import pytest

from bench.core import registry


@pytest.fixture(autouse=True)
def _forget_plugins():
    yield
    for cached in (registry.methods, registry.tasks, registry.kinds):
        cached.cache_clear()


@pytest.fixture
def bench_command(request):
    """The command line in this process; the name of its fixture is the package's here."""
    return request.getfixturevalue("bench")


@pytest.fixture
def places(tmp_path, phantom_root, tmp_path_factory):
    return {
        "results": tmp_path / "results",
        "cache": tmp_path_factory.mktemp("cache"),
        "data_root": phantom_root,
        "quiet": True,
    }
