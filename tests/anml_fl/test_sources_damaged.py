"""A damaged file is named, with the line and what is wrong in it."""

import gzip

import pytest

from anml_fl.datasets.sources import load

HEAD = "a,b,label\n"


def write(folder, name, text):
    (folder / name).write_bytes(gzip.compress(text.encode()))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("ANML_DATA_DIR", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    ("name", "file"), [("adult", "adult_train"), ("covertype", "covtype_20k")]
)
@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "with a header line"),
        (HEAD, "a header and no rows"),
        (HEAD + "1,2,0\n1,2\n", "line 3: 2 columns, but the header has 3"),
    ],
)
def test_rows_that_do_not_fit_are_told(folder, name, file, text, told):
    write(folder, f"{file}.csv.gz", text)
    with pytest.raises(OSError, match=told) as error:
        load(name)
    assert file in str(error.value)


@pytest.mark.parametrize("damage", [lambda b: b"no", lambda b: b[: len(b) // 2]])
@pytest.mark.parametrize(
    ("name", "file"), [("adult", "adult_train"), ("covertype", "covtype_20k")]
)
def test_a_file_that_is_cut_or_no_gzip_is_told(folder, name, file, damage):
    whole = gzip.compress((HEAD + "1,2,0\n3,4,1\n" * 500).encode(), mtime=0)
    (folder / f"{file}.csv.gz").write_bytes(damage(whole))
    with pytest.raises(OSError, match="no gzipped table"):
        load(name)


@pytest.mark.parametrize(
    ("cell", "told"), [("x", "numbers alone"), ("nan", "line 2: a number is not finite")]
)
def test_covertype_holds_finite_numbers_alone(folder, cell, told):
    write(folder, "covtype_20k.csv.gz", HEAD + f"{cell},2,0\n")
    with pytest.raises(OSError, match=told):
        load("covertype")
