from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import pyarrow.parquet as pq
import pytest

from anml_fl.ledger import export as exporting
from anml_fl.ledger.export import COLUMNS, csv_cell, export, rows
from anml_fl.ledger.file import FileLedger
from anml_fl.ledger.summary import Earned, Settled, summarise
from anml_fl.ledger.verify import read_lines


def _exported(path, form):
    out = io.BytesIO()
    export(rows(read_lines(path)), form, out)
    return out.getvalue()


def test_every_format_has_the_same_rows(small, model, monkeypatch):
    monkeypatch.setattr(exporting, "_ROWS_AT_ONCE", 4)  # batches, and a part of one
    found = json.loads(_exported(small, "json"))
    assert len(found) == 3 + 3 + 2 + 3
    assert found[4] == {
        "run": "default",
        "strategy": "anml",
        "round": 2,
        "branch": "blend",
        "at": 58.25,
        "model": model,
        "pool": 1_000_003,
        "contributor": "contributor-b",
        "q": 0.25,
        "v": 0.85,
        "r": 0.4,
        "T": 2e-7,
        "weight": 0,
        "selected": False,
        "reason": None,
        "payout": 0,
        "state": "settled",
    }
    assert pq.read_table(io.BytesIO(_exported(small, "parquet"))).to_pylist() == found
    table = list(csv.DictReader(io.StringIO(_exported(small, "csv").decode())))
    assert tuple(table[0]) == tuple(found[0]) == COLUMNS
    for row, expected in zip(table, found, strict=True):
        assert int(row["payout"]) == expected["payout"]
        assert float(row["T"]) == expected["T"]
        assert row["q"] == ("" if expected["q"] is None else repr(expected["q"]))
        assert row["selected"] == str(expected["selected"]).lower()
        reason = (expected["reason"] or "").replace("\n", "\\n")
        assert (row["contributor"], row["reason"]) == (expected["contributor"], reason)


@pytest.mark.parametrize("form", ["csv", "json", "parquet"])
def test_a_ledger_without_rounds_is_an_empty_table(tmp_path, key, form):
    path = tmp_path / "ledger.jsonl"
    FileLedger(path, key).open("default", "anml", 1)
    text = _exported(path, form)
    if form == "parquet":
        assert pq.read_table(io.BytesIO(text)).column_names == list(COLUMNS)
    else:
        assert text == {"csv": (",".join(COLUMNS) + "\n").encode(), "json": b"[]\n"}[form]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", " =", "＝", "－"])
def test_no_text_is_a_formula_in_a_spreadsheet(start):
    cell = csv_cell(start + '1;2,"3"')
    assert cell[:2] == "\"'"
    (read,) = next(csv.reader([cell]))
    assert read == "'" + start + '1;2,"3"'


def test_no_text_ends_its_cell_or_reaches_the_terminal():
    assert csv_cell("a\r\n=1\x1b[31m\x9b\u202e") == '"a\\r\\n=1\\x1b[31m\\x9b\\u202e"'
    assert csv_cell('a",=1') == '"a"",=1"'
    assert csv_cell("a-b") == '"a-b"'
    assert [csv_cell(x) for x in (None, True, -0.5, 1e-7, 7)] == [
        "",
        "true",
        "-0.5",
        "1e-07",
        "7",
    ]


def test_what_reaches_a_terminal_as_json_is_ascii(tmp_path, key, record, model):
    path = tmp_path / "ledger.jsonl"
    ledger = FileLedger(path, key)
    ledger.open("default", "anml", 1)
    one = record(1, (1.0,))
    person = replace(one.contributors[0], contributor="\x9b31m\u202eü")
    ledger.append(replace(one, contributors=(person,)), model)
    text = _exported(path, "json")
    assert text.isascii()
    assert json.loads(text)[0]["contributor"] == "\x9b31m\u202eü"


def test_a_summary_adds_up(small, model):
    earned, settled = summarise(read_lines(small))
    assert earned == [
        Earned("contributor-a", 2_000_005, 2_000_005 / 3_000_009, 3, 4),
        Earned("contributor-b", 500_002, 500_002 / 3_000_009, 2, 4),
        Earned("contributor-c", 500_002, 500_002 / 3_000_009, 2, 3),
    ]
    assert [one.paid for one in settled] == [3, 1, 0, 3]
    assert settled[2] == Settled(3, "blend", 0, 0, 2, model)
