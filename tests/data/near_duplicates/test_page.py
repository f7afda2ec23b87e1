"""The page of copies: pictures inside the file, names escaped, alarming groups first."""

import base64
import re
from dataclasses import replace

from bench.core.console import Report
from bench.data.dataset import read_data
from bench.data.near_duplicates.groups import find_copies
from bench.data.near_duplicates.page import write_page
from tasks.brain_tumor import BRAIN_TUMOR
from tasks.mmwhs_ct import MMWHS_CT


def test_page_holds_pictures_and_no_links(phantom_root, tmp_path):
    data = read_data(BRAIN_TUMOR, phantom_root)
    copies = find_copies(data, Report(quiet=True))
    write_page(tmp_path / "p.html", data, copies, copies.near)
    page = (tmp_path / "p.html").read_text(encoding="utf-8")
    pictures = re.findall(r'src="data:image/jpeg;base64,([^"]+)"', page)
    assert len(pictures) == sum(map(len, copies.near))
    assert all(base64.b64decode(picture).startswith(b"\xff\xd8") for picture in pictures)
    assert "http" not in page
    assert page.index("On both sides of the owner") < page.index("Group 2</h2>")
    assert all(name in page for group in copies.near for name in group)


def test_names_are_escaped(phantom_root, tmp_path):
    data = read_data(BRAIN_TUMOR, phantom_root)
    copies = find_copies(data, Report(quiet=True))
    evil = "<script>alert(1)</script>&.jpg"
    first = copies.near[0][0]
    cases = tuple(replace(case, id=evil) if case.id == first else case for case in data.cases)
    renamed = replace(data, cases=cases, hashes=data.hashes | {evil: data.hashes[first]})
    groups = [tuple(evil if name == first else name for name in copies.near[0])]
    write_page(tmp_path / "p.html", renamed, copies, groups)
    page = (tmp_path / "p.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&amp;.jpg" in page


def test_volumes_are_named_without_a_picture(segmentation_root, tmp_path):
    data = read_data(MMWHS_CT, segmentation_root)
    copies = find_copies(data, Report(quiet=True))
    names = tuple(case.id for case in data.cases[:2])
    write_page(tmp_path / "p.html", data, copies, [names])
    page = (tmp_path / "p.html").read_text(encoding="utf-8")
    assert all(name in page for name in names)
    assert "<img" not in page
