"""A table of one's own, dealt out: whose rows, how many are kept, and on which scale."""

from __future__ import annotations

import numpy as np
import pytest

from anml_fl.datasets.table import TableError
from anml_fl.federation.own_partition import partitioned
from anml_fl.settings.section import ConfigError
from anml_fl.tables.rows import Rows
from anml_fl.tables.schema import ClassLabel, NumberColumn, TableSchema, ValueLabel

AGE = NumberColumn(name="age", low=0, high=100)


def rows(sites=4, each=25, values=False, seed=0):
    rng = np.random.default_rng(seed)
    n = sites * each
    age = rng.uniform(20, 80, n)
    label = (
        ValueLabel(name="cost", low=-100, high=200)
        if values
        else ClassLabel(name="sick", classes=(("0",), ("1",)))
    )
    return Rows(
        where="a.csv",
        schema=TableSchema(label=label, columns=(AGE,), site="site"),
        numbers=age[:, None],
        codes=np.empty((n, 0), np.int32),
        labels=2 * age if values else (age > 50).astype(np.int64),
        sites=tuple(f"s{i}" for i in range(sites)),
        holder=np.arange(n) % sites,
    )


def test_every_row_trains_or_tests_once_a_fifth_of_each_site():
    whole = rows()
    found = partitioned(whole, None, "natural", 4, "", 0)
    assert [part.labels.size for part in found.parts] == [20] * 4
    assert np.bincount(found.tested).tolist() == [5] * 4
    # The scale takes nothing away: all ages are there again.
    scaled = np.concatenate([*(p.features for p in found.parts), found.test.features])[:, 0]
    order = np.argsort(whole.numbers[:, 0])
    assert np.allclose(np.corrcoef(np.sort(scaled), whole.numbers[order, 0])[0, 1], 1)


def test_the_scale_is_the_median_of_the_sites_training_rows():
    whole = rows()
    found = partitioned(whole, None, "natural", 4, "", 0)
    # Undo it by two rows whose ages are known, and compare with NumPy's own.
    train = [np.sort(part.features[:, 0]) for part in found.parts]
    means = np.array([t.mean() for t in train])
    assert abs(np.median(means)) < 1e-6


def test_a_test_table_leaves_all_rows_for_training():
    found = partitioned(rows(), rows(each=3, seed=1), "natural", 4, "", 0)
    assert [part.labels.size for part in found.parts] == [25] * 4
    assert found.test.labels.size == 12
    assert np.bincount(found.tested).tolist() == [3] * 4


def test_a_site_that_is_left_out_is_what_is_tested_on():
    found = partitioned(rows(), None, "natural", 3, "s1", 0)
    assert found.names == ("s0", "s2", "s3")
    assert found.test.labels.size == 25
    assert (found.tested == -1).all()


def test_values_are_standardised_and_their_unit_is_kept():
    whole = rows(values=True)
    found = partitioned(whole, None, "natural", 4, "", 0)
    centre, spread = found.target
    back = centre + spread * np.concatenate([p.labels for p in found.parts]).astype(float)
    assert found.test.classes == 1
    assert np.isin(np.round(back, 2), np.round(whole.labels, 2)).all()


def test_dealt_out_rows_know_no_site():
    found = partitioned(rows(), None, "iid", 5, "", 0)
    assert found.names[0] == "contributor-0000"
    assert [part.labels.size for part in found.parts] == [16] * 5
    skewed = partitioned(rows(), None, "dirichlet:0.1", 5, "", 0)
    shares = [part.labels.mean() for part in skewed.parts]
    assert max(shares) - min(shares) > 0.5


def test_whatever_the_seed_the_same_rows_are_kept_for_testing_but_in_another_repeat():
    one, two = (partitioned(rows(), None, "natural", 4, "", s) for s in (0, 1))
    other = partitioned(rows(), None, "natural", 4, "", 0, repeat=1)
    assert (one.test.features == two.test.features).all()
    assert not (one.test.features == other.test.features).all()


@pytest.mark.parametrize(
    ("partition", "contributors", "leave_out", "said"),
    [
        ("natural", 5, "", "between 1 and 4, got 5"),
        ("natural", 3, "s9", "'s9' is none of the 4 sites"),
        ("iid", 3, "s1", "can be left out of partition 'natural' alone"),
    ],
)
def test_what_the_table_does_not_have_is_refused(partition, contributors, leave_out, said):
    with pytest.raises(ConfigError, match=said):
        partitioned(rows(), None, partition, contributors, leave_out, 0)


def test_classes_are_needed_to_skew_them():
    with pytest.raises(ConfigError, match="deals classes out, and the label is a number"):
        partitioned(rows(values=True), None, "dirichlet:0.5", 4, "", 0)


def test_test_rows_that_any_model_would_do_for_are_refused():
    whole = rows()
    alike = whole.take(np.flatnonzero(whole.labels == 1))
    with pytest.raises(TableError, match="test rows all are of one class"):
        partitioned(whole, alike, "natural", 4, "", 0)
