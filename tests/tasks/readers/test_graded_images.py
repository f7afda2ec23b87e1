"""Images with a table of grades: FGADR's layout, what can be wrong with it, and the stand-in that is never FGADR."""

import json
from collections import Counter, defaultdict

import pytest

from bench.core.errors import DataError
from bench.core.registry import tasks
from bench.data.dataset import read_data
from bench.data.splits import draw_split
from bench.data.status import data_status
from bench.runs.plan import expand_names
from tasks.dr_patient600 import DR_PATIENT600
from tasks.fgadr import FGADR
from tests.records_of import record, write_boards

TABLE = "Seg-set/DR_Seg_Grading_Label.csv"
IMAGES = "Seg-set/Original_Images"
ROWS = [("0001_1.png", 0), ("0001_2.png", 1), ("0002_1.png", 4), ("0003_1.png", 2)]


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "data" / "fgadr"
    (folder / IMAGES).mkdir(parents=True)
    for name, grade in ROWS:
        (folder / IMAGES / name).write_bytes(f"{name} {grade}".encode())
    write(folder, [f"{name},{grade}" for name, grade in ROWS])
    return tmp_path / "data"


def write(folder, lines):
    (folder / TABLE).write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_reads_grades_and_patients(root):
    data = read_data(FGADR, root)
    assert [(c.id, c.target, c.subject, c.owner_split) for c in data.cases] == [
        (f"{IMAGES}/0001_1.png", 0, "0001", None),
        (f"{IMAGES}/0001_2.png", 1, "0001", None),
        (f"{IMAGES}/0002_1.png", 4, "0002", None),
        (f"{IMAGES}/0003_1.png", 2, "0003", None),
    ]
    assert data.counts["all"] == {"no_dr": 1, "mild": 1, "moderate": 1, "severe": 0, "proliferative": 1}
    assert "fgadr: all/severe has 0 cases; 647 were expected (as published)." in data.warnings


def test_a_byte_order_mark_blank_lines_and_spaces_do_no_harm(root):
    folder = root / "fgadr"
    (folder / TABLE).write_bytes(b"\xef\xbb\xbf0001_1.png, 0\r\n\r\n 0002_1.png ,4\r\n")
    assert [c.target for c in FGADR.reader.read(folder)] == [0, 4]


def test_images_without_a_row_are_left_out_and_said(root):
    write(root / "fgadr", ["0001_1.png,0"])
    (root / "fgadr" / IMAGES / "Thumbs.db").write_bytes(b"x")
    warnings = read_data(FGADR, root).warnings
    assert (
        f"fgadr: 3 images in {IMAGES} have no row in {TABLE} and are not used: 0001_2.png, 0002_1.png, 0003_1.png."
        in (warnings)
    )


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["0001_1.png,0", "0002_1.png,5"], "line 2: the grade of 0002_1.png is '5'; expected 0 to 4."),
        (["0001_1.png,-1"], "line 1: the grade of 0001_1.png is '-1'; expected 0 to 4."),
        (["0001_1.png,2.0"], "line 1: the grade of 0001_1.png is '2.0'"),
        (
            ["file,grade", "0001_1.png,0"],
            "line 1: the grade of file is 'grade'; expected 0 to 4. The table has no header.",
        ),
        (["0001_1.png,0", "", "0001_1.png,0"], "line 3: 0001_1.png stands in line 1 already."),
        (["0001_1.png"], "line 1: expected a file name and a grade; found '0001_1.png'."),
        (["0001_1.png,0,1"], "line 1: expected a file name and a grade; found '0001_1.png,0,1'."),
        (["photo.png,0"], "line 1: 'photo.png' is no file name of the form NNNN_n.png."),
        (["../0001_1.png,0"], "is no file name of the form"),
        ([""], "this table has no rows."),
        (
            ["0001_1.png,0", "0009_1.png,1", "0008_1.png,1"],
            "0009_1.png: there is no such image, and DR_Seg_Grading_Label.csv, line 2, names it (1 more like it).",
        ),
    ],
)
def test_a_wrong_table_names_row_and_file(root, lines, message):
    write(root / "fgadr", lines)
    with pytest.raises(DataError) as caught:
        read_data(FGADR, root)
    text = str(caught.value)
    assert message in text
    assert str(root / "fgadr" / "Seg-set") in text
    assert len(text.splitlines()) == 2, "what to do next"


def test_a_table_that_is_no_text(root):
    (root / "fgadr" / TABLE).write_bytes(b"\xff\xfe\x00\xd8")
    with pytest.raises(DataError, match=r"DR_Seg_Grading_Label\.csv: cannot be read as text"):
        read_data(FGADR, root)


def test_missing_parts_and_a_wrong_level(root):
    folder = root / "fgadr"
    (folder / TABLE).rename(folder / "table.csv")
    with pytest.raises(DataError, match=r"Label\.csv: this file is missing.*\nUnpack"):
        read_data(FGADR, root)
    (folder / "table.csv").rename(folder / TABLE)
    (folder / "release").mkdir()
    (folder / "Seg-set").rename(folder / "release" / "Seg-set")
    with pytest.raises(DataError, match=r"one level deeper: move the content of .*release"):
        read_data(FGADR, root)


def test_patients_stay_on_one_side(phantom_roots):
    for data_set in (FGADR, DR_PATIENT600):
        data = read_data(data_set, phantom_roots)
        assert len(data.cases) == 100
        sides = defaultdict(set)
        for side, cases in draw_split(data, 0).sides.items():
            assert Counter(c.target for c in cases).keys() == set(range(5))
            for case in cases:
                sides[case.subject].add(side)
        assert len(sides) == 50
        assert all(len(found) == 1 for found in sides.values())


@pytest.fixture(scope="module")
def phantom_roots(tmp_path_factory):
    from bench.data.phantom import ensure_phantoms

    return ensure_phantoms([FGADR, DR_PATIENT600], tmp_path_factory.mktemp("graded"))


def test_the_stand_in_is_never_taken_for_fgadr(phantom_roots, tmp_path):
    (tmp_path / "dr_patient600").symlink_to(phantom_roots / "dr_patient600")
    with pytest.raises(DataError) as caught:
        read_data(FGADR, tmp_path)
    assert "Rename" not in str(caught.value)
    assert str(caught.value).startswith(f"{tmp_path / 'fgadr'}: this folder is missing")
    (tmp_path / "fgadr").symlink_to(phantom_roots / "dr_patient600")
    with pytest.raises(DataError, match=r"is no file name of the form NNNN_n\.png"):
        read_data(FGADR, tmp_path)


def test_the_stand_in_says_what_it_is_and_is_not_part_of_all(phantom_roots, bench):
    warning = "dr_patient600: a stand-in for fgadr; its scores are not that data set's."
    assert warning in read_data(DR_PATIENT600, phantom_roots).warnings
    names = expand_names("all", tasks())
    assert {"fgadr", "fgadr_linear"} <= set(names)
    assert not [name for name in names if "600" in name]
    assert expand_names("dr_patient600", tasks()) == ["dr_patient600"]
    listed = bench("list", "tasks").out
    assert "stand-in for fgadr, not part of `all`" in listed
    assert "stand-in for: fgadr; no task of the benchmark" in bench("show", "dr_patient600_linear").out
    assert "stand-in" not in bench("show", "fgadr").out


def test_runs_score_grades_with_kappa_and_mark_the_stand_in(phantom_roots, bench, tmp_path):
    done = bench(
        "run", "--method", "random", "--task", "fgadr,dr_patient600", "--protocol", "knn", "--seed", "0", "--data-root",
        phantom_roots, "--cache", tmp_path / "cache", "--results", tmp_path / "results", "--set=task.image_size=32",
    )  # fmt: skip
    assert done.code == 0, done.err
    found = {r["task"]: r for r in (json.loads(p.read_text()) for p in (tmp_path / "results/runs").rglob("*.json"))}
    assert {name: r["stand_in_for"] for name, r in found.items()} == {"fgadr": None, "dr_patient600": "fgadr"}
    assert all(-1 <= r["metrics"]["quadratic_kappa"] <= 1 for r in found.values())
    assert any("stand-in for fgadr" in w for w in found["dr_patient600"]["warnings"])


def test_mean_ranks_leave_stand_ins_out(tmp_path):
    def runs(**changes):
        return [record(method, seed, 0.5 + 0.1 * (method == "byol"), **changes) for method in ("byol", "dino")
                for seed in (0, 1)]  # fmt: skip

    stand_in = runs(task="dr_patient600", data_set="dr_patient600", stand_in_for="fgadr")
    write_boards(tmp_path, [*runs(), *stand_in])
    overall = (tmp_path / "leaderboard" / "real-quick-overall.csv").read_text()
    assert "brain_tumor" in overall
    assert "dr_patient600" not in overall
    assert "dr_patient600" in (tmp_path / "leaderboard" / "real-quick.csv").read_text()


@pytest.mark.real_data
def test_real_photographs_of_patients(real_root):
    if not (real_root / "dr_patient600").is_dir():
        pytest.skip("dr_patient600 is not there")
    data = read_data(DR_PATIENT600, real_root)
    assert len(data.cases) == 593
    assert [w for w in data.warnings if "expected" in w] == []
    (status,) = data_status(real_root, [DR_PATIENT600])
    assert status.state == "found"
    split = draw_split(data, 0)
    patients = [{case.subject for case in side} for side in split.sides.values()]
    assert not patients[0] & patients[1]
    assert not (patients[0] | patients[1]) & patients[2]
    assert all({case.target for case in side} == set(range(5)) for side in split.sides.values())
