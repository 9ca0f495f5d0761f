"""Rows as features, held against scikit-learn's encoders."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.compose import ColumnTransformer
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from anml_fl.tables.encoding import FARTHEST, feature_names, samples_of
from anml_fl.tables.rows import Rows
from anml_fl.tables.schema import (
    BooleanColumn,
    CategoryColumn,
    ClassLabel,
    DateColumn,
    IgnoredColumn,
    NumberColumn,
    Picture,
    TableSchema,
    ValueLabel,
)
from anml_fl.tables.statistics import Scales

SICK = ClassLabel(name="sick", classes=(("0",), ("1",)))
SCHEMA = TableSchema(
    label=SICK,
    columns=(
        CategoryColumn(name="ward", values=("a", "b", "c"), gaps=True),
        NumberColumn(name="age", low=0, high=100, gaps=True),
        IgnoredColumn(name="id"),
        BooleanColumn(name="smokes", values=("no", "yes"), gaps=True),
        DateColumn(name="seen", low=dt.date(2020, 1, 1), high=dt.date(2024, 12, 31)),
    ),
)
SCALES = Scales((50.0, 18262.0), (10.0, 100.0))


def rows(numbers, codes, schema=SCHEMA, labels=None, pixels=None):
    n = len(numbers)
    return Rows(
        "a.csv",
        schema,
        np.asarray(numbers, dtype=np.float64),
        np.asarray(codes, dtype=np.int32),
        np.zeros(n, np.int64) if labels is None else np.asarray(labels),
        (),
        np.full(n, -1),
        pixels,
    )


def generated(n=200, seed=0):
    rng = np.random.default_rng(seed)
    ages = np.where(rng.random(n) < 0.2, np.nan, rng.normal(50, 10, n))
    days = rng.integers(18262, 18262 + 1800, n).astype(float)
    codes = np.stack([rng.integers(-1, 4, n), rng.integers(-1, 2, n)], axis=1)
    return rows(np.stack([ages, days], axis=1), codes)


def test_features_are_those_of_scikit_learns_encoders():
    given_rows = generated()
    ages, days = given_rows.numbers.T
    wards, smokes = given_rows.codes.T
    wards = np.where(wards < 0, 4, wards)
    scales = Scales((np.nanmean(ages), days.mean()), (np.nanstd(ages), days.std()))
    standardise = make_pipeline(
        StandardScaler(), SimpleImputer(fill_value=0, strategy="constant")
    )
    oracle = ColumnTransformer(
        [
            # Known ones in their order, then those that are not known (3), then missing ones.
            ("ward", OneHotEncoder(categories=[[0, 1, 2, 3, 4]]), [0]),
            ("age", make_union(standardise, MissingIndicator()), [1]),
            (
                "smokes",
                make_union(
                    SimpleImputer(missing_values=-1, strategy="constant", fill_value=0.5),
                    MissingIndicator(missing_values=-1),
                ),
                [2],
            ),
            ("seen", StandardScaler(), [3]),
        ],
        sparse_threshold=0,
    )
    expected = oracle.fit_transform(np.stack([wards, ages, smokes, days], axis=1))
    samples = samples_of(given_rows, scales)
    assert samples.features.dtype == np.float32
    np.testing.assert_allclose(samples.features, expected, atol=1e-6)


def test_features_by_hand():
    found = samples_of(
        rows(
            [[60, 18362], [np.nan, 18262], [0, 18262], [1000, 18262 - 3000]],
            [[0, 0], [-1, -1], [3, 1], [2, 2]],
        ),
        SCALES,
    )
    # ward: a, b, c, not known, missing; age, missing; smokes, missing; seen
    np.testing.assert_array_equal(
        found.features,
        [
            [1, 0, 0, 0, 0, 1, 0, 0, 0, 1],
            [0, 0, 0, 0, 1, 0, 1, 0.5, 1, 0],
            [0, 0, 0, 1, 0, -5, 0, 1, 0, 0],
            [0, 0, 1, 0, 0, FARTHEST, 0, 0.5, 0, -FARTHEST],
        ],
    )
    assert (found.classes, found.labels.dtype) == (2, np.int64)


def test_without_gaps_what_is_missing_is_the_centre_and_no_category():
    columns = tuple(
        c.model_copy(update={"gaps": False}) for c in SCHEMA.columns if c.name != "id"
    )
    schema = TableSchema(label=SICK, columns=columns)
    found = samples_of(rows([[np.nan, np.nan]], [[-1, -1]], schema), SCALES)
    assert found.features.tolist() == [[0, 0, 0, 0, 0, 0.5, 0]]


def test_labels_of_values_are_standardised_by_the_last_scale_and_not_bounded():
    schema = TableSchema(
        label=ValueLabel(name="cost", low=0, high=1000), columns=SCHEMA.columns[1:2]
    )
    given_rows = rows([[50.0], [60.0]], np.zeros((2, 0)), schema, labels=[4.0, 1000.0])
    found = samples_of(given_rows, Scales((50.0, 10.0), (10.0, 4.0)))
    assert (found.labels.dtype, found.classes) == (np.float32, 1)
    assert found.labels.tolist() == [-1.5, 247.5]


def test_pixels_come_first_from_0_to_1():
    schema = TableSchema(
        label=SICK, columns=SCHEMA.columns[1:2], picture=Picture(channels=1, height=1, width=2)
    )
    pixels = np.array([[[[0, 255]]], [[[51, 102]]]], dtype=np.uint8)
    given_rows = rows([[50.0], [60.0]], np.zeros((2, 0)), schema, pixels=pixels)
    found = samples_of(given_rows, Scales((50.0,), (10.0,)))
    np.testing.assert_allclose(found.features, [[0, 1, 0, 0], [0.2, 0.4, 1, 0]], rtol=1e-6)
    assert feature_names(schema) == ("pixel 0,0,0", "pixel 0,0,1", "age", "age: missing")


def test_a_scale_for_each_column_is_needed():
    with pytest.raises(ValueError, match="one is needed for each of 2 columns, got 1 centres"):
        samples_of(generated(), Scales((1.0,), (1.0,)))


def test_features_are_named_in_their_order():
    assert feature_names(SCHEMA) == (
        "ward: a",
        "ward: b",
        "ward: c",
        "ward: not known",
        "ward: missing",
        "age",
        "age: missing",
        "smokes: yes",
        "smokes: missing",
        "seen",
    )


@st.composite
def any_column(draw, place):
    name, gaps = f"x{place}", draw(st.booleans())
    kind = draw(st.sampled_from(["number", "date", "boolean", "category", "ignored"]))
    if kind == "number":
        return NumberColumn(name=name, gaps=gaps, low=0, high=1)
    if kind == "date":
        days = dt.date(2020, 1, 1), dt.date(2021, 1, 1)
        return DateColumn(name=name, gaps=gaps, low=days[0], high=days[1])
    if kind == "boolean":
        return BooleanColumn(name=name, gaps=gaps, values=("no", "yes"))
    if kind == "category":
        values = tuple(f"v{i}" for i in range(draw(st.integers(1, 4))))
        return CategoryColumn(name=name, gaps=gaps, values=values)
    return IgnoredColumn(name=name)


@given(st.data())
def test_any_rows_become_as_many_bounded_features_as_the_schema_says(data):
    last = NumberColumn(name="last", low=0, high=1)
    count = data.draw(st.integers(0, 6))
    columns = [*(data.draw(any_column(place)) for place in range(count)), last]
    schema = TableSchema(label=SICK, columns=tuple(columns))
    n = data.draw(st.integers(0, 5))
    scaled = len(schema.scaled)
    numbers = data.draw(
        arrays(np.float64, (n, scaled), elements=st.floats(-1e9, 1e9) | st.just(np.nan))
    )
    codes = np.zeros((n, len(schema.chosen)), dtype=np.int32)
    for place, column in enumerate(schema.chosen):
        codes[:, place] = data.draw(
            arrays(np.int32, n, elements=st.integers(-1, len(column.values)))
        )
    spreads = data.draw(st.tuples(*[st.floats(1e-300, 1e9)] * scaled))
    found = samples_of(rows(numbers, codes, schema), Scales((0.0,) * scaled, spreads))
    assert found.features.shape == (n, schema.width)
    assert len(feature_names(schema)) == schema.width
    assert (abs(found.features) <= FARTHEST).all()  # so none is nan
