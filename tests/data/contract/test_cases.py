"""What `Reader.read` gives is checked before anything else is done with it."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from bench.core.errors import DataError, PluginError
from bench.core.task import Box, BoxTarget, Case, DataSet
from bench.data.contract.cases import checked_cases, content_hash, target_problem


@dataclass(frozen=True)
class Reader:
    layout = "x"

    def matches(self, folder):
        return True

    def read(self, folder):
        return []


SET = DataSet("own", "Own", Reader(), ("a", "b"), modality="-", citation="-", licence="-", obtain="-")


def case(number=0, **changes):
    return replace(Case(f"{number}.png", Path(f"/d/{number}.png"), 0, None), **changes)


def test_cases_are_sorted_and_their_classes_are_numbers_of_python():
    found = checked_cases(SET, [case(1, target=np.int64(1)), case(0)])
    assert [(c.id, c.target, type(c.target)) for c in found] == [("0.png", 0, int), ("1.png", 1, int)]
    assert [c.content for c in found] == [None, None]


def test_cases_of_one_file_are_told_apart_by_their_ids_unless_a_key_is_given():
    file = Path("/d/all.npz")
    cases = [case(i, image=file) for i in range(2)] + [case(2, image=file, content="hash"), case(3)]
    found = checked_cases(SET, cases)
    assert [c.content for c in found] == ["0.png", "1.png", "hash", None]
    hashes = [content_hash(c, "0" * 64) for c in found]
    assert len(set(hashes)) == 4
    assert hashes[3] == "0" * 64
    assert content_hash(found[0], "1" * 64) != hashes[0]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"id": 3}, "id of the case 3 is 3; expected a text"),
        ({"id": "/etc/x"}, "no path inside the data set's folder"),
        ({"id": "../x"}, "no path inside the data set's folder"),
        ({"image": "/d/0.png"}, r"image of the case '0.png' is '/d/0.png'; expected a pathlib.Path"),
        ({"labels": [Path("/d/m.png")]}, "labels of the case .* expected a tuple of pathlib.Path"),
        ({"owner_split": "training"}, r"owner_split .* is 'training'; expected one of \('train'"),
        ({"subject": 7}, "subject of the case '0.png' is 7; expected a text or None"),
        ({"content": 7}, "content of the case '0.png' is 7"),
        ({"target": BoxTarget(9, 9, ((0, 1, 1, 2, 2),))}, r"the box \(0, 1, 1, 2, 2\) of 0.png is no bench.Box"),
    ],
)
def test_a_part_of_another_type_is_a_mistake_of_the_reader(changes, message):
    with pytest.raises(PluginError, match=message) as caught:
        checked_cases(SET, [case(**changes)])
    assert "Reader.read" in str(caught.value)


@pytest.mark.parametrize(("found", "message"), [(None, "gave a NoneType"), ("text", "gave a str"), ([1], "gave a int")])
def test_what_is_no_list_of_cases(found, message):
    with pytest.raises(PluginError, match=f"Reader.read {message}"):
        checked_cases(SET, found)


def test_two_cases_of_one_id():
    with pytest.raises(DataError, match=r"Reader.read: 1 ids are those of several cases, as '0.png'"):
        checked_cases(SET, [case(0), case(0, image=Path("/d/other.png"))])


def test_a_domain_that_is_not_declared():
    with pytest.raises(DataError, match="its domain None is none of here, there"):
        checked_cases(replace(SET, domains=("here", "there")), [case(0)])


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (2, "its label 2 is none of the 2 classes"),
        (-1, "its label -1 is none of the 2 classes"),
        (BoxTarget(9, 9, (Box(2, 1, 1, 3, 3),)), "has the label 2"),
        (BoxTarget(9, 9, (Box(0, 1, 1, 1, 3),)), "has no area"),
        (BoxTarget(9, 9, (Box(0, 1, 3, 4, 3),)), "has no area"),
        (BoxTarget(9, 9, (Box(0, 3, 1, 1, 3),)), "is not inside its image of 9 x 9 pixels, or not a box"),
        (BoxTarget(9, 9, (Box(0, 1, 1, 10, 3),)), "is not inside its image"),
        (BoxTarget(9, 9, (Box(0, float("nan"), 1, 3, 3),)), "is not inside its image"),
        (BoxTarget(0, 9, ()), "on an image of 0 x 9 pixels, which is none"),
    ],
)
def test_classes_and_boxes(target, message):
    with pytest.raises(DataError, match=message):
        checked_cases(SET, [case(target=target)])
    assert message.split(" of ")[0] in target_problem(SET, case(target=target))
