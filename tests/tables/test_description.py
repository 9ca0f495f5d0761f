"""What a table is like: counts by site, against counts by hand, and what is noted."""

from __future__ import annotations

import json

import numpy as np
import pytest

from anml_fl.tables.cell import number_of
from anml_fl.tables.description import described
from anml_fl.tables.findings import findings
from anml_fl.tables.inference import inferred
from anml_fl.tables.overview import overview
from anml_fl.tables.schema import (
    ClassLabel,
    IgnoredColumn,
    NumberColumn,
    TableSchema,
    ValueLabel,
)

AGE = NumberColumn(name="age", low=0, high=130, absent=(99,))
SICK = ClassLabel(name="sick", classes=(("0",), ("1", "2")))
SCHEMA = TableSchema(site="at", label=SICK, columns=(AGE,))


def drawn(columns, rows=400):
    """Draw a table of four sites with gaps."""
    generator = np.random.default_rng(3)
    age = [f"{x:.0f}" for x in generator.normal(50, 20, rows)]
    job = list(generator.choice(["cook", "clerk", "?"], rows, p=[0.5, 0.4, 0.1]))
    at = list(generator.choice(["b", "a", "d", "c"], rows))
    sick = list(generator.choice(["0", "1", "2"], rows))
    return columns({"at": at, "age": age, "job": job, "sick": sick}), (at, age, job, sick)


def test_counts_by_site(columns):
    table, (at, age, job, _) = drawn(columns)
    _, _, _, sick = drawn(columns)[1]
    schema = inferred(table, "sick", "at")
    small = schema.model_copy(update={"columns": (AGE, schema.columns[1])})
    found = described(table, small)
    assert [one.site for one in found.sites] == list(dict.fromkeys(at))
    for one in found.sites:
        rows = [i for i, site in enumerate(at) if site == one.site]
        assert one.rows == len(rows)
        assert one.classes == tuple(sum(sick[i] == c for i in rows) for c in "012")
        odd = sum(not 0 <= number_of(age[i]) <= 130 for i in rows if age[i] != "99")
        assert one.out_of_range == odd
        missing = sum((job[i] == "?") + (age[i] == "") for i in rows) / (2 * len(rows))
        assert one.missing == pytest.approx(missing, abs=1e-4)
    assert sum(one.out_of_range for one in found.sites) > 0


def test_an_inferred_schema_has_nothing_out_of_range(columns):
    table, _ = drawn(columns)
    assert not any(
        one.out_of_range for one in described(table, inferred(table, "sick", "at")).sites
    )
    assert findings(table, inferred(table, "sick", "at")) == ()


def test_a_class_may_have_several_values(columns):
    table = columns({"at": ["u", "u", "v"], "age": ["1", "2", "3"], "sick": ["1", "2", "0.0"]})
    found = described(table, SCHEMA)
    assert [one.classes for one in found.sites] == [(0, 2), (1, 0)]
    assert found.classes == ("0", "1")


def test_constant_columns_of_a_site(columns):
    table = columns(
        {"at": ["u", "v", "u", "v", "w"], "age": ["7", "2", "7", "3", "1"], "sick": [*"01011"]}
    )
    found = described(table, SCHEMA)
    # One row alone is no sign.
    assert [one.constant for one in found.sites] == [("age",), (), ()]
    assert "u: all rows have the same in age" in found.notes


def test_columns_that_a_site_does_not_have_are_not_called_constant(columns):
    table = columns({"at": ["u", "v", "u", "v"], "age": ["", "2", "", "3"], "sick": [*"0101"]})
    found = described(table, SCHEMA)
    assert [one.empty for one in found.sites] == [("age",), ()]
    assert [one.constant for one in found.sites] == [(), ()]
    assert "u: all rows have no value in age" in found.notes


def test_without_sites_there_is_one_for_all(columns):
    table = columns({"age": ["x", "200"], "sick": ["0", "1"]})
    (one,) = described(table, SCHEMA.model_copy(update={"site": ""})).sites
    assert (one.site, one.rows, one.out_of_range) == ("", 2, 2)


def test_values_out_of_range_are_counted_too(columns):
    label = ValueLabel(name="sick", low=0, high=1)
    table = columns({"at": ["u"] * 3, "age": ["1"] * 3, "sick": ["0.5", "2", "x"]})
    (one,) = described(table, SCHEMA.model_copy(update={"label": label})).sites
    assert (one.classes, one.out_of_range) == ((), 2)


def test_constant_columns_of_many_sites_are_told_of_the_first(columns):
    at = [f"s{i // 2}" for i in range(22)]
    table = columns({"at": at, "age": ["7"] * 20 + ["1", "2"], "sick": ["0", "1"] * 11})
    told = [note for note in described(table, SCHEMA).notes if "have the same" in note]
    assert len(told) == 9
    assert told[-1] == "2 more sites have columns in which all rows have the same"


def test_names_in_another_case_are_found(columns):
    table = columns({"At": ["u", "v"], "AGE": ["1", ""], "Sick": ["0", "1"]})
    found = described(table, SCHEMA)
    assert [(one.site, one.missing, one.classes) for one in found.sites] == [
        ("u", 0, (1, 0)),
        ("v", 1, (0, 1)),
    ]


def test_it_is_written_as_json(columns):
    table, _ = drawn(columns)
    found = described(table, inferred(table, "sick", "at"))
    assert json.loads(found.to_json())["sites"][0]["classes"] == list(found.sites[0].classes)


# ── Notes ───────────────────────────────────────────────────────────────────────────────────

NUMBERS = [f"{x:.3f}" for x in np.random.default_rng(5).normal(100, 10, 120)]
HALF = ["0", "1"] * 60


def notes(columns, table, by="", schema=None):
    made = columns(table)
    return described(made, schema or inferred(made, "y", by)).notes


@pytest.mark.parametrize(
    ("more", "by", "note"),
    [
        ({"c": ["7"] * 120}, "", "not learned from (constant): c"),
        ({"d": NUMBERS}, "", "not learned from (the same as 'x'): d"),
        ({"X ": NUMBERS[::-1]}, "", "columns 'x' and 'X ' differ in case or blanks alone"),
        (
            {"k": ["Cook", "cook", "b"] * 40},
            "",
            "k: categories 'Cook' and 'cook' differ in case",
        ),
        (
            {"s": ["U a", "u A"] * 60},
            "s",
            "sites 'U a' and 'u A' differ in case or blanks alone",
        ),
        ({"s": ["u"] * 112 + ["v"] * 8}, "s", "sites with fewer than 10 rows: v"),
        ({"s": ["u"] * 100 + [""] * 20}, "s", "20 rows name no site, and will be refused"),
        (
            {"y": ["0"] * 117 + ["1"] * 3},
            "",
            "class 1 is 2.5 % of the rows: consider --metric",
        ),
        (
            {"y": [*"01"] * 50 + [*"0234"] * 5},
            "",
            "classes 2, 3, 4 are together 12 % of the rows",
        ),
        ({"y": ["Yes", "yes"] * 60}, "", "classes 'Yes' and 'yes' differ in case"),
        ({"y": [str(i % 24) for i in range(120)] * 5}, "", "y: 24 numbers, read as classes"),
        (
            {"k": [*"1234"] * 30},
            "",
            "a few different whole numbers, read as numbers: k; where",
        ),
        ({"k": ["-9"] * 9 + NUMBERS[9:]}, "", "k: -9 stands in 9 of 120 rows, far from all"),
        ({"k": NUMBERS[9:] + ["999"] * 9}, "", "k: 999 stands in 9 of 120 rows, far from all"),
        (
            {"k": ["x1", *NUMBERS[:0:-1]]},
            "",
            "cells that are out of range, and will be refused: 1;",
        ),
    ],
)
def test_what_is_noted(columns, more, by, note):
    table = {"x": NUMBERS, "y": HALF} | more
    times = len(table["y"]) // 120
    table = {name: cells * (1 if name == "y" else times) for name, cells in table.items()}
    found = [one for one in notes(columns, table, by) if one.startswith(note)]
    assert len(found) == 1, notes(columns, table, by)


@pytest.mark.parametrize(
    "more",
    [
        {},
        {
            "k": ["0"] * 9 + NUMBERS[9:],
            "y": HALF,
            "x": [f"{i % 31 - 15}.5" for i in range(120)],
        },
        {"s": ["u", "v", "v", "u"] * 30},
        {"y": ["0"] * 100 + ["1"] * 20},
    ],
)
def test_nothing_is_noted_without_need(columns, more):
    table = {"x": NUMBERS, "y": HALF} | more
    found = notes(columns, table, "s" if "s" in more else "")
    assert [one for one in found if not one.startswith("k: 0 stands in")] == []


def test_a_site_of_one_class_alone_is_noted(columns):
    table = {"x": NUMBERS, "y": ["0"] * 60 + HALF[60:], "s": ["u"] * 60 + ["v"] * 60}
    assert any(
        note.startswith("sites with rows of one class alone: u;")
        for note in notes(columns, table, "s")
    )


def test_columns_that_are_lacking_or_not_read_are_noted(columns):
    schema = TableSchema(label=SICK, columns=(AGE, IgnoredColumn(name="note")))
    found = notes(
        columns, {"age": ["1", ""], "sick": ["0", "1"], "more": ["u", "v"]}, "", schema
    )
    assert "columns that are lacking: note" in found
    assert "columns that the schema does not name, and that are not read: more" in found
    assert any(note.startswith("age: 1 of 2 rows have no value") for note in found)


def test_no_cell_of_a_single_row_stands_in_a_description(columns):
    rows = 120
    canaries = [f"canary{i}" for i in range(rows)]
    table = {
        "text": canaries,
        "category": [*canaries[:4], *["a", "b"] * 58],
        "number": [f"{7000 + i}.125" for i in range(rows)],
        "mixed": [*[f"{8000 + i}.125" for i in range(rows - 2)], *canaries[:2]],
        "nearly": [*["canary one", "Canary One"], *["a", "b"] * 59],
        "y": HALF,
    }
    made = columns(table)
    schema = inferred(made, "y")
    assert {one.name: one.kind for one in schema.columns}["mixed"] == "number"
    told = described(made, schema).to_json() + repr(overview(made))
    assert "canary" not in told.casefold()
    assert not [cell for name in ("number", "mixed") for cell in table[name] if cell in told]


# ── Findings ────────────────────────────────────────────────────────────────────────────────


def test_of_every_column_the_first_mistake_is_found(columns):
    more = NumberColumn(name="dose", low=0, high=9)
    schema = TableSchema(site="at", label=SICK, columns=(AGE, more))
    table = columns(
        {
            "at": ["u", "", "v"],
            "age": ["1", "131", "132"],
            "dose": ["1", "1,5", "1 mg"],
            "sick": ["0", "1", "3"],
        }
    )
    found = findings(table, schema)
    assert [one.partition(":")[0] for one in found] == [
        "a.csv, line 3, column age",
        "a.csv, line 4, column dose",
        "a.csv, line 4, column sick",
        "a.csv, line 3, column at",
    ]
    assert "(and 1 more in this column)" in found[0]


def test_columns_that_are_lacking_are_found_at_once_and_others_held_against_it(columns):
    more = tuple(NumberColumn(name=name, low=0, high=9) for name in ("dose", "size"))
    schema = TableSchema(label=SICK, columns=(AGE, *more))
    found = findings(columns({"age": ["999"], "sick": ["0"]}), schema)
    assert len(found) == 2
    assert "no column dose, nor size" in found[0]
    assert "column age" in found[1]
    assert len(findings(columns({"age": ["999"]}), schema)) == 1


# ── Without a label ─────────────────────────────────────────────────────────────────────────


def test_a_label_is_looked_for_among_columns_without_gaps(columns):
    table = columns(
        {
            "id": [f"p{i}" for i in range(120)],
            "flag": HALF,
            "holes": ["", *HALF[1:]],
            "x": NUMBERS,
            "Outcome": HALF[::-1],
            "last": ["u", "v", "w"] * 40,
        }
    )
    assert overview(table).candidates == ("Outcome", "last", "flag", "x")
    assert overview(table, "last").candidates == ("Outcome", "flag", "x")


@pytest.mark.parametrize(("values", "told"), [(20, False), (21, True)])
def test_categories_that_may_name_people_are_pointed_out(columns, values, told):
    rows = 5 * values
    table = {
        "doctor": [f"Dr {'abcdefghijklmnopqrstu'[i % values]}" for i in range(rows)],
        "y": [str(i % 2) for i in range(rows)],
    }
    found = columns(table)
    notes = described(found, inferred(found, "y")).notes
    note = f"the schema lists {values} values of doctor: if they name people, set kind ="
    assert any(one.startswith(note) for one in notes) is told


def test_rows_without_a_site_have_a_name_in_notes(columns):
    rows = 24
    table = {
        "x": [str(i / 7) for i in range(rows)],
        "at": ["", "", *["north"] * (rows - 2)],
        "y": [str(i % 2) for i in range(rows)],
    }
    found = columns(table)
    notes = described(found, inferred(found, "y", "at")).notes
    assert "sites with fewer than 10 rows: (none)" in notes
