"""Reading whatever is given: by its content, and with a way out where it is no table."""

from __future__ import annotations

import codecs
import gzip
import json
import os
import sqlite3
import subprocess
import sys
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import feather

from anml_fl.datasets.table import TableError
from anml_fl.tables.reading.source import read_columns

TEXT = "age;job\n63;Zürich\n67;Bern\n"
TABLE = {"age": ["63", "67"], "job": ["Zürich", "Bern"]}


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        codecs.BOM_UTF8 + TEXT.encode(),
        TEXT.encode("utf-16"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
        TEXT.encode("utf-32"),
        gzip.compress(TEXT.encode(), mtime=0),
        gzip.compress(TEXT.encode("utf-16"), mtime=0),
    ],
)
@pytest.mark.parametrize("name", ["a.csv", "a.tsv.gz", "a"])
def test_a_text_is_read_whatever_its_encoding_and_name(tmp_path, content, name):
    path = tmp_path / name
    path.write_bytes(content)
    found = read_columns(str(path))
    assert (found.table.to_pydict(), found.where, found.by) == (TABLE, str(path), "")
    assert found.place(1) == "line 3"


def test_the_line_is_found_when_it_is_asked_for_and_a_file_that_is_gone_has_rows(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("age\n\n63\n")
    kept, gone = read_columns(str(path)), read_columns(str(path))
    assert kept.place(0) == "line 3"
    path.unlink()
    assert (kept.place(0), gone.place(0)) == ("line 3", "row 1")


def test_parquet_is_known_by_its_content(tmp_path):
    pq.write_table(pa.table({"age": [63, None]}), tmp_path / "a.csv")
    found = read_columns(str(tmp_path / "a.csv"))
    assert (found.table.to_pydict(), found.place(1)) == ({"age": [63, None]}, "row 2")


def test_a_home_folder_may_be_named_by_its_sign(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "a.csv").write_text(TEXT)
    assert read_columns("~/a.csv").table.to_pydict() == TABLE


def sqlite(path):
    with sqlite3.connect(path) as database:
        database.execute("create table t (name text)")
        database.execute("insert into t values ('SECRET')")
    database.close()


def archive(*names):
    def write(path):
        with zipfile.ZipFile(path, "w") as file:
            for name in names:
                file.writestr(name, "SECRET")

    return write


def arrow(path):
    feather.write_feather(pa.table({"a": ["SECRET"]}), str(path))


def array(path):
    with path.open("wb") as file:
        np.save(file, np.ones(3))


def content(given):
    return lambda path: path.write_bytes(given)


@pytest.mark.parametrize(
    ("write", "told"),
    [
        (content(b""), "is empty; it must have a header and rows"),
        (content(b" \n\n"), "is empty"),
        (content(codecs.BOM_UTF8 + b"\n"), "is empty"),
        (content("\ufeff \n".encode("utf-16-le")), "is empty"),
        (content(gzip.compress(b"")), "is empty"),
        (content(gzip.compress(b"SECRET" * 99)[:-9]), "is no whole gzip file"),
        (content(b"\x1f\x8bSECRET"), "is no whole gzip file"),
        (sqlite, "is a database file (SQLite), by its content: export the table from it"),
        (archive("xl/workbook.xml"), "is a spreadsheet, by its content: export it as CSV"),
        (archive("mimetype", "content.xml"), "is a spreadsheet"),
        (archive("a.csv"), "is an archive (zip), by its content: unpack it"),
        (archive("x.npy"), "give its name the ending .npz"),
        (content(b"PK\x03\x04SECRET"), "is a damaged archive (zip) or spreadsheet"),
        (content(b"\xd0\xcf\x11\xe0SECRET"), "is a spreadsheet"),
        (content(b"%PDF-1.7 SECRET"), "is a PDF file"),
        (content(json.dumps([{"a": "SECRET"}]).encode()), "is JSON, by its content"),
        (content(json.dumps({"a": "SECRET"}, indent=1).encode()), "is JSON, by its content"),
        (content(b"<!DOCTYPE html><p>SECRET"), "is a web page or XML"),
        (arrow, "is a Feather file, by its content: write it as Parquet"),
        (array, "save features and label together with np.savez"),
        (content("age,job\n63,x\n64,SECRET Zürich\n".encode("latin-1")),
         "line 3, byte 12: no UTF-8; save the file as UTF-8; a spreadsheet calls it CSV"),
        (content(b"age,job\n63,SECRET\n64,\0SECRET\n"), "line 3: a NUL byte"),
        (content("age,job\n63,SECRET".encode("utf-16-le")), "line 1: a NUL byte"),
        (content(codecs.BOM_UTF16_LE + b"SECRET\xd8\xd8"), "begins as UTF-16, and is none"),
        (content(b"PAR1SECRETPAR1"), "is no whole Parquet file"),
    ],
)  # fmt: skip
def test_what_is_no_table_is_told_with_a_way_out(tmp_path, refusal, write, told):
    path = tmp_path / "a.csv"
    write(path)
    message = refusal(read_columns, str(path))
    assert message.startswith(str(path))
    assert told in message


def test_what_is_not_there_is_told_with_names_like_it(tmp_path, refusal):
    for name in ("patients.csv", "visits.csv", ".patient.csv"):
        (tmp_path / name).write_text(TEXT)
    near = refusal(read_columns, str(tmp_path / "patient.csv"))
    assert near == f"{tmp_path}/patient.csv is not there; did you mean patients.csv?"
    assert "give the path of a file" in refusal(read_columns, str(tmp_path / "zzzzzz"))
    far = refusal(read_columns, str(tmp_path / "no" / "a.csv"))
    assert far == f"{tmp_path}/no/a.csv is not there, nor the folder {tmp_path}/no"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be nobody for a while")
def test_a_file_that_may_not_be_read_is_told():
    with TemporaryDirectory() as name:  # nobody may enter the folders above tmp_path
        _hold_refusal_of_nobody(Path(name))


def _hold_refusal_of_nobody(folder):
    path = folder / "a.csv"
    path.write_text(TEXT)
    program = (
        "import os, sys\n"
        "from anml_fl.datasets.table import TableError\n"
        "from anml_fl.tables.reading.source import read_columns\n"
        "os.setuid(65534)\n"
        "try:\n    read_columns(sys.argv[1])\n"
        "except TableError as error:\n    print(error)\n"
    )
    for folder_may, file_may in ((0o755, 0), (0, 0o644)):
        path.chmod(file_may)
        folder.chmod(folder_may)
        run = subprocess.run(
            [sys.executable, "-c", program, str(path)],
            cwd=Path(__file__).parents[3], capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert "no permission to read it" in run.stdout, (run.stdout, run.stderr)


def test_a_refusal_is_an_error_of_a_table():
    assert issubclass(TableError, OSError)


def test_the_hub_is_asked_for_by_its_prefix(refusal):
    pytest.importorskip("datasets")
    assert "hf:no such: is neither a folder" in refusal(read_columns, "hf:no such")
