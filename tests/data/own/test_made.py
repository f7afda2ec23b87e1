"""Tasks of files: defaults, places, phantoms, identity."""

import shutil

import pytest

from bench.core.console import Report
from bench.core.errors import DataError
from bench.core.identity import declaration_fingerprint
from bench.data.dataset import read_data
from bench.data.own.cases import list_cases
from bench.data.own.made import holds_data
from bench.data.phantom import ensure_phantom
from bench.data.verify import verify
from tests.own_data import data_set_of, declare, draw, task_of

FOLDERS = 'type = "class_folders"'
KINDS = {
    "classification": ('classes = ["a", "b", "c"]', FOLDERS),
    "table of labels": ('kind = "classification"\nclasses = ["a", "b"]', 'type = "csv"\nfile = "t.csv"'),
    "table of masks": ('kind = "segmentation_2d"\nclasses = ["a", "b"]', 'type = "csv"\nfile = "t.csv"'),
    "table of boxes": ('kind = "detection"\nclasses = ["a", "b"]', 'type = "csv"\nfile = "t.csv"'),
    "corners": (
        'kind = "detection"\nclasses = ["a"]',
        'type = "csv"\nfile = "t.csv"\nbox_form = "xywh"\nrelative_boxes = true\n'
        'columns = { x_min = "x", y_min = "y", x_max = "w", y_max = "h" }',
    ),
    "sites": (
        'kind = "segmentation_2d"\nclasses = ["a"]\nsites = ["one", "two"]',
        'type = "csv"\nfile = "t.csv"\nvalues = { a = 7 }\ncolumns = { site = "hospital" }\nimages = "pictures"',
    ),
    "masks": ('classes = ["a"]', 'type = "masks"\nimages = "{case}/i/*.png"\nmasks = "{case}/m/*.png"'),
    "label maps": (
        'sites = ["x", "y"]',
        'type = "masks"\nimages = "{site}/{split}/{case}.png"\nmasks = "{site}/{split}-m/{case}.png"\n'
        'values = { a = 1, b = 3 }\nregion = "{site}/fov/{case}.png"',
    ),
}


@pytest.mark.parametrize("shape", KINDS)
def test_the_phantom_of_a_declared_shape_is_read_and_has_nothing_wrong(tmp_path, shape):
    top, layout = KINDS[shape]
    data_set = data_set_of(declare(tmp_path / "my" / "my.toml", layout, top))
    assert not holds_data(data_set)
    root = ensure_phantom(data_set, tmp_path / "cache")
    found = verify(data_set, root, Report(quiet=True))
    assert (found.kind, found.problems, found.warnings) == ("phantom", (), ())
    data = read_data(data_set, root)
    assert len(data.cases) >= 24
    if data_set.domains:
        assert {case.domain for case in data.cases} == set(data_set.domains)
    before = data.fingerprint
    shutil.rmtree(root)
    assert read_data(data_set, ensure_phantom(data_set, tmp_path / "cache")).fingerprint == before


def test_two_shapes_of_one_name_have_two_phantoms(tmp_path):
    first = data_set_of(declare(tmp_path / "my.toml", FOLDERS, 'classes = ["a", "b"]'))
    second = data_set_of(declare(tmp_path / "my.toml", FOLDERS, 'classes = ["a", "b", "c"]'))
    for data_set in (first, second, first):
        assert read_data(data_set, ensure_phantom(data_set, tmp_path / "cache")).data_set.classes == data_set.classes


def test_defaults_follow_from_the_kind(tmp_path):
    task = task_of(declare(tmp_path / "my.toml", FOLDERS, 'classes = ["a", "b"]'))
    assert (task.name, task.kind, task.metric, task.protocol) == (
        "my", "classification", "balanced_accuracy", "finetune",
    )  # fmt: skip
    assert task.paper["task"] == {"image_size": 224}
    task = task_of(
        declare(tmp_path / "my.toml", FOLDERS, 'classes = ["a", "b"]\nmetric = "accuracy"\nprotocol = "knn"')
    )
    assert (task.metric, task.protocol) == ("accuracy", "knn")


def test_the_folder_is_the_one_named_or_of_the_files_name_or_its_own(tmp_path):
    draw(tmp_path / "cells", "classification", ("a", "b"), "class_folders")
    file = declare(tmp_path / "cells.toml", FOLDERS)
    assert data_set_of(file).declared.folder == tmp_path / "cells"
    shutil.move(tmp_path / "cells", tmp_path / "elsewhere")
    file = declare(tmp_path / "cells.toml", FOLDERS, 'folder = "elsewhere"')
    assert len(read_data(data_set_of(file), tmp_path).cases) == 24
    file = declare(tmp_path / "elsewhere" / "bench.toml", FOLDERS)
    assert data_set_of(file).declared.folder == tmp_path / "elsewhere"


def test_a_folder_that_is_missing_is_said_with_the_way_to_a_phantom_that_works(tmp_path, bench):
    file = declare(tmp_path / "my.toml", FOLDERS, 'folder = "nowhere"\nclasses = ["a", "b"]')
    done = bench("data", "fingerprint", "--data", file)
    assert done.code == 3
    assert f"{tmp_path / 'nowhere'}: this folder is missing" in done.err
    assert f"bench run --data-root $(bench data phantom --data {file}) --data {file}" in done.err
    root = bench("data", "phantom", "--data", file, "--cache", tmp_path / "cache").out.strip()
    assert bench("data", "verify", "--data", file, "--data-root", root).code == 0
    undeclared = declare(tmp_path / "my.toml", FOLDERS, 'folder = "nowhere"')
    with pytest.raises(DataError, match=r"this folder is missing, so that its classes are unknown.\nCorrect `folder`"):
        task_of(undeclared)


@pytest.mark.parametrize(
    ("top", "message"),
    [
        ('classes = ["a"]', "classification needs at least 2 classes, found 1: a"),
        ('classes = ["a", "a"]', "stands there twice"),
        ('classes = ["a", ""]', "twice or is empty"),
    ],
)
def test_classes_are_checked(tmp_path, top, message):
    with pytest.raises(DataError, match=message):
        task_of(declare(tmp_path / "my.toml", FOLDERS, top))


def test_an_empty_folder_is_named(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=rf"at least 2 classes, found 0 in {tmp_path / 'empty'}.\nDeclare them"):
        task_of(declare(tmp_path / "my.toml", FOLDERS, 'folder = "empty"'))


def test_subjects_and_sites_are_found_in_ids(tmp_path):
    draw(tmp_path / "data", "classification", ("a", "b"), "class_folders")
    for path in sorted((tmp_path / "data").rglob("*.png")):
        number = int(path.stem[-3:])
        path.rename(path.with_name(f"{'north' if number < 6 else 'south'}-p{number % 3}-{path.name}"))
    top = 'folder = "data"\nsubject = "-(p[0-9])-"\nsite = "/([a-z]+)-"'
    file = declare(tmp_path / "my.toml", FOLDERS, top)
    data_set = data_set_of(file)
    assert data_set.domains == ("north", "south")
    cases = read_data(data_set, tmp_path).cases
    assert {(case.subject, case.domain) for case in cases} == {(f"p{i}", s) for i in range(3) for s in data_set.domains}
    wrong = data_set_of(declare(tmp_path / "my.toml", FOLDERS, f'{top}\nsites = ["north", "southern"]'))
    with pytest.raises(DataError, match=r"'south' is none of the declared ones.*Did you mean 'southern'\?\nAdd it"):
        list_cases(wrong, tmp_path / "data")
    wrong = data_set_of(declare(tmp_path / "my.toml", FOLDERS, 'folder = "data"\nsubject = "^(x)"'))
    with pytest.raises(DataError, match="finds no subject in"):
        read_data(wrong, tmp_path)


def test_expressions_are_of_the_owners_names_and_not_of_the_phantoms(tmp_path):
    top = 'classes = ["a", "b"]\nsubject = "^(patient[0-9]+)_"\nsite = "_(north|south)_"\nsites = ["north", "south"]'
    data_set = data_set_of(declare(tmp_path / "my.toml", FOLDERS, top))
    cases = read_data(data_set, ensure_phantom(data_set, tmp_path / "cache")).cases
    assert len(cases) == 24
    assert {case.domain for case in cases} == {"north", "south"}


def test_sites_that_nothing_tells_are_an_error(tmp_path):
    draw(tmp_path / "data", "classification", ("a", "b"), "class_folders")
    file = declare(tmp_path / "my.toml", FOLDERS, 'folder = "data"\nsites = ["x", "y"]')
    with pytest.raises(DataError, match=r"nothing says of which site it is, and `sites` has x, y.\nSay it in"):
        read_data(data_set_of(file), tmp_path)


def test_identity_follows_the_content_and_no_place(tmp_path):
    layout = 'type = "csv"\nfile = "t.csv"'
    top = 'kind = "segmentation_2d"'
    draw(tmp_path / "one", "segmentation_2d", ("a",), "csv", file="t.csv")
    shutil.copytree(tmp_path / "one", tmp_path / "two" / "deep")
    one = data_set_of(declare(tmp_path / "one" / "bench.toml", layout, top))
    two = data_set_of(declare(tmp_path / "two" / "other.toml", layout, f'{top}\nfolder = "deep"'))
    assert declaration_fingerprint(one) == declaration_fingerprint(two)
    assert read_data(one, tmp_path).fingerprint == read_data(two, tmp_path).fingerprint
    for option in ("lossy = true", 'missing_mask = "empty"'):
        other = data_set_of(declare(tmp_path / "one" / "bench.toml", f"{layout}\n{option}", top))
        assert declaration_fingerprint(other) != declaration_fingerprint(one)
    table = tmp_path / "two" / "deep" / "t.csv"
    lines = table.read_text().splitlines()
    table.write_text("\n".join([f"{lines[0]},subject", *(f"{line},p{i // 2}" for i, line in enumerate(lines[1:]))]))
    assert read_data(two, tmp_path).fingerprint != read_data(one, tmp_path).fingerprint, "subjects change what is drawn"


def write_table(folder, columns, rows):
    """A table of labelled pictures, one a row, with these columns beside their paths."""
    draw(folder, "classification", ("a", "b"), "csv", file="all.csv")
    pictures = sorted((folder / "images").iterdir())
    lines = [f"images/{p.name},{row}" for p, row in zip(pictures, rows, strict=False)]
    (folder / "cases.csv").write_text("\n".join([f"path,{columns}", *lines]))


def test_subjects_on_two_sides_are_a_warning_and_a_split_without_training_cases_is_found_by_verify(tmp_path):
    path = declare(
        tmp_path / "set.toml", 'type = "csv"\nfile = "cases.csv"', "kind = 'classification'\nclasses = ['a', 'b']"
    )
    columns = "subject,split,label"
    sides = ["p1,train,a", "p2,train,b", "p3,test,a", "p4,test,b"] * 3
    write_table(tmp_path / "set", columns, sides)
    assert verify(data_set_of(path), tmp_path, Report(quiet=True)).warnings == ()
    write_table(tmp_path / "set", columns, [*sides, "p1,test,a"])
    (line,) = verify(data_set_of(path), tmp_path, Report(quiet=True)).warnings
    assert "set: 1 of 4 subjects have cases on two sides of the owner's split, as p1: scores reward memory" in line
    write_table(tmp_path / "set", columns, [side.replace("train", "validation") for side in sides])
    (problem,) = verify(data_set_of(path), tmp_path, Report(quiet=True)).problems
    assert "6 validation cases and no training case" in problem


def test_a_subject_of_two_sites_is_on_two_sides(tmp_path):
    top = "kind = 'classification'\nclasses = ['a', 'b']\nsites = ['n', 's']"
    path = declare(tmp_path / "set.toml", 'type = "csv"\nfile = "cases.csv"', top)
    write_table(tmp_path / "set", "subject,site,label", ["p1,n,a", "p2,n,b", "p1,s,a", "p4,s,b"])
    (warning,) = read_data(data_set_of(path), tmp_path).warnings
    assert "1 of 3 subjects have cases on two sides of sites or of the owner's split, as p1" in warning


@pytest.mark.parametrize("sites", [["n"], ["n", "n"], ["n", ""]])
def test_sites_are_several_and_each_is_named_once(tmp_path, sites):
    path = declare(
        tmp_path / "set.toml",
        'type = "csv"\nfile = "c.csv"',
        f"kind = 'classification'\nclasses = ['a', 'b']\nsites = {sites}",
    )
    with pytest.raises(DataError, match=r"sites is n.*; expected two or more names, each once"):
        task_of(path)
