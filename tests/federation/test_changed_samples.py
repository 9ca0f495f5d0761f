"""A behaviour's samples: of the right types, and never written into what others train on."""

from __future__ import annotations

import numpy as np
import pytest

from anml_fl.behaviour import Behaviour
from anml_fl.datasets.prepare import Samples
from anml_fl.federation.changed_samples import changed_samples
from anml_fl.settings.attackers import Attackers
from anml_fl.settings.section import ConfigError


@pytest.fixture
def own():
    return Samples(np.ones((3, 2), np.float32), np.array([0, 1, 1]), 2)


def changed(own, change):
    acting = Behaviour(samples=lambda rows, rng, attacks: change(rows))
    return changed_samples(acting, own, "odd", np.random.default_rng(0), Attackers())


def test_nobody_writes_into_what_a_contributor_holds(own):
    for name in ("features", "labels"):
        with pytest.raises(ValueError, match="read-only"):
            changed(own, lambda rows, name=name: getattr(rows, name).fill(0))
    assert own.features.all()
    assert own.labels.tolist() == [0, 1, 1]


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.int64])
def test_labels_of_another_width_are_the_same_labels(own, dtype):
    found = changed(own, lambda rows: Samples(rows.features, rows.labels.astype(dtype), 2))
    assert found.labels.dtype == np.int64
    assert found.labels.tolist() == [0, 1, 1]


def test_what_is_given_back_can_be_trained_on_and_is_not_copied_where_it_is_the_same(own):
    fixed = np.zeros((3, 2), np.float32)
    fixed.setflags(write=False)
    found = changed(own, lambda rows: Samples(fixed, rows.labels, 2))
    assert found.features.flags.writeable
    assert found.labels is own.labels


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda rows: None, "must give anml_fl.datasets.prepare.Samples, got NoneType"),
        (lambda rows: Samples(rows.features, rows.labels, 3), "samples of 2 classes, got 3"),
        (lambda rows: Samples([[1.0]], rows.labels, 2), "features must be an array, got list"),
        (lambda rows: Samples(rows.features[:, :1], rows.labels, 2), r"shape \(n, 2\), got"),
        (lambda rows: Samples(rows.features, rows.labels[:, None], 2), r"shape \(n\), got"),
        (lambda rows: Samples(rows.features, rows.labels * 0.5, 2), "labels must be int64"),
        (lambda rows: Samples(rows.features * 1j, rows.labels, 2), "features must be float32"),
        (lambda rows: Samples(rows.features[:1], rows.labels, 2), "3 labels for 1 rows"),
    ],
)
def test_what_nobody_can_train_on_is_refused(own, change, words):
    with pytest.raises(ConfigError, match=words):
        changed(own, change)
