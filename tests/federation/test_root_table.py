"""A root set from a file: read as the run's table is, and refused without a row."""

from __future__ import annotations

import numpy as np
import pytest

from anml_fl.datasets.table import TableError
from anml_fl.federation.adoption import adopted
from anml_fl.federation.own_table import own_table
from anml_fl.federation.run_task import task_of
from anml_fl.settings.reading import from_flat
from anml_fl.settings.section import ConfigError

PROMISED = "without one no rule that was tried is safe against 40 % of contributors"


def settings(**flat):
    return from_flat({"strategies": "calibrated", **flat})


@pytest.fixture
def table(tmp_path):
    """Four sites of 50 rows, ill where the marker is high; and a way to write others."""

    def write(name, n=200, seed=0, **columns):
        rng = np.random.default_rng(seed)
        marker = rng.normal(size=n)
        found = {
            "site": ["n", "e", "s", "w"] * n,
            "age": [f"{x:.3f}" for x in rng.uniform(20, 90, n)],
            "marker": [f"{x:.6f}" for x in marker],
            "ill": ["yes" if x > 0 else "no" for x in marker],
            **columns,
        }
        found["site"] = found["site"][:n]
        lines = [",".join(found), *map(",".join, zip(*found.values(), strict=True))]
        path = tmp_path / name
        path.write_text("\n".join(lines) + "\n")
        return path

    return write


def of_table(data, **more):
    flat = {"data": str(data), "label": "ill", "by": "site"}
    return adopted(settings(**flat, **more))


def told(data, **more):
    with pytest.raises((ConfigError, TableError)) as caught:
        task_of(of_table(data, **more))
    return str(caught.value)


def test_a_file_of_trusted_rows_is_read_as_the_table_is(table):
    data, trusted = table("a.csv"), table("trusted.csv", 60, seed=1)
    found = task_of(of_table(data, **{"root-data": str(trusted)}))
    assert found.root.about == "60 rows of trusted.csv"
    assert not found.root.donated
    assert found.data.test.labels.size == 40
    # On the run's scale: age and marker of the first row, undone.
    age, marker = found.root.features[0].astype(float) * found.data.scales.spreads
    first = trusted.read_text().splitlines()[1].split(",")
    assert age + found.data.scales.centres[0] == pytest.approx(float(first[1]), abs=1e-3)
    assert marker + found.data.scales.centres[1] == pytest.approx(float(first[2]), abs=1e-5)
    assert found.root.labels[0] == ["no", "yes"].index(first[3])


def test_a_file_need_not_say_whose_its_rows_are(table, tmp_path):
    data, trusted = table("a.csv"), table("trusted.csv", 60, seed=1)
    lines = [line.partition(",")[2] for line in trusted.read_text().splitlines()]
    trusted.write_text("\n".join(lines) + "\n")
    found = task_of(of_table(data, **{"root-data": str(trusted)}))
    assert found.root.labels.size == 60


def test_copies_in_a_file_count_once_and_contradictions_not_at_all(table):
    data, trusted = table("a.csv"), table("trusted.csv", 60, seed=1)
    lines = trusted.read_text().splitlines()
    turned = lines[1].replace("yes", "YES").replace("no", "yes").replace("YES", "no")
    trusted.write_text("\n".join([*lines, *lines[5:8], turned]) + "\n")
    found = task_of(of_table(data, **{"root-data": str(trusted)}))
    assert found.root.labels.size == 59
    assert found.root_note == (
        "3 rows that are there already counted once; 2 rows left out: the same features with"
        " different labels"
    )
    assert found.about["root"]["notes"] == list(found.root.notes)


def test_what_is_wrong_with_a_file_is_told_without_a_row(table):
    data = table("a.csv")
    poor = table("poor.csv", 60, seed=1, ill=["yes"] * 60)
    few = table("few.csv", 12, seed=1)
    sentinel = "77.777"
    alien = table("alien.csv", 30, seed=1, ill=["perhaps"] * 30, age=[sentinel] * 30)
    for path, why in (
        (poor, "table.root_data: the 60 rows lack class 0 ('no'): 2 rows of each class are"),
        (few, "table.root_data: 12 rows are too few to tell honest contributors"),
        (alien, "column ill"),
    ):
        said = told(data, **{"root-data": str(path)})
        assert why in said
        assert sentinel not in said
    said = told(data, root=30, **{"root-data": str(few)})
    assert "the file is the root set, beside which --root must be auto, got '30'" in said
    with pytest.raises(OSError, match=r"gone\.csv"):
        task_of(of_table(data, **{"root-data": str(data.with_name("gone.csv"))}))


def test_of_a_large_file_a_thousand_rows_are_drawn(table):
    data, trusted = table("a.csv"), table("trusted.csv", 1500, seed=1)
    found = task_of(of_table(data, **{"root-data": str(trusted)}))
    assert found.root.labels.size == 1000
    assert found.root.notes == ("1000 of 1500 rows are drawn by class: more cost time alone",)


def test_rows_of_the_file_are_not_tested_on(table):
    data, trusted = table("a.csv"), table("trusted.csv", 60, seed=1)
    test = table("test.csv", 100, seed=2)
    lines = test.read_text().splitlines()
    trusted.write_text("\n".join([*trusted.read_text().splitlines(), *lines[1:6]]) + "\n")
    found = task_of(of_table(data, test=str(test), **{"root-data": str(trusted)}))
    assert found.data.test.labels.size == found.data.tested.size == 95
    assert found.root_note == "5 of 100 test rows are in the root set, and not tested on"
    again = task_of(of_table(data, test=str(test), **{"root-data": str(test)}))
    assert again.data.test.labels.size == 100
    assert again.root_note == "100 of 100 test rows are in the root set too"


def test_a_file_that_changed_is_not_the_runs_any_more(table):
    data, trusted = table("a.csv"), table("trusted.csv", 60, seed=1)
    config = of_table(data, **{"root-data": str(trusted)})
    assert config.table.digest != of_table(data).table.digest
    assert config.table.digest != of_table(data, test=str(trusted)).table.digest
    table("trusted.csv", 60, seed=5)
    changed = from_flat(config.to_flat() | {"name": "read-anew"})
    own_table.cache_clear()
    with pytest.raises(TableError, match="test table, trusted rows or its schema has changed"):
        task_of(changed)


def test_a_shipped_data_set_brings_rows_of_its_own(tmp_path):
    with pytest.raises(ConfigError, match="for rows of a shipped data set say --root N"):
        adopted(settings(**{"root-data": "trusted.csv"}))


def test_a_table_of_values_may_have_a_file_of_them(table):
    flat = {"label": "age"}
    data, trusted = table("a.csv"), table("trusted.csv", 60, seed=1)
    config = adopted(
        settings(data=str(data), by="site", **flat, **{"root-data": str(trusted)})
    )
    found = task_of(config)
    assert found.root.classes == 1
    assert found.root.labels.size == 60
