"""The form of a table: every mistake in it is one error that names the line and the fix."""

import pytest
from pydantic import ValidationError

from bench.core.errors import DataError
from tasks.layouts.table_form import TableForm


class Form(TableForm):
    kinds = ("classification",)
    example = ""

    def reader(self, kind, classes):
        raise NotImplementedError


def rows(folder, content, **options):
    if content is not None:
        (folder / "t.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    return Form(file="t.csv", **options).rows(folder, ("path", "label"))


def test_rows_have_the_known_columns_and_their_place(tmp_path):
    found = rows(tmp_path, "other,path,label\n1, a.png ,x\n\n2,b.png,y,\n")
    assert [row.values for row in found] == [{"path": "a.png", "label": "x"}, {"path": "b.png", "label": "y"}]
    assert found[1].place == f"{tmp_path / 't.csv'}, line 4"


MISTAKES = {
    "no table": (None, r"t.csv: there is no such table \(found: nothing\).\nCorrect `file`"),
    "nothing in it": ("", "the column 'path' is missing"),
    "no row": ("path,label\n", "this table has no rows"),
    "a column missing": (
        "image,label\na,b\n",
        r"the column 'path' is missing. Found, with the delimiter ',': image, label",
    ),
    "a column misspelt": ("path,lable\na,b\n", "the column 'label' is missing. Did you mean 'lable'"),
    "a column twice": ("path,label,label\na,b,c\n", "the column 'label' is there twice"),
    "fields shifted by an index": ("path,label\n0,a,b\n1,c,d\n", "line 2 has 3 fields for 2 columns"),
    "a field too few": ("path,label\na,b\nc\n", "line 3 has 1 fields for 2 columns"),
    "no UTF-8": (b"path,label\ncaf\xe9,b\n", r"is not UTF-8 text.\nSave the table as UTF-8, or .*encoding = .cp1252."),
    "quotes that do not end": ('path,label\n"a,b\n', "cannot be read as CSV"),
    "a picture": (b"\x89PNG\r\n\x1a\n\x00\x00", "is not UTF-8 text"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_error(tmp_path, mistake):
    content, message = MISTAKES[mistake]
    with pytest.raises(DataError, match=message) as error:
        rows(tmp_path, content)
    assert "t.csv" in str(error.value)


def test_the_advice_works(tmp_path):
    assert rows(tmp_path, "image,label\na,b\n", columns={"path": "image"})[0].values == {"path": "a", "label": "b"}
    assert rows(tmp_path, b"path,label\ncaf\xe9,b\n", encoding="cp1252")[0].values["path"] == "café"
    assert rows(tmp_path, 'path,label\n"a,b",c\n')[0].values["path"] == "a,b"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"columns": {"pth": "image"}}, "unknown column 'pth'. Did you mean 'path'"),
        ({"delimiter": ", "}, "one character"),
        ({"encoding": "klingon"}, "there is no encoding 'klingon'"),
    ],
)
def test_options_are_checked(options, message):
    with pytest.raises(ValidationError, match=message):
        Form(file="t.csv", **options)
