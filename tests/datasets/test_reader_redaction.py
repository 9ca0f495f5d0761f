"""What no message of a table's reader shows: rows, whatever was done to the file."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anml_fl.datasets.reader import read_table
from anml_fl.datasets.sources.heart_disease import SCHEMA
from anml_fl.datasets.table import TableError

# 40 patients whose age and blood pressure are nobody else's.
PATIENTS = [
    f"va,{30 + i}.{1000 + i},1,1,{100 + i}.{2000 + i},233,1,2,150,0,2.3,3,0,6,{i % 2}"
    for i in range(40)
]
GOOD = "\n".join([",".join(SCHEMA.names[:2]), *PATIENTS]).replace(
    "hospital,age",
    "hospital,age,sex,cp,trestbps,chol,fbs,restecg,thalach,exang,oldpeak,slope,ca,thal,num",
)


@given(
    st.lists(
        st.tuples(
            st.integers(0, len(GOOD) - 1),
            st.sampled_from(
                [b'"', b",", b";", b"\n", b"\r", b"\x00", b"\xff", b"", b"x", b"\t"]
            ),
            st.integers(0, 40),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_no_error_shows_more_than_the_one_cell(everything_told, damage):
    content = GOOD.encode()
    for place, put, cut in damage:
        content = content[:place] + put + content[place + cut :]
    error = None
    try:
        read_table(content, "a.csv", SCHEMA)
    except TableError as raised:
        error = raised
    if error is not None:
        assert len(set(re.findall(r"\.(?:10|20)\d\d", everything_told(error)))) <= 1
        assert len(str(error)) < 500


@given(st.integers(0, 14), st.lists(st.integers(0, 39), min_size=2, max_size=2, unique=True))
def test_rows_that_quotes_make_one_cell_are_refused_and_not_shown(
    everything_told, column, rows
):
    lines = [line.split(",") for line in GOOD.split("\n")]
    first, last = sorted(rows)
    lines[first + 1][column] = '"' + lines[first + 1][column]
    lines[last + 1][column] += '"'
    text = "\n".join(",".join(line) for line in lines)
    with pytest.raises(
        TableError, match=rf"line {first + 2}, .* a text of \d+ char"
    ) as caught:
        read_table(text.encode(), "a.csv", SCHEMA)
    assert not re.findall(r"\.(?:10|20)\d\d", everything_told(caught.value))


def test_a_table_whose_rows_are_good_is_read():
    assert read_table(GOOD.encode(), "a.csv", SCHEMA).labels.sum() == 20
