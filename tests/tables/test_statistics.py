"""What sites tell of their rows, and the one scale that is made of it."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.preprocessing import StandardScaler

from anml_fl.tables.checking import checked_rows
from anml_fl.tables.columns import Columns
from anml_fl.tables.encoding import samples_of
from anml_fl.tables.ranges import bounds
from anml_fl.tables.rows import Rows
from anml_fl.tables.schema import (
    CategoryColumn,
    ClassLabel,
    DateColumn,
    NumberColumn,
    TableSchema,
    ValueLabel,
)
from anml_fl.tables.statistics import LEAST, Scales, Statistics, combined, statistics_of

AGE = NumberColumn(name="age", low=0, high=100)
WARD = CategoryColumn(name="ward", values=("a", "b"))
SICK = ClassLabel(name="sick", classes=(("0",), ("1",)))
SCHEMA = TableSchema(label=SICK, columns=(AGE, WARD))
ONE = TableSchema(label=SICK, columns=(AGE,))


def rows(ages, wards=None, labels=None, schema=SCHEMA):
    n = len(ages)
    return Rows(
        "a.csv",
        schema,
        np.array(ages, dtype=np.float64).reshape(n, 1),
        np.array([0] * n * len(schema.chosen) if wards is None else wards, np.int32).reshape(
            n, len(schema.chosen)
        ),
        np.array([0] * n if labels is None else labels),
        (),
        np.full(n, -1),
    )


def site(values, schema=ONE):
    """What a site with these values tells, if all may be told."""
    values = np.asarray(values, dtype=np.float64)
    return statistics_of(
        Rows(
            "a.csv",
            schema,
            values[:, None],
            np.zeros((values.size, 0), np.int32),
            np.zeros(values.size, np.int64),
            (),
            np.full(values.size, -1),
        ),
        least=1,
    )


# ── What is told ────────────────────────────────────────────────────────────────────────────


def test_counts_and_sums_are_those_of_the_rows():
    told = statistics_of(
        rows(
            [10, 20, 30, 40, 50, np.nan, 60],
            wards=[0, 0, 0, 0, 0, -1, 2],
            labels=[0, 1, 1, 1, 1, 1, 1],
        ),
        least=1,
    )
    assert told == Statistics(
        rows=7,
        counts=(6,),
        sums=(210.0,),
        squares=(9100.0,),
        choices=((5, 0, 1, 1),),
        classes=(1, 6),
    )


def test_what_is_counted_less_often_than_the_least_count_is_not_told():
    few = [10.0] * (LEAST - 1)
    told = statistics_of(
        rows(
            [*few, *[np.nan] * LEAST],
            wards=[1] * (LEAST - 1) + [2] + [0] * (LEAST - 1),
            labels=[1] * (LEAST - 1) + [0] * LEAST,
        )
    )
    assert told == Statistics(9, (0,), (0.0,), (0.0,), ((0, 0, 0, 0),), (0, 0))
    assert statistics_of(rows(few)) == Statistics(0, (0,), (0.0,), (0.0,), ((0,) * 4,), (0, 0))


@pytest.mark.parametrize(
    ("wards", "told"),
    [
        # One of 4 would be 40 less 30 and 6.
        ((30, 6, 4, 0), (30, 0, 0, 0)),
        ((30, 6, 2, 2), (30, 0, 0, 0)),
        # Two of 4 are 8 together.
        ((26, 6, 4, 4), (26, 6, 0, 0)),
        ((34, 6, 0, 0), (34, 6, 0, 0)),
        ((39, 1, 0, 0), (0, 0, 0, 0)),
        ((6, 6, 4, 24), (0, 6, 0, 24)),
    ],
)
def test_what_is_not_told_cannot_be_found_as_the_rest(wards, told):
    codes = np.repeat([0, 1, 2, -1], wards)
    found = statistics_of(rows([10.0] * 40, wards=codes, labels=(codes == 0).astype(int)))
    assert found.choices == (told,)


def test_the_smallest_class_is_not_the_rest_either():
    few = statistics_of(rows([10.0] * 40, labels=[1] * 4 + [0] * 36))
    assert (few.rows, few.classes) == (40, (0, 0))
    assert statistics_of(rows([10.0] * 40, labels=[1] * 5 + [0] * 35)).classes == (35, 5)


def test_a_label_of_values_is_told_behind_the_columns():
    schema = TableSchema(label=ValueLabel(name="cost", low=0, high=9), columns=(AGE,))
    given = rows([10.0] * 5, labels=[1.0, 2.0, 3.0, 4.0, 5.0], schema=schema)
    told = statistics_of(given)
    assert (told.counts, told.sums, told.squares) == ((5, 5), (50.0, 15.0), (500.0, 55.0))
    assert told.classes == ()


@given(
    arrays(np.float64, st.integers(0, 30), elements=st.floats(0, 100) | st.just(np.nan)),
    st.integers(1, 9),
    st.data(),
)
def test_what_is_told_reads_back_as_it_was(ages, least, data):
    n = len(ages)
    wards = data.draw(arrays(np.int32, n, elements=st.integers(-1, 2)))
    labels = data.draw(arrays(np.int64, n, elements=st.integers(0, 1)))
    told = statistics_of(rows(ages, wards, labels), least)
    assert Statistics.from_json(told.to_json(), SCHEMA) == told
    numbers = [told.rows, *told.counts, *told.choices[0], *told.classes]
    rests = [told.rows - sum(one) for one in (told.choices[0], told.classes)]
    assert all(count == 0 or count >= least for count in numbers + rests)


# ── One scale ───────────────────────────────────────────────────────────────────────────────


@given(arrays(np.float64, st.integers(5, 40), elements=st.floats(0, 100).map(np.float32)))
def test_a_lone_sites_scale_is_that_of_scikit_learn(ages):
    fitted = StandardScaler().fit(ages[:, None])
    scales = combined([site(ages)], ONE)
    np.testing.assert_allclose(scales.centres, fitted.mean_, atol=1e-9)
    if ages.std() > 1e-3:
        np.testing.assert_allclose(scales.spreads, np.sqrt(fitted.var_), rtol=1e-6)


def test_the_scale_is_the_median_within_sites_and_between_them():
    # Means 20, 30, 80; standard deviations 1, 2, 5; distances from 30: 10, 0, 50.
    sites = [site([mean - sd, mean + sd]) for mean, sd in ((20, 1), (30, 2), (80, 5))]
    scales = combined(sites, ONE)
    assert scales.centres == (30.0,)
    assert scales.spreads[0] == pytest.approx(np.sqrt(2**2 + 14.826**2))
    assert combined(sites[::-1], ONE) == scales


@given(
    st.lists(st.lists(st.floats(0, 100), min_size=5, max_size=8), min_size=2, max_size=6),
    st.data(),
)
def test_a_minority_of_liars_moves_the_scale_only_within_what_honest_sites_say(honest, data):
    sites = [site(values) for values in honest]
    # What from_json lets through: any mean and any variance within the range.
    liars = data.draw(
        st.lists(st.sampled_from([0.0, 100.0]) | st.floats(0, 100), max_size=len(sites) - 1)
    )
    lies = [
        Statistics(n, (n,), (n * mean,), (n * square,), (), (0, 0))
        for mean in liars
        for n in [data.draw(st.integers(1, 10**9))]
        for square in [data.draw(st.sampled_from([mean * mean, 100 * mean]))]
    ]
    scales = combined([*lies, *sites], ONE)
    (centre,), (spread,) = scales.centres, scales.spreads
    means = np.array([np.mean(values) for values in honest])
    deviations = np.array([np.std(values) for values in honest])
    apart = 1.4826 * np.ptp(means)
    assert means.min() - 1e-6 <= centre <= means.max() + 1e-6
    assert spread <= max(np.hypot(deviations.max(), apart) + 1e-3, 25)
    assert spread >= deviations.min() - 1e-3


@pytest.mark.parametrize("value", [0.0, 0.1, 63.7, 100.0])
def test_a_constant_columns_rounding_is_not_blown_up(value):
    sites = [site([value] * n) for n in (5, 7, 1000)]
    assert combined(sites, ONE).spreads == (25.0,)


def test_a_large_offset_leaves_the_deviations_that_squares_can_tell():
    far = NumberColumn(name="age", low=1e9, high=2e9)
    schema = TableSchema(label=SICK, columns=(far,))
    values = np.linspace(1.7e9 - 1e5, 1.7e9 + 1e5, 1001)
    scales = combined([site(values, schema)], schema)
    assert scales.spreads[0] == pytest.approx(values.std(), rel=1e-3)


def test_what_nobody_tells_of_has_the_middle_and_a_quarter_of_the_range():
    untold = statistics_of(rows([10.0, 20.0], schema=ONE))
    assert combined([untold], ONE) == combined([], ONE) == Scales((50.0,), (25.0,))
    seen = DateColumn(name="seen", low=dt.date(1970, 1, 1), high=dt.date(1970, 1, 8))
    days = TableSchema(label=SICK, columns=(seen,))
    assert bounds(seen) == (0.0, 8.0)
    assert combined([], days) == Scales((4.0,), (2.0,))


def test_numbers_that_the_schema_fixes_stand():
    fixed = NumberColumn(name="age", low=0, high=100, centre=40, spread=10)
    schema = TableSchema(label=SICK, columns=(fixed,))
    assert combined([site([1, 2, 3], schema)], schema) == Scales((40.0,), (10.0,))


def test_squares_that_no_float_holds_are_not_told():
    huge = NumberColumn(name="age", low=-1e15, high=1e15)
    schema = TableSchema(label=SICK, columns=(huge,))
    told = site([1e200] * 5, schema)
    assert told.counts == (0,)
    assert Statistics.from_json(told.to_json(), schema) == told


def test_sites_in_files_of_their_own_have_the_scale_of_one_file_with_all():
    rng = np.random.default_rng(0)
    texts = np.array([f"{x:.7f}" for x in rng.uniform(0, 100, 60)])
    whose, sick = rng.integers(0, 3, 60), rng.integers(0, 2, 60)

    def read(places):
        table = pa.table(
            {
                "age": texts[places],
                "site": np.char.add("site ", whose[places].astype(str)),
                "sick": sick[places],
            }
        )
        schema = ONE.model_copy(update={"site": "site"})
        return checked_rows(Columns("a.csv", table, str), schema)

    together = read(np.arange(60))
    parts = [
        together.take(np.flatnonzero(together.holder == place))
        for place in range(len(together.sites))
    ]
    alone = [read(np.flatnonzero(whose == place)) for place in (2, 0, 1)]
    one, other = (
        combined([statistics_of(part) for part in some], ONE) for some in (parts, alone)
    )
    assert one == other
    by_name = {part.sites[part.holder[0]]: part for part in parts}
    for part in alone:
        features = samples_of(by_name[part.sites[0]], one).features
        np.testing.assert_array_equal(samples_of(part, one).features, features)
