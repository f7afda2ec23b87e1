"""Sites that files add to another task's data set."""

import shutil
from dataclasses import replace

import pytest

from bench.core.errors import DataError, PluginError
from bench.core.identity import declaration_fingerprint
from bench.core.registry import tasks
from bench.data.dataset import read_data
from bench.data.own.declaration import read_declaration
from bench.data.own.made import make_task
from bench.data.own.sites import add_sites, has_real_sites
from bench.data.phantom import ensure_phantom
from bench.data.splits import draw_split
from tests.own_data import declare, draw

CASES = {
    "drive": ('type = "masks"\nimages = "{case}.png"\nmasks = "m/{case}.png"', "load_masks"),
    "kvasir_det": ('type = "csv"\nfile = "t.csv"', "load_image"),
    "brain_tumor": ('type = "class_folders"', None),
}


def sited(tmp_path, name="drive"):
    base = tasks().get(name)
    path = declare(tmp_path / "more" / "more.toml", CASES[name][0], f'site_of = "{name}"')
    return base, add_sites(base, [make_task(path, read_declaration(path), base).data])


@pytest.mark.parametrize("name", ["drive", "kvasir_det", "brain_tumor"])
def test_the_data_set_is_split_as_before_and_the_site_is_tested(tmp_path, name):
    base, both = sited(tmp_path, name)
    assert (both.name, both.kind, both.metric) == (f"{name}+more", base.kind, base.metric)
    assert both.data.domains == (base.data.name, "more")
    data = read_data(both.data, ensure_phantom(both.data, tmp_path / "cache"))
    alone = read_data(base.data, ensure_phantom(base.data, tmp_path / "cache"))
    split, before = draw_split(data, 1), draw_split(alone, 1)
    for side in ("train", "validation"):
        assert [c.id for c in getattr(split, side)] == [c.id for c in getattr(before, side)]
    own = [c for c in split.test if c.domain == base.data.name]
    assert [c.id for c in own] == [c.id for c in before.test]
    foreign = [c for c in split.test if c.domain == "more"]
    assert len(foreign) == len(data.cases) - len(alone.cases) > 0
    assert all(case.id.startswith("more/") for case in foreign)
    if load := CASES[name][1]:
        for case in (own[0], foreign[0]):
            assert getattr(data.data_set.reader, load)(case) is not None


def test_sites_of_the_data_set_itself_stay(tmp_path):
    from bench.core.task import Declared

    base = tasks().get("prostate")
    more = replace(base.data, name="more", domains=(), declared=Declared(tmp_path, "more-1"))
    both = add_sites(base, [more])
    assert both.data.domains == (*base.data.domains, "more")


def test_a_warning_where_only_some_sites_have_a_region(tmp_path):
    _, both = sited(tmp_path)
    data = read_data(both.data, ensure_phantom(both.data, tmp_path / "cache"))
    (warning,) = data.warnings
    assert "cases of drive have a region (field of view) and those of more none" in warning
    reader = data.data_set.reader
    by_site = {case.domain: reader.load_region(case) for case in data.cases}
    assert by_site["more"] is None
    assert by_site["drive"].any()


def test_identity_has_the_site_and_its_form_but_no_place(tmp_path):
    _, one = sited(tmp_path / "one")
    _, two = sited(tmp_path / "two")
    assert declaration_fingerprint(one.data) == declaration_fingerprint(two.data)
    base = tasks().get("drive")
    path = declare(tmp_path / "more" / "more.toml", f"{CASES['drive'][0]}\nlossy = true", 'site_of = "drive"')
    other = add_sites(base, [make_task(path, read_declaration(path), base).data])
    assert declaration_fingerprint(other.data) != declaration_fingerprint(one.data)


def test_a_site_whose_folder_is_missing(tmp_path):
    base = tasks().get("drive")
    root = ensure_phantom(base.data, tmp_path / "root")
    (root / "PHANTOM.json").unlink()
    draw(tmp_path / "more", "segmentation_2d", ("vessel",), "masks", images="{case}.png", masks="m/{case}.png")
    _, both = sited(tmp_path)
    assert has_real_sites(both.data)
    assert len(read_data(both.data, root).cases) == 16 + 24
    shutil.rmtree(tmp_path / "more")
    with pytest.raises(DataError, match="this folder of the site more is missing"):
        read_data(both.data, root)


def test_kinds_without_known_readers_take_no_sites(tmp_path):
    base, both = sited(tmp_path)
    with pytest.raises(PluginError, match="Sites cannot be added"):
        add_sites(replace(base, kind="tracking"), [both.data])
