"""Delimited text: whatever its separator and quotes, the cells and lines that csv finds."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from anml_fl.tables.reading import delimited
from anml_fl.tables.reading.delimited import read_delimited


def read(content):
    content = content.encode() if isinstance(content, str) else content
    return read_delimited(content, "a.csv", lambda: content)


def written(rows, separator=",", ends="\n", quoting=csv.QUOTE_MINIMAL):
    text = io.StringIO()
    csv.writer(text, delimiter=separator, lineterminator=ends, quoting=quoting).writerows(rows)
    return text.getvalue()


def rows_of(found):
    return [list(row.values()) for row in found.table.to_pylist()]


CELLS = st.text(
    st.one_of(st.sampled_from(' ,;\t|"\n\r\'x1é€\U0001f600\u2028\x1f\xa0'), st.characters(
        exclude_categories=("Cs",), exclude_characters="\0")),
    max_size=6,
)  # fmt: skip


@st.composite
def tables(draw):
    width = draw(st.integers(2, 5))
    rows = draw(st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=1))
    blank = draw(st.lists(st.sampled_from(["", "  ", "\t"]), min_size=len(rows)))
    return width, rows, blank


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@given(tables(), st.sampled_from(["\n", "\r\n", "\r"]), st.sampled_from([0, 1]))
@example((2, [['"', "a"]], [""]), "\n", 0)
@example((2, [["", ""], ["a", ""]], [" ", ""]), "\n", 0)
def test_what_was_written_is_read_with_its_lines(separator, table, ends, quoting):
    width, rows, blank = table
    # A long header, so that separators within cells cannot seem to be its own.
    names = [f"column-{place}" for place in range(width)]
    text = written([names], separator, ends, quoting)
    expected = []
    for row, between in zip(rows, blank, strict=False):
        text += between + ends
        cells = [cell.strip() for cell in row]
        if any(cells):
            # By another way than the reader's: line ends counted in the text so far.
            line = len(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
            expected.append((f"line {line}", cells))
        # Python before 3.13 does not quote a \r where lines end in \n.
        broken = any("\r" in cell or "\n" in cell for cell in row)
        text += written([row], separator, ends, csv.QUOTE_ALL if broken else quoting)
    if not expected:
        return
    found = read(text)
    assert found.table.column_names == names
    assert rows_of(found) == [cells for _, cells in expected]
    assert [found.place(row) for row in range(len(expected))] == [at for at, _ in expected]


@pytest.mark.parametrize(
    "text",
    [
        "age,job\n63,clerk\n67,a cook\n",
        "age;job\n63;clerk\n67;a cook\n",
        "age\tjob\r\n63\tclerk\r\n67\ta cook",
        "age|job\r63|clerk\r67|a cook\r",
        'age, job\n63, "clerk"\n67, "a cook"\n',
        '"age","job"\n"63","clerk"\n"67","a cook"\n',
        "\n  \nage , job\n\n 63,clerk\n,\n   \n67 ,\xa0a cook\n\n",
    ],
)
def test_a_table_is_read_however_it_is_written(text):
    found = read(text)
    assert found.table.to_pydict() == {"age": ["63", "67"], "job": ["clerk", "a cook"]}
    assert {str(kind) for kind in found.table.schema.types} == {"string"}


def test_the_separator_is_the_one_that_the_rows_are_parted_by_as_well():
    # The header has more commas than semicolons.
    text = "a, b, c;sick\n63,5;0\n67;1\n"
    assert read(text).table.column_names == ["a, b, c", "sick"]
    assert read("age\n63\n67\n").table.to_pydict() == {"age": ["63", "67"]}
    assert rows_of(read("a,b\n1;2,3;4\n5;6,7\n")) == [["1;2", "3;4"], ["5;6", "7"]]


def test_names_that_are_alike_are_kept_and_texts_are_not_taken_for_missing():
    found = read("Age,age, AGE \nNA,null,\n")
    assert found.table.to_pydict() == {"Age": ["NA"], "age": ["null"], "AGE": [""]}
    assert found.table.column("AGE").null_count == 0


def test_a_large_table_is_read_at_once_and_the_same_as_row_by_row(monkeypatch):
    rng = np.random.default_rng(0)
    rows = [
        [f"row {i}", 'a "word"\nof two lines, and more', str(x)]
        for i, x in enumerate(rng.normal(size=60_000))
    ]
    monkeypatch.setattr(delimited, "_BLOCK", 1 << 12)  # quotes stand across many blocks
    for ends in ("\n", "\r\n", "\r"):
        text = written([["name", "remark", "x"], *rows], ends=ends)
        monkeypatch.setattr(delimited, "_carefully", None)  # it isn't called
        found = read(text)
        assert rows_of(found) == rows
        assert found.place(59_999) == f"line {2 * 60_000}"


def test_quotes_that_pyarrow_reads_otherwise_are_read_as_csv_does():
    # Within a cell without quotes around it a quote is a letter, 5" is five inches.
    assert rows_of(read('size,job\n5",a "cook"\n6",b\n')) == [['5"', 'a "cook"'], ['6"', "b"]]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("age,job\n1,SECRET\n\n2,SECRET,3\n", "line 4: 3 values, but the header has 2 names"),
        ("age,job\n1,SECRET\nSECRET\n", "line 3: 1 value, but the header has 2 names"),
        ('age,job\n1,"SECRET\n2,SECRET\n', "line 2: a quote begins a cell, and none ends it"),
        ('age,job\n1,"SECRET" 2\n', "line 2: a quote begins a cell"),
        ("age,job\n1," + "SECRET" * 30_000, "line 2: a cell holds more than 131,072 char"),
        ("age,job,age\n1,SECRET,2\n", "line 1: columns 1 and 3 have the same name"),
        ("SECRET,a,SECRET\n1,2,2\n", "line 1: columns 1 and 3 have the same name"),
        ("\nage,,job\n1,2,SECRET\n", "line 2: column 2 of 3 has no name; give it one"),
        ("age,job,\n1,SECRET,\n", "line 1: column 3 of 3 has no name"),
        (",age\n0,SECRET\n", "to_csv(..., index=False)"),
        ("63,1.5,-2\nSECRET,1,2\n", "line 1: numbers stand where the columns' names should"),
        ("SECRET,63\nother,67\nSECRET,1\n", "line 1: what should name column 1 is also a val"),
        ("age,job\n", "a header and no rows"),
        ("age,job\n,\n , \n", "a header and no rows"),
        ('age,"jo\nb"\n1,2\n', "line 1: the name of column 2 has 4 characters, or one that"),
        ("age," + "x" * 201 + "\n1,2\n", "line 1: the name of column 2 has 201 characters"),
    ],
)
def test_what_is_wrong_is_told_with_its_line_and_not_shown(refusal, text, told):
    message = refusal(read, text)
    assert message.startswith("a.csv")
    assert told in message
