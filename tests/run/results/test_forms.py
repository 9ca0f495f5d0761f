"""Tables as frames and files: nothing is lost on the way, and null is null in each."""

from __future__ import annotations

import math
import subprocess
import sys
from io import BytesIO

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

import anml_fl
from anml_fl.run.frames.columns import table_of
from anml_fl.run.frames.conversion import FORMS, converted
from anml_fl.run.frames.weights import SCHEMA

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
VALUES = {
    pa.string(): st.none() | TEXTS,
    pa.int64(): st.none() | st.integers(-(2**63), 2**63 - 1),
    pa.float64(): st.none() | st.floats(allow_nan=False) | st.just(math.inf),
    pa.bool_(): st.none() | st.booleans(),
}


@st.composite
def tables(draw: st.DrawFn) -> pa.Table:
    rows = draw(st.integers(0, 4))
    columns = {
        field.name: draw(st.lists(VALUES[field.type], min_size=rows, max_size=rows))
        for field in SCHEMA
    }
    return table_of(SCHEMA, columns, rows)


@given(tables())
def test_frames_and_parquet_give_the_table_back(table):
    frame = converted(table, "pandas")
    back = pa.Table.from_pandas(frame, preserve_index=False)
    assert back.cast(SCHEMA).to_pylist() == table.to_pylist()
    assert frame.isna().sum().to_dict() == {
        name: table.column(name).null_count for name in table.column_names
    }
    polar = converted(table, "polars")
    assert polar.to_arrow().cast(SCHEMA).to_pylist() == table.to_pylist()
    assert polar.null_count().row(0) == tuple(one.null_count for one in table.columns)
    out = BytesIO()
    parquet.write_table(table, out)
    read = parquet.read_table(BytesIO(out.getvalue()))
    assert read.schema.equals(SCHEMA)
    assert read.to_pylist() == table.to_pylist()


@given(st.lists(st.none() | st.floats(), max_size=6))
def test_nan_is_null_and_nothing_else_is(values):
    table = table_of(SCHEMA, {"q": values}, len(values))
    unknown = [one is None or math.isnan(one) for one in values]
    assert table.column("q").is_null().to_pylist() == unknown
    assert [one for one in table.column("q").to_pylist() if one is not None] == [
        one for one, gone in zip(values, unknown, strict=True) if not gone
    ]


def test_each_table_is_what_was_asked_for(real):
    run = anml_fl.load_run(real)
    for name in ("rounds", "weights", "evidence", "contributors", "ledger"):
        table = getattr(run, name)
        assert isinstance(table(), pa.Table)
        assert table("arrow").equals(table())
        assert isinstance(table("pandas"), pd.DataFrame)
        assert isinstance(table("polars"), pl.DataFrame)
        assert table("polars").rows() == [tuple(row.values()) for row in table().to_pylist()]
        assert all(isinstance(kind, pd.ArrowDtype) for kind in table("pandas").dtypes)


def test_a_frame_of_another_name_is_refused_with_those_there_are(real):
    message = f"frame must be one of {', '.join(FORMS)}, got 'numpy'"
    with pytest.raises(ValueError, match=message):
        anml_fl.load_run(real).rounds("numpy")


WITHOUT = """
import sys
from importlib.abc import MetaPathFinder
class Gone(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == {package!r}:
            raise ModuleNotFoundError("No module named " + repr(name), name=name)
sys.meta_path.insert(0, Gone())
import anml_fl
run = anml_fl.load_run({folder!r})
print(run.rounds().num_rows)
try:
    run.{asked}
except ImportError as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("package", "extra", "asked"),
    [
        ("pandas", "pandas", 'weights("pandas")'),
        ("polars", "polars", 'weights("polars")'),
        ("matplotlib", "plot", 'plot("error")'),
    ],
)
def test_a_missing_extra_is_named_and_the_rest_works_without_it(
    real, tmp_path, package, extra, asked
):
    code = WITHOUT.format(package=package, folder=str(real), asked=asked)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    rows, said = done.stdout.splitlines()
    assert rows == "12"
    assert said.startswith(f'{package} is not installed: pip install "anml-fl[{extra}]"; ')


def test_reading_a_run_loads_no_frames_library_and_no_torch(tmp_path):
    code = (
        "import sys, anml_fl; anml_fl.load_run;"
        " print(sorted({'torch', 'flwr', 'pandas', 'polars', 'matplotlib', 'scipy'}"
        " & {*sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
