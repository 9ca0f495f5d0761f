"""Classes are called what a schema calls them, or a data set; by number where nothing does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sklearn.datasets import load_breast_cancer

from anml_fl.datasets.sources import adult, covertype, heart_disease
from anml_fl.run.class_names import OF_DATA_SETS, class_names, named_class, named_key
from anml_fl.tables.schema import ClassLabel, NumberColumn, TableSchema, ValueLabel
from anml_fl.tables.schema_file import schema_text

if TYPE_CHECKING:
    from pathlib import Path

    from anml_fl.tables.schema import TableLabel


def written(folder: Path, label: TableLabel) -> Path:
    column = NumberColumn(name="age", low=0, high=130)
    schema = TableSchema(label=label, missing=("",), columns=(column,))
    (folder / "schema.toml").write_text(schema_text(schema))
    return folder


def test_a_schema_names_them_before_a_data_set_of_the_same_name(tmp_path: Path) -> None:
    label = ClassLabel(name="finding", classes=(("0",), ("1", "2"), ("unclear",)))
    names = class_names(written(tmp_path, label), "adult")
    assert names == ("0", "1 / 2", "unclear")
    assert [named_class(place, names) for place in range(4)] == [
        "class 0",
        "1 / 2 (class 1)",
        "unclear (class 2)",
        "class 3",
    ]


def test_numbers_have_no_classes_and_a_broken_schema_names_none(tmp_path: Path) -> None:
    assert class_names(written(tmp_path, ValueLabel(name="y", low=0, high=1)), "adult") == ()
    (tmp_path / "schema.toml").write_text("label = 3")
    assert class_names(tmp_path, "adult") == ()
    assert class_names(tmp_path / "nowhere", "wine") == ()


def test_names_are_in_the_order_of_the_sources() -> None:
    assert OF_DATA_SETS["breast_cancer"] == tuple(load_breast_cancer().target_names)
    assert OF_DATA_SETS["adult"] == tuple(one for (one,) in adult.SCHEMA.label.classes)
    # UCI numbers heart disease from 0, none, and forests from 1.
    assert heart_disease.SCHEMA.label.classes[0] == ("0",)
    assert OF_DATA_SETS["heart_disease"][0] == "healthy"
    forests = covertype.SCHEMA.label.classes
    assert [one for (one,) in forests] == [str(number) for number in range(1, 8)]
    sizes = {"covertype": 7, "fashion_mnist": 10}
    assert {name: len(of) for name, of in OF_DATA_SETS.items() if len(of) != 2} == sizes


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("class 1", "b\\u202ec (class 1)"),
        ("class 01", "class 01"),
        ("class 9999999999", "class 9999999999"),
        ("class x\n", "class x\\n"),
        ("class 2", "class 2"),
    ],
)
def test_what_others_wrote_stays_text_and_short(key: str, said: str) -> None:
    assert named_key(key, ("a", "b\u202ec", " ")) == said
    assert len(named_class(0, ("x" * 5000,))) < 80
