"""Splits from a file: what is read, what is refused, and what they change."""

from dataclasses import replace

import pytest

from bench.core.console import Report
from bench.core.errors import DataError
from bench.data.dataset import read_data
from bench.data.duplicates import find_duplicates
from bench.data.split_files import read_split, selection_note
from bench.data.splits import draw_split, write_split
from tasks.brain_tumor import BRAIN_TUMOR

REPORT = Report(quiet=True)


@pytest.fixture(scope="module")
def data(whole_phantom_root):
    return read_data(BRAIN_TUMOR, whole_phantom_root)


def write(path, rows, header="case,split"):
    path.write_text("\n".join([header, *(",".join(row) for row in rows)]) + "\n")
    return path


def test_a_written_split_reads_back(data, tmp_path):
    drawn = draw_split(data, 3)
    write_split(drawn, tmp_path / "s.csv")
    read = read_split(data, tmp_path / "s.csv", 0, REPORT)
    assert (read.train, read.validation, read.test) == (drawn.train, drawn.validation, drawn.test)
    assert read.fingerprint == drawn.fingerprint
    assert drawn.given is None
    assert len(read.given) == 64
    assert find_duplicates(data, read) == find_duplicates(data, drawn)


def test_validation_is_drawn_by_seed_and_unnamed_cases_are_left_out(data, tmp_path, capsys):
    drawn = draw_split(data, 0)
    rows = [(c.id, "train") for c in drawn.train] + [(c.id, "test") for c in drawn.test[1:]]
    path = write(tmp_path / "s.csv", rows)
    one, two = (read_split(data, path, seed, Report()) for seed in (1, 2))
    assert one.test == two.test == drawn.test[1:]
    assert one.validation != two.validation
    assert set(one.train) | set(one.validation) == set(drawn.train)
    assert one.given == two.given
    assert f"leaves out {len(drawn.validation) + 1} of 280 cases" in " ".join(capsys.readouterr().err.split())


def test_what_is_refused(data, tmp_path):
    a, b = data.cases[0].id, data.cases[1].id
    path = tmp_path / "s.csv"
    for rows, message in (
        ([(a + "x", "train")], r"line 2: brain_tumor has no case .* Did you mean "),
        ([(a, "train"), (a, "test")], r"line 3: the case .* stands in line 2 already"),
        ([(a, "trian")], "line 2: unknown split 'trian'; expected one of train, validation, test"),
        ([(a, "train"), (b, "validation")], "no case is in 'test'"),
        ([(a, "test")], "no case is in 'train'"),
    ):
        with pytest.raises(DataError, match=message):
            read_split(data, write(path, rows), 0, REPORT)
    with pytest.raises(DataError, match="expected the columns case and split; found: image, fold"):
        read_split(data, write(path, [(a, "1")], header="image,fold"), 0, REPORT)
    path.write_bytes(b"\xff\xfe\x00case")
    with pytest.raises(DataError, match="cannot be read as text"):
        read_split(data, path, 0, REPORT)


def test_a_subject_on_two_sides_is_refused(data, tmp_path):
    cases = tuple(replace(c, subject=f"patient {i // 2}") for i, c in enumerate(data.cases))
    rows = [(cases[0].id, "train"), (cases[1].id, "test"), (cases[2].id, "train")]
    with pytest.raises(DataError, match=r"subject 'patient 0' is on 2 sides: .*\(line 2\), .* in test \(line 3\)"):
        read_split(replace(data, cases=cases), write(tmp_path / "s.csv", rows), 0, REPORT)


def with_domains(data):
    cases = tuple(replace(c, domain="ABC"[i % 3], owner_split=None) for i, c in enumerate(data.cases))
    return replace(data, cases=cases, data_set=replace(data.data_set, domains=("A", "B", "C")))


def test_other_domains_are_test_only(data, tmp_path):
    several = with_domains(data)
    split = draw_split(several, 0)
    assert {c.domain for c in split.train + split.validation} == {"A"}
    assert {c.domain for c in split.test} == {"A", "B", "C"}
    assert sum(c.domain != "A" for c in split.test) == sum(c.domain != "A" for c in several.cases)
    n_a = sum(c.domain == "A" for c in several.cases)
    assert 0.15 <= sum(c.domain == "A" for c in split.test) / n_a <= 0.25
    rows = [(c.id, "train" if i < 9 else "test") for i, c in enumerate(several.cases[:12])]
    with pytest.raises(DataError, match=r"is trained on 'A' only\. Make it a test case"):
        read_split(several, write(tmp_path / "s.csv", rows), 0, REPORT)


def test_domains_that_a_file_leaves_out_are_test_cases_with_a_notice(data, tmp_path, capsys):
    several = with_domains(data)
    of = {d: [c for c in several.cases if c.domain == d] for d in "ABC"}
    rows = [(c.id, "train" if i % 3 else "test") for i, c in enumerate(of["A"])]
    split = read_split(several, write(tmp_path / "s.csv", rows), 0, Report())
    assert {d: sum(c.domain == d for c in split.test) for d in "ABC"} == {
        "A": sum(side == "test" for _, side in rows), "B": len(of["B"]), "C": len(of["C"]),
    }  # fmt: skip
    said = " ".join(capsys.readouterr().err.split())
    assert f"s.csv names no case of B, C: all {len(of['B'] + of['C'])} are test cases, as in a drawn split." in said
    assert "leaves out" not in said
    some = read_split(several, write(tmp_path / "s.csv", [*rows, (of["B"][0].id, "test")]), 0, Report())
    assert [c for c in some.test if c.domain == "B"] == of["B"][:1], "what a file names of a domain is all of it"
    assert f"leaves out {len(of['B']) - 1} of {len(several.cases)} cases" in " ".join(capsys.readouterr().err.split())


def test_the_trained_domain_needs_test_cases(data, tmp_path):
    several = with_domains(data)
    rows = [(c.id, "train" if c.domain == "A" else "test") for c in several.cases]
    with pytest.raises(DataError, match=r"no test case is of the domain 'A'; scores are means .*\(A, B, C\)"):
        read_split(several, write(tmp_path / "s.csv", rows), 0, REPORT)
    rows = [(c.id, "train") for c in several.cases if c.domain == "A"]
    with pytest.raises(DataError, match="no case is in 'test'"):
        read_split(several, write(tmp_path / "s.csv", rows), 0, REPORT)


def test_cli(bench, whole_phantom_root, data, tmp_path):
    common = (
        "run",
        "-m",
        "random",
        "--seed",
        "0",
        "--data-root",
        whole_phantom_root,
        "--results",
        tmp_path / "r",
        "--json",
    )
    fast = ("-t", "brain_tumor_linear", "--cache", tmp_path / "c")
    drawn = draw_split(data, 0)
    write_split(drawn, tmp_path / "s.csv")
    assert bench(*common, *fast).code == 0
    given = bench(*common, *fast, "--split", tmp_path / "s.csv")
    assert given.code == 0, given.err
    assert '"made": 1' in given.out, "the same cases by another way are a run of their own"
    assert '"made": 0' in bench(*common, *fast, "--split", tmp_path / "s.csv").out
    missing = bench(*common, *fast, "--split", tmp_path / "none.csv")
    assert (missing.code, "no such file" in missing.err) == (2, True)
    write(tmp_path / "bad.csv", [("x", "train")])
    bad = bench(*common, *fast, "--split", tmp_path / "bad.csv")
    assert (bad.code, "bad.csv, line 2: brain_tumor has no case 'x'" in bad.err) == (3, True)


@pytest.mark.parametrize("name", ["a\nb", "a\u2028b", "a\x85b", "a\rb", "a\x0bb", 'a"b', "a,b", " a ", "=1+1"])
def test_any_name_of_a_case_comes_back(data, tmp_path, name):
    odd = replace(data.cases[0], id=name)
    renamed = replace(data, cases=(odd, *data.cases[1:]), hashes={**data.hashes, name: data.hashes[data.cases[0].id]})
    drawn = draw_split(renamed, 0)
    write_split(drawn, tmp_path / "s.csv")
    found = read_split(renamed, tmp_path / "s.csv", 0, REPORT)
    assert found.fingerprint == drawn.fingerprint
    assert name in {case.id for side in found.sides.values() for case in side}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"case,split\n\xff,train\n", "cannot be read as text: byte 0xff at position 11"),
        (b'case,split\n"a,train\n', "cannot be read as CSV: unexpected end of data"),
        (b"case,split\na,train,more\n", "line 2 has more fields than columns"),
        (b"case,split\n" + b"a" * 200_000 + b",train\n", "field larger than field limit"),
    ],
)
def test_bytes_that_are_no_table(data, tmp_path, content, message):
    (tmp_path / "s.csv").write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_split(data, tmp_path / "s.csv", 0, REPORT)


def test_validation_may_be_the_whole_test_side_with_a_warning(tiny, tiny_root, tmp_path, capsys):
    data = read_data(tiny, tiny_root)
    test = [case.id for case in data.cases if case.owner_split == "test"]
    train = [case.id for case in data.cases if case.owner_split != "test"]
    rows = [*((i, "train") for i in train), *((i, side) for i in test for side in ("test", "validation"))]
    (tmp_path / "s.csv").write_text("case,split\n" + "".join(f"{i},{side}\n" for i, side in rows))
    split = read_split(data, tmp_path / "s.csv", 0, Report())
    assert [case.id for case in split.validation] == [case.id for case in split.test] == test
    said = " ".join(capsys.readouterr().err.split())
    assert f"its {len(test)} validation cases are its test cases, so that selection sees the test set" in said
    assert "selection sees the test set" in selection_note(split)[0]
    write_split(split, tmp_path / "again.csv")
    assert read_split(data, tmp_path / "again.csv", 0, Report(quiet=True)).fingerprint == split.fingerprint
    some = [row for row in rows if row != (test[0], "validation")]
    (tmp_path / "s.csv").write_text("case,split\n" + "".join(f"{i},{side}\n" for i, side in some))
    with pytest.raises(DataError, match="stands in line"):
        read_split(data, tmp_path / "s.csv", 0, Report(quiet=True))
