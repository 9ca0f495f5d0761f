"""A fifth of one contributor's rows."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import train_test_split

from anml_fl.seeding import stream
from anml_fl.tables.holdout import _number, kept_for_testing
from anml_fl.tables.rows import Rows
from anml_fl.tables.schema import ClassLabel, NumberColumn, TableSchema, ValueLabel

AGE = NumberColumn(name="age", low=0, high=130)
CLASSES = TableSchema(
    label=ClassLabel(name="sick", classes=(("0",), ("1",), ("2",))), columns=(AGE,)
)
VALUES = TableSchema(label=ValueLabel(name="cost", low=0, high=9), columns=(AGE,))


def rows(labels, schema=CLASSES, ages=None):
    n = len(labels)
    return Rows(
        "a.csv",
        schema,
        np.zeros((n, 1)) if ages is None else np.array(ages, float)[:, None],
        np.zeros((n, 0), np.int32),
        np.array(labels),
        (),
        np.full(n, -1),
    )


def kept(labels, schema=CLASSES, ages=None, repeat=0):
    return kept_for_testing(rows(labels, schema, ages), repeat)


@given(st.lists(st.integers(0, 2), max_size=60), st.sampled_from([CLASSES, VALUES]))
def test_each_row_is_on_one_side_and_a_fifth_is_tested_on(labels, schema):
    train, test = kept(labels, schema=schema)
    n = len(labels)
    np.testing.assert_array_equal(np.sort([*train, *test]), np.arange(n))
    assert test.size == (math.ceil(n / 5) if n >= 2 else 0)
    assert (np.diff(train) > 0).all()
    assert (np.diff(test) > 0).all()
    if n:
        assert train.size


def test_classes_are_parted_alike_where_there_is_room():
    labels = np.repeat([0, 1, 2], [50, 20, 10])
    _, test = kept(labels)
    assert np.bincount(labels[test]).tolist() == [10, 4, 2]


@pytest.mark.parametrize(
    "labels", [[0, 0, 0, 1], [0, 1, 2], [0, 1], [0] * 7, [0, 0, 1, 1, 2, 2]]
)
def test_rows_are_parted_at_random_where_there_is_none(labels):
    train, test = kept(labels)
    assert test.size == math.ceil(len(labels) / 5)
    assert train.size == len(labels) - test.size


def test_the_rows_themselves_say_which_are_kept():
    labels, ages = np.repeat([0, 1], 100), np.arange(200)
    first = kept(labels, ages=ages)[1].tolist()
    assert kept(labels.copy(), ages=ages.astype(np.float32))[1].tolist() == first
    assert kept(labels, ages=ages + (ages == 7) / 2)[1].tolist() != first
    assert kept(labels, ages=ages, repeat=1)[1].tolist() != first
    assert kept(1 - labels, ages=ages)[1].tolist() != first


def test_codes_and_pixels_say_it_too():
    given = rows([0, 1] * 50)
    first = kept_for_testing(given)[1].tolist()
    for other in (
        replace(given, codes=np.ones((100, 1), np.int32)),
        replace(given, pixels=np.ones((100, 1, 2, 2), np.uint8)),
    ):
        assert kept_for_testing(other)[1].tolist() != first


@given(
    st.lists(st.integers(0, 2), min_size=2, max_size=60),
    st.sampled_from([CLASSES, VALUES]),
    st.integers(0, 3),
)
def test_it_is_the_split_that_scikit_learn_makes_of_the_same_seed(labels, schema, repeat):
    given = rows(labels, schema=schema)
    counts = np.unique(labels, return_counts=True)[1]
    room = counts.min() >= 2 and math.ceil(len(labels) / 5) >= counts.size
    train, test = train_test_split(
        np.arange(len(labels)),
        test_size=0.2,
        stratify=labels if schema is CLASSES and room else None,
        random_state=int(stream(_number(given), "holdout", repeat).integers(2**32)),
    )
    found = kept_for_testing(given, repeat)
    assert [one.tolist() for one in found] == [sorted(train), sorted(test)]
