"""Data sets: what is loaded, how it is split and standardised, where it comes from."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import numpy as np
import pytest
from sklearn import datasets as sklearn_datasets
from sklearn.preprocessing import StandardScaler
from sklearn.utils import Bunch

from anml_fl.datasets.loading import load
from anml_fl.datasets.prepare import _deal, deal
from anml_fl.datasets.sources import adult, covertype
from anml_fl.plugins import DATASETS

WITH_SKLEARN = {
    # rows, features, classes (Table 6), rows of the test set
    "wine": (178, 13, 3, 36),
    "breast_cancer": (569, 30, 2, 114),
    "digits": (1797, 64, 10, 360),
}


def numbers(samples):
    return samples.features[:, 3].astype(int).tolist()


# ── Split, standardise, deal ────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", WITH_SKLEARN)
def test_a_fifth_of_every_class_is_the_test_set(name):
    rows, width, classes, held_out = WITH_SKLEARN[name]
    dealt = deal(name, 5, "iid", 3)
    assert dealt.test.features.shape == (held_out, width)
    assert sum(part.labels.size for part in dealt.parts) == rows - held_out
    everyone = np.concatenate([dealt.test.labels, *(part.labels for part in dealt.parts)])
    share = np.bincount(everyone, minlength=classes) * held_out / rows
    tested = np.bincount(dealt.test.labels, minlength=classes)
    assert np.abs(tested - share).max() < 1
    for held in (dealt.test, *dealt.parts):
        assert held.classes == classes
        assert held.features.dtype == np.float32
        assert held.labels.dtype == np.int64
        assert np.isfinite(held.features).all()


@pytest.mark.parametrize("partition", ["iid", "dirichlet:0.3"])
def test_every_row_is_held_once_by_the_server_or_a_contributor(numbered, partition):
    dealt = deal("numbered", 7, partition, 0)
    held = [n for samples in (dealt.test, *dealt.parts) for n in numbers(samples)]
    assert len(numbers(dealt.test)) == 40
    assert sorted(held) == list(range(200))


def test_rows_keep_their_labels(numbered):
    dealt = deal("numbered", 7, "dirichlet:0.3", 0)
    for samples in (dealt.test, *dealt.parts):
        np.testing.assert_array_equal(samples.labels, numbered().labels[numbers(samples)])


def test_standardised_on_the_training_part_alone(numbered):
    dealt = deal("numbered", 4, "iid", 0)
    raw = numbered().features[:, :3]
    train = [n for part in dealt.parts for n in numbers(part)]
    scaler = StandardScaler().fit(raw[train])
    for samples in (dealt.test, *dealt.parts):
        expected = scaler.transform(raw[numbers(samples)])
        np.testing.assert_allclose(samples.features[:, :3], expected, atol=1e-5)
    # Fitted on all rows it would be another: the test would see the difference.
    other = StandardScaler().fit(raw).transform(raw[train])
    assert np.abs(other - scaler.transform(raw[train])).max() > 1e-3


def test_constant_column_is_zero_and_not_nan(numbered):
    dealt = deal("numbered", 4, "iid", 0)
    for samples in (dealt.test, *dealt.parts):
        assert not samples.features[:, 2].any()


def test_test_set_does_not_depend_on_how_the_rest_is_dealt_out(numbered):
    alone = numbers(deal("numbered", 1, "iid", 0).test)
    assert numbers(deal("numbered", 9, "dirichlet:0.3", 0).test) == alone
    assert numbers(deal("numbered", 9, "dirichlet:0.3", 1).test) != alone


def test_same_arguments_same_bytes_whatever_the_global_seed(numbered):
    def all_bytes(seed, global_seed):
        _deal.cache_clear()
        np.random.seed(global_seed)  # noqa: NPY002
        dealt = deal("numbered", 5, "dirichlet:0.5", seed)
        return b"".join(s.features.tobytes() for s in (dealt.test, *dealt.parts))

    assert all_bytes(0, 1) == all_bytes(0, 2)
    assert all_bytes(1, 1) != all_bytes(0, 1)


def test_label_skew_is_as_strong_as_asked(numbered):
    def spread(partition):
        parts = deal("numbered", 5, partition, 0).parts
        return np.std([np.bincount(p.labels, minlength=3) / p.labels.size for p in parts], 0)

    assert spread("dirichlet:0.1").mean() > 2 * spread("dirichlet:100.0").mean()


def test_digits_are_images_and_wine_is_not():
    assert deal("digits", 2, "iid", 0).image == (1, 8, 8)
    assert deal("wine", 2, "iid", 0).image is None


def test_too_many_contributors_are_refused():
    with pytest.raises(ValueError, match="between 1 and 71 for 142 training samples, got 72"):
        deal("wine", 72, "iid", 0)


# ── Sources ─────────────────────────────────────────────────────────────────────────────────


def test_unknown_data_set_is_named_with_the_known_ones():
    with pytest.raises(ValueError, match=r"unknown data set 'iris'; .*known: digits, wine, "):
        load("iris")
    assert set(DATASETS.names) == {
        *WITH_SKLEARN,
        "adult",
        "covertype",
        "fashion_mnist",
        "heart_disease",
        "labelme",
        "mnist_writers",
        "sentiment",
    }


@pytest.mark.parametrize("name", WITH_SKLEARN)
def test_tables_that_come_with_scikit_learn_are_its_own(name):
    table = load(name)
    x, y = getattr(sklearn_datasets, f"load_{name}")(return_X_y=True)
    np.testing.assert_array_equal(table.features, x)
    np.testing.assert_array_equal(table.labels, y)
    assert (table.classes, table.indicators.any()) == (WITH_SKLEARN[name][2], False)


def test_second_call_returns_the_same_arrays_read_only():
    table = load("wine")
    assert load("wine") is table
    for array in (table.features, table.labels, table.indicators):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def write(path, text):
    with gzip.open(path, "wt") as file:
        file.write(text)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty ANML_DATA_DIR, and fetchers that find no network."""

    def offline(*args, **options):
        raise OSError("no route to host")

    monkeypatch.setenv("ANML_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(adult, "fetch_openml", offline)
    monkeypatch.setattr(covertype, "fetch_covtype", offline)
    return tmp_path


COLUMNS = (
    "age,workclass,fnlwgt,education,education-num,marital-status,occupation,relationship,race,"
    "sex,capital-gain,capital-loss,hours-per-week,native-country,income"
)
ADULT = "\n".join(
    [
        COLUMNS,
        "39,Private,7,9th,5,Widowed,Sales,Wife,Black,Female,1,2,40,Peru,<=50K",
        "50,?,8,9th,5,Widowed,Sales,Wife,Black,Male,0,0,13,?,>50K",
        "20,Local-gov,9,9th,5,Widowed,Sales,Wife,Black,Male,0,0,40,Cuba,<=50K",
    ]
)
# Columns before those of workclass, sex and hours: one a number, one a category otherwise.
WORKCLASS, SEX = 1, 1 + 9 + 1 + 16 + 1 + 7 + 15 + 6 + 5
HOURS = SEX + 2 + 2


def test_adult_in_the_folder_is_one_hot_but_for_its_numbers(folder):
    write(folder / "adult_train.csv.gz", ADULT)
    table = load("adult")
    columns = table.features.T
    assert len(columns) == 6 + 102
    assert columns[0].tolist() == [39, 50, 20]
    # In alphabetical order: "?", Federal-gov, Local-gov, Never-worked, Private, ...
    workclass = columns[WORKCLASS : WORKCLASS + 9].tolist()
    assert [workclass.pop(place) for place in (4, 2, 0)] == [[1, 0, 0], [0, 0, 1], [0, 1, 0]]
    assert not np.any(workclass)
    assert columns[SEX : SEX + 2].tolist() == [[1, 0, 0], [0, 1, 1]]
    assert columns[HOURS - 2 : HOURS + 1].tolist() == [[1, 0, 0], [2, 0, 0], [40, 13, 40]]
    assert columns[table.indicators].sum(axis=0).tolist() == [8, 8, 8]
    assert table.labels.tolist() == [0, 1, 0]
    assert (table.classes, table.image) == (2, None)


def test_covertype_in_the_folder_counts_its_classes_from_0(folder):
    names = [
        *("Elevation", "Aspect", "Slope", "Horizontal_Distance_To_Hydrology"),
        *("Vertical_Distance_To_Hydrology", "Horizontal_Distance_To_Roadways"),
        *("Hillshade_9am", "Hillshade_Noon", "Hillshade_3pm"),
        "Horizontal_Distance_To_Fire_Points",
        *(f"Wilderness_Area{i}" for i in range(1, 5)),
        *(f"Soil_Type{i}" for i in range(1, 41)),
    ]
    rows = [[2596] + [0] * 53 + [7], [51] + [1] * 53 + [1], [3] + [0] * 53 + [7]]
    lines = [[*names, "Cover_Type"], *(map(str, row) for row in rows)]
    write(folder / "covtype_20k.csv.gz", "\n".join(map(",".join, lines)))
    table = load("covertype")
    assert table.features.tolist() == [row[:-1] for row in rows]
    assert (table.labels.tolist(), table.classes) == ([6, 0, 6], 7)
    assert not table.indicators.any()


@pytest.mark.parametrize("name", ["adult", "covertype"])
def test_data_that_are_nowhere_are_told_with_what_to_do(folder, monkeypatch, name):
    with pytest.raises(OSError, match="no route to host") as caught:
        load(name)
    for said in (repr(name), f"ANML_DATA_DIR ({folder})", "digits, wine or breast_cancer"):
        assert said in str(caught.value)
    assert isinstance(caught.value.__cause__, OSError)
    monkeypatch.delenv("ANML_DATA_DIR")
    with pytest.raises(OSError, match=r"ANML_DATA_DIR \(not set\)"):
        load(name)


def test_failure_is_not_remembered(folder):
    with pytest.raises(OSError, match="found neither"):
        load("adult")
    write(folder / "adult_train.csv.gz", ADULT)
    assert load("adult").labels.size == 3


def test_adult_from_openml_is_one_hot_likewise(folder, monkeypatch):
    asked = []

    def fetch_openml(name, **options):
        asked.append((name, options["version"]))
        # As scikit-learn gives it without pandas: categories as their numbers in
        # one float array, `?` as nan, and beside it what the numbers mean.
        return Bunch(
            data=np.array([[39.0, 0.0, 40.0], [50.0, np.nan, 13.0], [20.0, 1.0, 40.0]]),
            target=np.array(["<=50K", ">50K", "<=50K"], dtype=object),
            feature_names=["age", "workclass", "hours"],
            target_names=["income"],
            categories={"workclass": ["Private", "Local"]},
            frame=None,
        )

    monkeypatch.setattr(adult, "fetch_openml", fetch_openml)
    table = load("adult")
    assert asked == [("adult", 2)]
    assert table.indicators.sum() == 3
    # workclass as indicators in alphabetical order: "?", Local, Private
    columns = [[39, 50, 20], [0, 1, 0], [0, 0, 1], [1, 0, 0], [40, 13, 40]]
    assert table.features.T.tolist() == columns
    assert table.labels.tolist() == [0, 1, 0]


def test_covertype_fetched_is_20_000_rows_of_it_each_once(folder, monkeypatch):
    rng = np.random.default_rng(0)
    x = np.column_stack([np.arange(25_000.0), rng.normal(size=(25_000, 1))])
    y = rng.integers(1, 8, 25_000)
    monkeypatch.setattr(covertype, "fetch_covtype", lambda **options: (x, y))
    table = load("covertype")
    rows = table.features[:, 0].astype(int)
    assert np.unique(rows).size == 20_000
    np.testing.assert_array_equal(table.features, x[rows])
    np.testing.assert_array_equal(table.labels, y[rows] - 1)
    # Not the first ones, which in the original lie in one place.
    assert abs(rows.mean() - 12_500) < 500


@pytest.fixture
def provided(request):
    name, file = request.param
    given = os.environ.get("ANML_DATA_DIR", "")
    if not given or not (Path(given) / file).is_file():
        pytest.skip(f"ANML_DATA_DIR ({given or 'not set'}) holds no {file}")
    return load(name)


@pytest.mark.parametrize("provided", [("adult", "adult_train.csv.gz")], indirect=True)
def test_adult_has_the_published_counts(provided):
    assert provided.labels.size == 32_561
    assert np.bincount(provided.labels).tolist() == [24_720, 7_841]
    # 6 numbers; categories: 9 + 16 + 7 + 15 + 6 + 5 + 2 + 42, with "?" as one
    assert provided.features.shape[1] == 6 + 102
    assert provided.indicators.sum() == 102
    # Each of the 8 categorical columns has exactly one indicator set in every row.
    assert (provided.features[:, provided.indicators].sum(axis=1) == 8).all()
    counts = provided.features[:, provided.indicators].sum(axis=0)
    assert {1836, 1843, 583} <= set(counts.tolist())  # the three columns with "?"
    dealt = deal("adult", 10, "iid", 0)
    kept = dealt.test.features[:, provided.indicators]
    assert set(np.unique(kept).tolist()) == {0.0, 1.0}


@pytest.mark.parametrize("provided", [("covertype", "covtype_20k.csv.gz")], indirect=True)
def test_covertype_has_the_published_counts(provided):
    assert provided.features.shape == (20_000, 54)
    counts = [7310, 9687, 1293, 81, 303, 625, 701]
    assert np.bincount(provided.labels).tolist() == counts
    assert provided.classes == 7
