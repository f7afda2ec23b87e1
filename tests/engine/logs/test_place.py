"""What --log takes, before anything is run."""

import sys

import pytest

from bench.core.errors import UsageError
from bench.engine.logs import place
from bench.engine.logs.place import check_elsewhere


def test_an_unknown_name_is_an_error_with_the_closest_match():
    with pytest.raises(UsageError, match=r"Unknown log 'wandbb'. Did you mean 'wandb'\?"):
        check_elsewhere(["wandbb"])
    check_elsewhere([])


@pytest.mark.parametrize("folder", [True, False])
def test_without_its_package_wandb_is_an_error_that_says_how_to_install_it(monkeypatch, tmp_path, folder):
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    monkeypatch.delitem(sys.modules, "wandb", raising=False)
    if folder:  # what offline runs leave in the folder of a command
        (tmp_path / "wandb").mkdir()
    with pytest.raises(UsageError, match=r"not installed. Install it: pip install 'medical-ssl-bench\[wandb\]'"):
        check_elsewhere([place.WANDB])
