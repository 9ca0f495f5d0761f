"""What a run with a table of one's own says before it begins."""

from __future__ import annotations

import numpy as np
import pytest

from anml_fl.datasets.table import TableError
from anml_fl.federation.adoption import adopted
from anml_fl.federation.own_table import own_data, own_table
from anml_fl.federation.run_task import task_of
from anml_fl.settings.reading import from_flat
from anml_fl.tables.left_out import left_out
from anml_fl.tables.schema import ClassLabel, IgnoredColumn, NumberColumn, TableSchema
from server.orchestration.data_checks import undefined_metric

ROWS = 120


def table(path, **columns):
    generator = np.random.default_rng(4)
    sick = generator.integers(0, 2, ROWS)
    found = {
        "id": [f"p{i:04}" for i in range(ROWS)],
        "site": ["north", "south", "west"] * (ROWS // 3),
        "age": [f"{x:.2f}" for x in 50 + 9 * sick + generator.normal(0, 5, ROWS)],
        "note": [f"CANARY {i}" for i in range(ROWS)],
        "sick": [str(x) for x in sick],
        **columns,
    }
    lines = [",".join(found), *map(",".join, zip(*found.values(), strict=True))]
    path.write_text("\n".join(lines) + "\n")
    return path


def settings(path, **more):
    flat = {"data": str(path), "label": "sick", "by": "site"}
    return from_flat(flat | {"rounds": 1, "strategies": "fedavg"} | more)


def test_a_run_says_what_it_leaves_out(tmp_path):
    notes = own_data(adopted(settings(table(tmp_path / "a.csv")))).notes
    assert notes == ("left out: id (identifies rows), note (identifies rows)",)


def test_the_list_ends_somewhere():
    columns = [IgnoredColumn(name=f"c{i}", why="constant") for i in range(10)]
    label = ClassLabel(name="sick", classes=(("0",), ("1",)))
    age = NumberColumn(name="age", low=0, high=130)
    told = left_out(TableSchema(label=label, columns=(age, *columns)))
    assert told.count("(constant)") == 8
    assert told.endswith(", c7 (constant), and 2 more")
    assert left_out(TableSchema(label=label, columns=(age,))) == ""


def test_odd_cells_among_numbers_stop_a_run_and_say_what_to_do(tmp_path):
    ages = [f"{40 + i / 7:.2f}" for i in range(ROWS)]
    for i in (5, 50, 100):
        ages[i] = "unknown"
    path = table(tmp_path / "a.csv", age=ages)
    with pytest.raises(TableError) as caught:
        adopted(settings(path))
    told = str(caught.value)
    assert "line 7, column age: must be a number from" in told
    assert "got 'unknown' (and 2 more in this column); mend the cell, list it under" in told
    assert told.endswith('or leave the column out with kind = "ignored"')


def test_a_number_in_another_unit_is_told_with_its_place(tmp_path):
    ages = [f"{40 + i / 7:.2f}" for i in range(ROWS)]
    ages[9] = "1e155"
    with pytest.raises(TableError, match=r"line 11, column age: .*got '1e155'; take another"):
        adopted(settings(table(tmp_path / "a.csv", age=ages)))


def test_numbers_as_large_as_may_be_are_learned_from(tmp_path):
    generator = np.random.default_rng(1)
    for unit in (1e14, 1e-14, 1e-300):
        ages = [repr(float(x) * unit) for x in generator.normal(5, 1, ROWS)]
        data = own_data(adopted(settings(table(tmp_path / f"{unit}.csv", age=ages))))
        assert all(np.isfinite(part.features).all() for part in data.parts)
    assert data.parts


def test_a_metric_that_the_test_rows_do_not_define_is_told(tmp_path):
    grades = [["mild", "none", "severe"][i % 3] for i in range(ROWS)]
    path = table(tmp_path / "a.csv", sick=grades)
    lines = path.read_text().splitlines()
    test = tmp_path / "test.csv"
    test.write_text("\n".join([lines[0], *(x for x in lines if not x.endswith("severe"))][1:]))
    whole = adopted(settings(path, metric="roc_auc"))
    assert undefined_metric(task_of(whole)) == ""
    poor = adopted(settings(path, metric="roc_auc", test=str(test)))
    rows = 2 * ROWS // 3
    assert undefined_metric(task_of(poor)).startswith(
        f"roc_auc is not defined on the {rows} test rows"
    )


def test_a_table_is_read_once_for_settings_and_task(tmp_path):
    own_table.cache_clear()
    task_of(adopted(settings(table(tmp_path / "a.csv"))))
    assert own_table.cache_info().misses == 1
