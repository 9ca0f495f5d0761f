"""Rows that are to be trusted: each once, of each class, or what is wrong with them."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anml_fl.models.trusted_rows import (
    RootSetError,
    check_classes,
    copies_of,
    once_each,
    trusted,
)

SENTINEL = 31415.9265


def rows(labels, width=3):
    """Rows that differ, for these labels."""
    labels = np.asarray(labels)
    return np.random.default_rng(0).normal(size=(labels.size, width)), labels


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), max_size=30), st.booleans())
def test_each_row_counts_once_and_contradicting_ones_do_not(pairs, values):
    features = np.array([[x, -x] for x, _ in pairs], dtype=float).reshape(-1, 2)
    labels = np.array([y for _, y in pairs], dtype=int)
    said = defaultdict(set)
    for x, y in pairs:
        said[x].add(y)
    seen, expected, contradicting = set(), [], 0
    for place, (x, y) in enumerate(pairs):
        if not values and len(said[x]) > 1:
            contradicting += 1
        elif (x, y) not in seen:
            expected.append(place)
        seen.add((x, y))
    if not pairs:
        return
    kept, copies, against = once_each(features, labels, 1 if values else 3)
    assert kept.tolist() == expected
    assert against == contradicting
    assert copies == len(pairs) - len(expected) - contradicting


def test_the_two_zeros_are_one():
    features = np.array([[0.0], [-0.0]])
    assert once_each(features, np.array([1, 1]), 2)[1] == 1
    assert copies_of(features[:1], features[1:]).tolist() == [True]


@given(st.lists(st.integers(0, 5), max_size=9), st.lists(st.integers(0, 5), max_size=9))
def test_copies_are_found_among_others(mine, others):
    found = copies_of(np.array(mine, float).reshape(-1, 1), np.array(others).reshape(-1, 1))
    assert found.tolist() == [one in others for one in mine]


def test_good_rows_are_kept_as_they_are():
    found = trusted(*rows(np.arange(40) % 4), 4)
    assert found.kept.tolist() == list(range(40))
    assert found.notes == ()


def test_copies_and_contradictions_are_told_by_count():
    features, labels = rows(np.arange(40) % 4)
    features[1], labels[1] = features[0], labels[0]
    features[2], labels[2] = features[3], 1
    found = trusted(features, labels, 4)
    assert found.kept.size == 37
    assert found.notes == (
        "1 row that is there already counted once",
        "2 rows left out: the same features with different labels",
    )


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda x, y: (x[:19], y[:19]), r"^19 rows are too few .*: 20 are the least"),
        (lambda x, y: (x[:0], y[:0]), r"^there is no row: 20"),
        (
            lambda x, y: (x[:1].repeat(40, 0), y * 0),
            r"^1 row \(39 rows that are there already",
        ),
        (
            lambda x, y: (x, y // 2),
            r"^the 40 rows lack class 2, class 3: 2 rows of each class",
        ),
        (lambda x, y: (x, np.minimum(y, 2)), "^the 40 rows lack class 3:"),
        (
            lambda x, y: (x, np.where(np.arange(40) == 3, 3, y % 3)),
            r"too few of a class \(1 of class 3\): 2 rows",
        ),
        (lambda x, y: (x, y + 1), r"^labels must lie from 0 to 3, .* got 4 \(10 rows of 40\)"),
        (
            lambda x, y: (x, y - 1),
            r"^labels must lie from 0 to 3, .* got -1 \(10 rows of 40\)",
        ),
        (
            lambda x, y: (x, y + 0.5),
            r"^labels must be whole numbers from 0 to 3, .* 40 rows of",
        ),
        (
            lambda x, y: (x, np.where(y == 1, np.nan, y)),
            "^labels must be finite: 10 rows of 40",
        ),
        (
            lambda x, y: (np.where(x > 2, np.inf, x), y),
            "^features must be finite: .* nan or inf",
        ),
        (lambda x, y: (x, y[:-1]), r"as many of both, got shapes \(40, 3\) and \(39,\)"),
        (lambda x, y: (x[:, 0], y), "^features must be "),
        (lambda x, y: (x.astype(str), y), "^features must be real numbers, got type <U"),
        (lambda x, y: (x, y.astype(str)), "^labels must be real numbers, got type <U"),
        (lambda x, y: (x + 1j, y), "^features must be real numbers, got type complex128"),
        (
            lambda x, y: (x.astype(object), y),
            "^features must be real numbers, got type object",
        ),
    ],
)
def test_what_cannot_serve_is_refused_by_counts_and_classes(change, told):
    features, labels = rows(np.arange(40) % 4)
    features[7, 1] = SENTINEL
    with pytest.raises(RootSetError, match=told) as caught:
        trusted(*change(features, labels), 4)
    assert str(SENTINEL)[:6] not in str(caught.value)


def test_classes_are_called_as_people_call_them():
    labels = np.zeros(30, int)
    with pytest.raises(RootSetError, match=r"^the 30 rows lack 'ill': "):
        trusted(*rows(labels), 2, names=("'well'", "'ill'"))
    with pytest.raises(RootSetError, match=r"class 8 and 2 more: 3 rows"):
        check_classes(labels, range(11), (), "they", 3)


def test_a_class_that_nobody_has_need_not_be_there():
    assert trusted(*rows(np.arange(40) % 2), 9, needed=(0, 1)).kept.size == 40


def test_values_need_no_classes_but_a_spread():
    features, values = rows(np.linspace(-3, 3, 40))
    assert trusted(features, values, 1).kept.size == 40
    features[1] = features[0]
    assert trusted(features, values, 1).kept.size == 40
    with pytest.raises(RootSetError, match=r"^all 40 values are one"):
        trusted(rows(values)[0], np.full(40, SENTINEL), 1)
