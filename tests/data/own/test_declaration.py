"""The file of a data set: every mistake is one error that names the file, what was found, and the fix."""

import pytest

from bench.core.errors import DataError
from bench.data.own.declaration import default_name, is_declaration, kind_of, layout_of, read_declaration
from tests.own_data import declare

FOLDERS = 'type = "class_folders"'
MISTAKES = {
    "an unknown key": ("clases = ['a', 'b']", FOLDERS, r"unknown key 'clases'. Did you mean 'classes'\?"),
    "a wrong type": ("classes = 3", FOLDERS, r"classes: .*found 3"),
    "a fraction out of range": ("validation_fraction = 2", FOLDERS, "validation_fraction: .*less than 1"),
    "a name that is no name": ('name = "../x"', FOLDERS, r"cannot be the name of a task.*\n.*name ="),
    "all as name": ('name = "all"', FOLDERS, "cannot be the name"),
    "an expression that is none": ('subject = "("', FOLDERS, "is no regular expression"),
    "an expression without a group": ('site = "a+"', FOLDERS, r"has 0 groups.\nPut brackets"),
}
OPTIONS = {
    "an unknown layout": (
        'type = "class_folder"',
        r"is 'class_folder'; expected one of: .*Did you mean 'class_folders'",
    ),
    "no layout": ("", "`type` of .layout. is missing"),
    "an unknown option": (f"{FOLDERS}\nimage = 'x'", r"unknown key 'layout.image'. Did you mean 'images'\?"),
    "a wrong value": (f"{FOLDERS}\nimages = '*.png'", "layout.images: a template without {class}"),
    "a missing option": ('type = "masks"\nimages = "{case}.png"', "layout.masks: this key is missing"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_wrong_key_is_one_error(tmp_path, mistake):
    top, layout, message = MISTAKES[mistake]
    path = declare(tmp_path / "my.toml", layout, top)
    with pytest.raises(DataError, match=message) as error:
        read_declaration(path)
    assert str(path) in str(error.value)


@pytest.mark.parametrize("mistake", OPTIONS)
def test_a_wrong_option_is_one_error(tmp_path, mistake):
    layout, message = OPTIONS[mistake]
    path = declare(tmp_path / "my.toml", layout)
    with pytest.raises(DataError, match=message) as error:
        layout_of(path, read_declaration(path))
    assert str(path) in str(error.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"kind = ", "this is no TOML"),
        (b"name = 'caf\xe9'", "is not UTF-8 text"),
        (b"kind = 'detection'\nfolder = 'x'", r"\[layout\] is missing \(found: kind, folder\)"),
        (b"", r"\[layout\] is missing \(found: nothing\)"),
    ],
)
def test_a_file_of_another_form_is_one_error(tmp_path, content, message):
    path = tmp_path / "my.toml"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_declaration(path)
    assert not is_declaration(path)
    with pytest.raises(DataError, match="no such file"):
        read_declaration(tmp_path / "yours.toml")


def test_kinds_follow_from_the_layout(tmp_path):
    path = declare(tmp_path / "my.toml", FOLDERS)
    declared = read_declaration(path)
    assert kind_of(path, declared, layout_of(path, declared)) == "classification"
    path = declare(tmp_path / "my.toml", 'type = "csv"\nfile = "t.csv"')
    declared = read_declaration(path)
    with pytest.raises(DataError, match=r"`kind` is missing.\nAdd kind .* classification, segmentation_2d, detection"):
        kind_of(path, declared, layout_of(path, declared))
    path = declare(tmp_path / "my.toml", FOLDERS, 'kind = "detection"')
    declared = read_declaration(path)
    with pytest.raises(DataError, match="'detection' is none that this layout can feed"):
        kind_of(path, declared, layout_of(path, declared))


def test_names(tmp_path):
    assert default_name(tmp_path / "cells" / "bench.toml") == "cells"
    assert default_name(tmp_path / "cells.toml") == "cells"
    path = declare(tmp_path / "cells.toml", FOLDERS, "﻿")
    assert read_declaration(path).name == "cells", "a byte order mark is tolerated"
