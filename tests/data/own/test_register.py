"""Which files declare tasks: those of a command, and those under the data root."""

import pytest

from bench.core.errors import DataError
from bench.core.registry import tasks
from bench.data.own.register import declare_tasks, files_under
from tests.own_data import declare, draw

FOLDERS = 'type = "class_folders"'
VESSELS = {"images": "i/{case}.png", "masks": "m/{case}.png"}
MASKS = 'type = "masks"\nimages = "i/{case}.png"\nmasks = "m/{case}.png"'


@pytest.fixture(autouse=True)
def _forget():
    yield
    tasks().declare({})


@pytest.fixture
def root(tmp_path):
    """A data root with two declared data sets, a manifest, and a broken file."""
    for name in ("cells", "tissue"):
        draw(tmp_path / name, "classification", ("a", "b"), "class_folders")
    declare(tmp_path / "cells" / "bench.toml", FOLDERS)
    declare(tmp_path / "tissue.toml", FOLDERS)
    (tmp_path / "corpus.toml").write_text('[[folder]]\npath = "cells"\n')
    (tmp_path / "noise.toml").write_bytes(b"\xff\xfe")
    return tmp_path


def declared():
    return sorted(name for name, plugin in tasks().plugins.items() if plugin.file)


def test_files_under_the_data_root_are_tasks_by_name(root):
    assert [path.name for path in files_under(root)] == ["bench.toml", "tissue.toml"]
    assert declare_tasks([], root) == ()
    assert declared() == ["cells", "tissue"]
    assert tasks().get("tissue").data.declared.folder == root / "tissue"
    assert declare_tasks([], None) == ()
    assert declared() == [], "what one command declares is not there in the next"


def test_a_wrong_file_under_the_root_is_a_warning_and_of_a_command_an_error(root, capsys):
    wrong = declare(root / "wrong.toml", FOLDERS, "clases = 1")
    declare_tasks([], root)
    assert declared() == ["cells", "tissue"]
    text = capsys.readouterr().err
    assert f"Warning: {wrong}: unknown key 'clases'. Did you mean 'classes'?" in text
    assert "This data set is left out." in text
    with pytest.raises(DataError, match="unknown key"):
        declare_tasks([wrong], root)


def test_a_file_of_the_command_stands_for_the_one_of_its_name(root):
    own = declare(root / "elsewhere" / "cells.toml", FOLDERS, f'folder = "{root / "tissue"}"')
    assert declare_tasks([own], root) == ("cells",)
    assert tasks().get("cells").data.declared.folder == root / "tissue"
    assert declare_tasks([root / "cells" / "bench.toml"], root) == ("cells",)
    assert declared() == ["cells", "tissue"]


@pytest.mark.parametrize("name", ["drive", "kvasir_det"])
def test_names_of_shipped_tasks_are_taken(root, name):
    file = declare(root / "own.toml", FOLDERS, f'name = "{name}"\nfolder = "cells"')
    with pytest.raises(DataError, match=rf"the name {name!r} is taken by a task of medical-ssl-bench.\nAdd name"):
        declare_tasks([file], None)


def test_two_files_of_one_name(root):
    other = declare(root / "x" / "tissue.toml", FOLDERS, f'folder = "{root / "cells"}"')
    with pytest.raises(DataError, match=r"the name 'tissue' is that of .*tissue.toml too.\nGive one of them another"):
        declare_tasks([root / "tissue.toml", other], None)


def test_sites_of_one_task_are_one_task(tmp_path):
    for name in ("stare", "chase"):
        draw(tmp_path / name, "segmentation_2d", ("vessel",), "masks", **VESSELS)
        declare(tmp_path / f"{name}.toml", MASKS, 'site_of = "drive"')
    assert declare_tasks([tmp_path / "stare.toml", tmp_path / "chase.toml"], None) == ("drive+stare+chase",)
    assert tasks().get("drive+stare+chase").data.domains == ("drive", "stare", "chase")


def test_a_site_of_a_task_of_a_file(tmp_path):
    for name in ("mine", "yours"):
        draw(tmp_path / name, "segmentation_2d", ("vessel",), "masks", **VESSELS)
    mine = declare(tmp_path / "mine.toml", MASKS, 'classes = ["vessel"]')
    yours = declare(tmp_path / "yours.toml", MASKS, 'site_of = "mine"')
    assert declare_tasks([yours, mine], None) == ("mine", "mine+yours")
    assert declare_tasks([yours], tmp_path) == ("mine+yours",), "also of one under the data root"
    with pytest.raises(DataError, match="site_of 'mine' is no task"):
        declare_tasks([yours], None)
    wrong = declare(tmp_path / "wrong.toml", MASKS, 'site_of = "mine"\nclasses = ["lesion"]\nfolder = "yours"')
    with pytest.raises(DataError, match=r"classes is \('lesion',\), and a site of 'mine' has \('vessel',\)"):
        declare_tasks([wrong, mine], None)
    with pytest.raises(DataError, match="a site of 'mine' is one site"):
        declare_tasks([declare(tmp_path / "wrong.toml", MASKS, 'site_of = "mine"\nsites = ["a"]'), mine], None)
