"""Data sets that say who gathered them, and the partition in which everybody keeps theirs."""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from anml_fl.datasets.gold import graded_answers
from anml_fl.datasets.loading import load
from anml_fl.datasets.prepare import contributor_id, deal
from anml_fl.datasets.standardise import standardised
from anml_fl.federation.contributors import names_of
from anml_fl.federation.simulated_registry import simulated_registry
from anml_fl.settings.reading import from_flat

if TYPE_CHECKING:
    from collections.abc import Callable

HOSPITALS = {"cleveland": 303, "hungarian": 294, "switzerland": 123, "va": 200}


@pytest.fixture(scope="module")
def folder() -> Path:
    """Name the folder of data sets."""
    found = Path(os.environ.get("ANML_DATA_DIR") or "none")
    if not (found / "heart_disease_hospitals.csv").is_file():
        pytest.skip("ANML_DATA_DIR names no folder with heart_disease_hospitals.csv")
    return found


# ── Files ───────────────────────────────────────────────────────────────────────────────────


def test_hospitals_are_read_as_their_file_has_them(folder: Path) -> None:
    table = load("heart_disease")
    with (folder / "heart_disease_hospitals.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert table.contributors == tuple(HOSPITALS)
    assert np.bincount(table.holder).tolist() == list(HOSPITALS.values())
    assert table.labels.tolist() == [int(row["num"] != "0") for row in rows]
    chol = table.features[:, 2]
    assert np.isnan(chol).sum() == sum(row["chol"] in ("?", "0") for row in rows)
    assert np.isnan(chol[table.holder == 2]).all()  # Switzerland measured none
    thal = table.features[:, -3:]
    assert (thal.sum(axis=1) == [row["thal"] != "?" for row in rows]).all()
    assert table.indicators.sum() == 1 + 4 + 1 + 3 + 1 + 3 + 4 + 3
    assert not np.isnan(table.features[:, table.indicators]).any()


def test_writers_are_employees_and_students(folder: Path) -> None:
    table = load("mnist_writers")
    kinds = [name.split("-")[0] for name in table.contributors]
    assert (kinds.count("employee"), kinds.count("student")) == (90, 90)
    raw = np.load(folder / "mnist_by_writer_180.npz")
    for place in (0, 77, 179):
        number = int(table.contributors[place].split("-")[1])
        assert (raw["writer"][table.holder == place] == number).all()
    assert (table.features.min(), table.features.max()) == (0.0, 1.0)
    assert table.image == (1, 28, 28)


def test_annotators_answers_are_rows_of_their_own(
    small: Callable[..., Path], crowd: dict[str, np.ndarray]
) -> None:
    small("labelme_crowd.npz", **crowd)
    table = load("labelme")
    assert table.contributors == ("annotator-00", "annotator-01", "annotator-02")
    assert np.bincount(table.holder[table.holder >= 0]).tolist() == [6, 5, 1]
    assert (table.holder[-8:] == -1).all()
    of = {
        (int(i), int(who)): (int(label), int(true))
        for i, who, label, true in zip(
            table.items, table.holder, table.labels, table.truth, strict=True
        )
        if who >= 0
    }
    assert of[5, 2] == (6, 5)
    assert of[2, 1] == (7, 2)
    assert len(set(table.items[-8:]) | {i for i, _ in of}) == 14


# ── Missing values ──────────────────────────────────────────────────────────────────────────


def test_what_is_missing_becomes_the_training_parts_median(folder: Path) -> None:
    table = load("heart_disease")
    train = np.flatnonzero(table.holder != 2)
    found = standardised(table, train)
    assert np.isfinite(found).all()
    column = table.features[:, 2]
    filled = np.where(np.isnan(column), np.nanmedian(column[train]), column)
    expected = (filled - filled[train].mean()) / filled[train].std()
    np.testing.assert_allclose(found[:, 2], expected, atol=1e-5)


def test_a_value_that_the_training_part_never_has_is_nothing_to_go_by(folder: Path) -> None:
    table = load("heart_disease")
    swiss = np.flatnonzero(table.holder == 2)  # who have no cholesterol at all
    assert np.isfinite(standardised(table, swiss)).all()


# ── Everybody keeps theirs ──────────────────────────────────────────────────────────────────


def test_everybody_holds_four_fifths_of_what_they_gathered(folder: Path) -> None:
    dealt = deal("heart_disease", 4, "natural", 3)
    assert dealt.names == tuple(HOSPITALS)
    own = [int((dealt.tested == place).sum()) for place in range(4)]
    for part, test, total in zip(dealt.parts, own, HOSPITALS.values(), strict=True):
        assert part.labels.size + test == total
        assert test == pytest.approx(0.2 * total, abs=1)
    again = deal("heart_disease", 4, "natural", 4)
    assert any(
        not np.array_equal(a.features, b.features)
        for a, b in zip(dealt.parts, again.parts, strict=True)
    )


def test_whoever_is_left_out_is_tested_on(folder: Path) -> None:
    dealt = deal("heart_disease", 3, "natural", 0, "va")
    assert dealt.names == ("cleveland", "hungarian", "switzerland")
    assert [p.labels.size for p in dealt.parts] == [303, 294, 123]
    table = load("heart_disease")
    np.testing.assert_array_equal(dealt.test.labels, table.labels[table.holder == 3])
    assert (dealt.tested == -1).all()


def test_some_of_many_are_drawn_by_the_seed(folder: Path) -> None:
    drawn = [deal("mnist_writers", 6, "natural", seed).names for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert len(set(drawn[0])) == 6
    dealt = deal("mnist_writers", 6, "natural", 0)
    table = load("mnist_writers")
    for place, name in enumerate(dealt.names):
        total = int((table.holder == table.contributors.index(name)).sum())
        assert dealt.parts[place].labels.size + (dealt.tested == place).sum() == total


def test_what_is_given_for_testing_is_tested_on(
    small: Callable[..., Path], crowd: dict[str, np.ndarray]
) -> None:
    small("labelme_crowd.npz", **crowd)
    for partition, contributors in (("natural", 3), ("iid", 2)):
        dealt = deal("labelme", contributors, partition, 0)
        assert dealt.test.labels.tolist() == list(range(8))
        assert sum(part.labels.size for part in dealt.parts) == 12
    assert [t.tolist() for t in deal("labelme", 3, "natural", 0).truths] == [
        [0, 1, 2, 3, 4, 5],
        [0, 1, 2, 3, 4],
        [5],
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("digits", 4, "natural", 0), "digits does not say who gathered it"),
        (("heart_disease", 5, "natural", 0), "between 1 and 4, got 5"),
        (("heart_disease", 4, "natural", 0, "va"), "between 1 and 3, got 4"),
        (("heart_disease", 3, "natural", 0, "boston"), "'boston' is none of.*cleveland"),
        (("heart_disease", 3, "iid", 0, "va"), "left out of partition 'natural' alone"),
    ],
)
def test_what_cannot_be_dealt_is_refused(
    folder: Path, arguments: tuple[str, int, str, int], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        deal(*arguments)


def test_contributors_are_called_what_the_data_call_them(folder: Path) -> None:
    natural = {"dataset": "heart_disease", "partition": "natural", "contributors": 4}
    config = from_flat({**natural, "behaviours": "honest=4"})
    assert names_of(config) == tuple(HOSPITALS)
    assert names_of(from_flat({}))[9] == contributor_id(9)


# ── Gold ────────────────────────────────────────────────────────────────────────────────────


def test_a_few_answers_of_each_are_checked(
    small: Callable[..., Path], crowd: dict[str, np.ndarray]
) -> None:
    small("labelme_crowd.npz", **crowd)
    dealt = deal("labelme", 3, "natural", 0)
    right, graded = graded_answers(dealt, 4, seed=0)
    assert graded.tolist() == [4, 4, 1]
    assert right[0] == 4
    assert 1 <= right[1] <= 2  # two of its five are right
    assert right[2] == 0
    everything = graded_answers(dealt, 100, seed=5)
    assert [each.tolist() for each in everything] == [[6, 2, 0], [6, 5, 1]]


def test_only_answers_can_be_checked() -> None:
    with pytest.raises(ValueError, match="so it must be 0, got 5; labelme has some"):
        graded_answers(deal("wine", 2, "iid", 0), 5, seed=0)


def test_reputation_is_earned_on_gold_and_verification_is_not(
    small: Callable[..., Path],
    crowd: dict[str, np.ndarray],
) -> None:
    small("labelme_crowd.npz", **crowd)
    config = from_flat(
        {
            "dataset": "labelme",
            "partition": "natural",
            "contributors": 3,
            "behaviours": "honest=3",
            "scenario": "unknown",
            "gold": 5,
        }
    )
    found = simulated_registry(config, dict.fromkeys(names_of(config), "honest")).standings
    assert [one.v for one in found.values()] == [0.25] * 3
    r = [one.r for one in found.values()]
    assert r[0] > r[1] > r[2]


# ── Hospitals' tables that no federation could learn from ───────────────────────────────────


@pytest.fixture
def patients(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[dict[str, str]], None]:
    """Write hospitals by their outcomes: a digit a patient."""
    monkeypatch.setenv("ANML_DATA_DIR", str(tmp_path))

    def write(outcomes: dict[str, str]) -> None:
        columns = (
            "age,sex,cp,trestbps,chol,fbs,restecg,thalach,exang,oldpeak,slope,ca,thal,num"
        )
        rows = [
            f"{who},{30 + i},1,1,145,233,1,2,150,0,2.3,3,0,6,{num}"
            for who, digits in outcomes.items()
            for i, num in enumerate(digits)
        ]
        (tmp_path / "heart_disease_hospitals.csv").write_text(
            "\n".join([f"hospital,{columns}", *rows])
        )

    return write


NATURAL_4 = ("heart_disease", 4, "natural", 0)


def test_three_patients_a_hospital_are_too_few_and_five_are_enough(patients) -> None:
    patients(dict.fromkeys("abcd", "012"))
    with pytest.raises(
        ValueError, match=r"of 12, a has 3, b has 3, c has 3, d has 3; 5 of each are eno"
    ):
        deal(*NATURAL_4)
    load.__globals__["_load"].cache_clear()
    patients(dict.fromkeys("abcd", "01201"))
    assert [part.labels.size for part in deal(*NATURAL_4).parts] == [4, 4, 4, 4]


def test_a_hospital_of_one_class_is_noted_and_not_refused(patients) -> None:
    patients({"a": "0101010101", "b": "1111111111", "c": "0120120120", "d": "0" * 20})
    assert deal(*NATURAL_4).notes == (
        "heart_disease: training rows of one class alone: b (8 of class 1), d (16 of class 0)",
    )


def test_of_many_hospitals_of_one_class_five_are_named(patients) -> None:
    patients({f"h{i}": str(i % 2) * 5 for i in range(8)})
    (note,) = deal("heart_disease", 8, "natural", 0).notes
    assert note.endswith("h3 (4 of class 1), h4 (4 of class 0) and 3 more")


@pytest.mark.parametrize(
    ("outcomes", "leave_out", "said"),
    [
        (
            {"a": "0101", "b": "1111"},
            "b",
            "the 4 test samples are all of class 1, so that any",
        ),
        (
            {"a": "0101", "b": "1111"},
            "a",
            "the 4 training samples are all of class 1, so that",
        ),
        ({"a": "000000000000001"}, "", "samples are all of class 0, so that any model"),
    ],
)
def test_a_test_that_any_model_passes_is_refused(patients, outcomes, leave_out, said) -> None:
    patients(outcomes)
    with pytest.raises(ValueError, match=f"^heart_disease: .*{said}"):
        deal("heart_disease", 1, "natural", 0, leave_out)


def test_nobody_is_left_where_the_only_hospital_is_left_out(patients) -> None:
    patients({"a": "010101"})
    with pytest.raises(ValueError, match="no contributor but 'a', so nobody is left"):
        deal("heart_disease", 1, "natural", 0, "a")


@pytest.mark.parametrize("partition", ["iid", "dirichlet:0.1", "natural"])
@pytest.mark.parametrize("contributors", [0, 1, 4, 9, 1000])
@pytest.mark.parametrize("digits", ["01", "011", "00111", "0" * 9 + "1"])
def test_every_refusal_is_in_our_words(patients, partition, contributors, digits) -> None:
    patients(dict.fromkeys("abcd", digits))
    try:
        dealt = deal("heart_disease", contributors, partition, 0)
    except ValueError as error:
        said = str(error)
    else:
        assert np.unique(dealt.test.labels).size == 2
        assert min(part.labels.size for part in dealt.parts) >= (
            1 if partition == "natural" else 2
        )
        return
    assert said.startswith(("contributors", "too few samples", "heart_disease: the "))


@pytest.mark.parametrize(
    "partition",
    [
        "",
        "IID",
        "dirichlet",
        "dirichlet:",
        "dirichlet:x",
        "sorted:1",
        "dirichlet:0",
        "dirichlet:nan",
        "dirichlet:1_0",
    ],
)
def test_a_partition_that_is_none_is_refused(partition: str) -> None:
    with pytest.raises(
        ValueError, match="must be 'iid', 'natural', or 'dirichlet:ALPHA'"
    ) as told:
        deal("wine", 4, partition, 0)
    assert repr(partition) in str(told.value)
