"""docs/results-as-data.md lists every column with its type, and what is never null."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import anml_fl
from anml_fl.run.comparison import COLUMNS
from anml_fl.run.figures.drawing import KINDS

pytestmark = pytest.mark.checkout

TEXT = (Path(__file__).parents[3] / "docs" / "results-as-data.md").read_text(encoding="utf-8")
TYPES = {"text": "string", "count": "int64", "number": "double", "flag": "bool"}
ROW = re.compile(r"^\| `(\w+)` \| (\w+) \|([^|]*)\|([^|]+)\|([^|]+)\|$", re.MULTILINE)


def listed(table: str) -> list[tuple[str, str, str]]:
    part = TEXT.split(f"\n### {table}\n")[1].split("\n##")[0]
    return [(name, TYPES[kind], null.strip()) for name, kind, _, _, null in ROW.findall(part)]


@pytest.mark.parametrize("table", ["rounds", "weights", "evidence", "contributors", "ledger"])
def test_columns_are_those_that_the_document_lists(real, odd, table):
    rows = listed(table)
    options = {"why": True} if table == "weights" else {}
    for folder in (real,) if table == "ledger" else (real, odd):
        found = getattr(anml_fl.load_run(folder), table)(**options)
        assert [(one.name, str(one.type)) for one in found.schema] == [row[:2] for row in rows]
        for name, _, null in rows:
            if null == "never":
                assert found.column(name).null_count == 0, name


def test_what_may_be_null_is_null_in_some_run(real, odd):
    gaps = set()
    for folder in (real, odd):
        run = anml_fl.load_run(folder)
        for table in ("rounds", "weights", "contributors"):
            found = getattr(run, table)()
            gaps |= {(table, n) for n in found.column_names if found.column(n).null_count}
    may = {
        (table, name)
        for table in ("rounds", "weights", "contributors")
        for name, _, null in listed(table)
        if null != "never" and name not in ("decided_by", "why")
    }
    # Of these two runs it is known who attacks.
    known = {("weights", "behaviour"), ("contributors", "behaviour")}
    assert may - gaps == known | {("contributors", "attacker")}


def test_the_three_lines_of_the_document_work(real, tmp_path):
    shutil.copytree(real, tmp_path / "runs" / "default")
    code = re.search(r"```python\n(.*?)```", TEXT, re.DOTALL)[1]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", f"{code}print(rounds.shape)"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "(12, 29)\n"
    assert (tmp_path / "error.pdf").read_bytes().startswith(b"%PDF")


def test_rows_of_a_comparison_are_those_that_the_document_lists():
    part = TEXT.split("\n## Comparing runs\n")[1].split("\n## ")[0]
    cells = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", part, re.MULTILINE)
    named = [name for cell in cells for name in re.findall(r"`(\w+)`", cell)]
    assert sorted(named) == sorted(COLUMNS)


def test_figures_are_those_that_the_document_lists():
    part = TEXT.split("\n## Figures\n")[1]
    assert re.findall(r"^\| `(\w+)` \|", part, re.MULTILINE) == list(KINDS)
