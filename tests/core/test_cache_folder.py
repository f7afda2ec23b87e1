"""Where the cache is: named by the user, else the user's own."""

from pathlib import Path

import platformdirs
import pytest

from bench.core.cache_folder import CACHE_VARIABLE, default_cache, encoder_folder


def test_the_variable_names_the_folder(monkeypatch, tmp_path):
    monkeypatch.setenv(CACHE_VARIABLE, f" {tmp_path} ")
    assert default_cache() == tmp_path


@pytest.mark.parametrize("text", [None, "", "  "])
def test_without_a_name_it_is_the_users_own(monkeypatch, text):
    if text is not None:
        monkeypatch.setenv(CACHE_VARIABLE, text)
    assert default_cache() == Path(platformdirs.user_cache_dir("medical-ssl-bench"))


def test_an_encoder_lies_under_its_method_by_its_identity(tmp_path):
    assert encoder_folder("simclr", "a" * 64, tmp_path) == tmp_path / "checkpoints" / "simclr" / ("a" * 16)
