"""A damaged file is named, with the line and what is wrong in it."""

import gzip

import pytest

from anml_fl.datasets.loading import load
from anml_fl.datasets.sources import adult, covertype

PERSON = {
    "age": "39", "workclass": "Private", "fnlwgt": "77516", "education": "Bachelors",
    "education-num": "13", "marital-status": "Divorced", "occupation": "Sales",
    "relationship": "Wife", "race": "Other", "sex": "Female", "capital-gain": "0",
    "capital-loss": "0", "hours-per-week": "40", "native-country": "Peru", "income": "<=50K",
}  # fmt: skip
RICH = {**PERSON, "income": ">50K"}
PATCH = dict.fromkeys(covertype.SCHEMA.names, "1") | {"Cover_Type": "7"}
OTHER = {**PATCH, "Cover_Type": "2"}
FILES = {
    "adult": ("adult_train.csv.gz", adult.SCHEMA.names, [PERSON, RICH]),
    "covertype": ("covtype_20k.csv.gz", covertype.SCHEMA.names, [PATCH, OTHER]),
}


def text(names, rows):
    return "\n".join(
        [",".join(names), *(",".join(row[name] for name in names) for row in rows)]
    )


@pytest.fixture
def write(tmp_path, monkeypatch):
    monkeypatch.setenv("ANML_DATA_DIR", str(tmp_path))

    def write(name, content):
        (tmp_path / FILES[name][0]).write_bytes(gzip.compress(content.encode(), mtime=0))
        return tmp_path / FILES[name][0]

    return write


both = pytest.mark.parametrize("name", FILES)


@both
def test_a_good_file_is_read(write, name):
    _, names, rows = FILES[name]
    write(name, text(names, rows))
    assert load(name).labels.tolist() == {"adult": [0, 1], "covertype": [6, 1]}[name]


@both
@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda good: "", "line 1: the header has no column"),
        (lambda good: good.partition("\n")[0], "a header and no rows"),
        (lambda good: good + "\n1,2", "line 4: 2 values, but the header has"),
        (lambda good: good.replace(",", " "), "line 1: the header has no column"),
        (lambda good: good.partition("\n")[2], "line 1: the header has no column"),
        (lambda good: "\n".join(good.split("\n")[:2] * 2), "line 3, column"),
    ],
)
def test_rows_that_do_not_fit_are_told(write, name, spoil, told):
    file, names, rows = FILES[name]
    write(name, spoil(text(names, rows)))
    with pytest.raises(OSError, match=told) as error:
        load(name)
    assert file in str(error.value)


@both
@pytest.mark.parametrize(
    "damage", [lambda b: b"no", lambda b: b[: len(b) // 2], lambda b: b""]
)
def test_a_file_that_is_cut_or_no_gzip_is_told(write, name, damage):
    _, names, rows = FILES[name]
    path = write(name, text(names, rows * 500))
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(OSError, match=r"is no whole gzip file|the header has no column"):
        load(name)


@pytest.mark.parametrize(
    ("name", "column", "cell", "told"),
    [
        ("covertype", "Aspect", "x", "line 3, column Aspect: must be a number .*, got 'x'"),
        (
            "covertype",
            "Slope",
            "nan",
            "column Slope: must be a number from 0 to 90, got 'nan'",
        ),
        (
            "covertype",
            "Soil_Type7",
            "2",
            "column Soil_Type7: must be a number from 0 to 1, got",
        ),
        ("covertype", "Cover_Type", "0", "must be 1, 2, 3, 4, 5, 6 or 7, got '0'"),
        ("covertype", "Cover_Type", "7", "each is 7; some must be 1, 2, 3, 4, 5 or 6"),
        ("adult", "age", "old", "column age: must be a number from 0 to 130, got 'old'"),
        ("adult", "sex", "female", "column sex: must be Female or Male, got 'female'"),
        ("adult", "workclass", "", r"one of 9 known values, as \?, .*, got an empty cell"),
        ("adult", "native-country", "Perù", r"42 known values, as Peru.*, got 'Per\\xf9'"),
        ("adult", "income", "<=50K", "each is <=50K; some must be >50K"),
    ],
)
def test_a_cell_that_is_no_known_value_is_told(write, name, column, cell, told):
    _, names, (first, second) = FILES[name]
    write(name, text(names, [first, {**second, column: cell}]))
    with pytest.raises(OSError, match=told):
        load(name)
