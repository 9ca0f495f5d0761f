"""Paired intervals against scipy's, and the file that says whether joining is worth it."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.stats import ttest_rel

from anml_fl.run.paired_interval import Interval, paired_interval
from anml_fl.run.worth import (
    LeftOut,
    Scores,
    Worth,
    load_worth,
    mean_score,
    save_worth,
    site_worth,
    written,
)

if TYPE_CHECKING:
    from pathlib import Path


def scores(*values: float | None) -> Scores:
    return Scores(values, values, values)


def test_the_interval_is_that_of_a_paired_t_test() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(2, 9))
    found = paired_interval((first - second).tolist())
    expected = ttest_rel(first, second).confidence_interval(0.95)
    assert found is not None
    assert found.pairs == 9
    assert found.low == pytest.approx(expected.low, abs=1e-9)
    assert found.high == pytest.approx(expected.high, abs=1e-9)


def test_rows_that_are_split_anew_widen_it_by_nadeau_and_bengio() -> None:
    differences = [0.1, 0.3, -0.2, 0.4, 0.0]
    plain, wide = paired_interval(differences), paired_interval(differences, 0.25)
    assert plain is not None
    assert wide is not None
    # 1/n against 1/n + test/train, under the root.
    ratio = math.sqrt((1 / 5 + 1 / 4) / (1 / 5))
    assert (wide.high - wide.low) == pytest.approx(ratio * (plain.high - plain.low))
    assert wide.mean == plain.mean == 0.12


def test_more_repeats_of_one_split_do_not_make_a_difference_out_of_nothing() -> None:
    # Uncorrected, 400 repeats of .02 +- .1 look certain.
    differences = [0.02 + 0.1, 0.02 - 0.1] * 200
    plain, corrected = paired_interval(differences), paired_interval(differences, 0.25)
    assert plain is not None
    assert corrected is not None
    assert (plain.sign, corrected.sign) == (1, 0)


def test_repeats_without_a_score_are_no_pairs_and_one_pair_is_no_interval() -> None:
    found = paired_interval([1.0, None, 3.0, math.nan])
    assert found is not None
    assert (found.pairs, found.mean) == (2, 2.0)
    assert paired_interval([1.0, None]) is None
    assert paired_interval([]) is None


@pytest.mark.parametrize(
    ("better", "joined", "verdict"),
    [
        ("lower", (0.1, 0.11, 0.12), "joining helps"),
        ("lower", (0.5, 0.51, 0.52), "joining costs"),
        ("higher", (0.5, 0.51, 0.52), "joining helps"),
        ("higher", (0.1, 0.11, 0.12), "joining costs"),
        ("lower", (0.3, 0.32, 0.31), "no difference shown"),
        ("lower", (0.1, None, None), "cannot be said"),
        ("lower", (0.1, 0.11, None), "cannot be said"),
    ],
)
def test_the_verdict_follows_the_metric_s_better_side(better, joined, verdict) -> None:
    alone = scores(0.3, 0.31, 0.32)
    found = site_worth("a", "honest", (alone, alone, scores(*joined)), better=better)
    assert found.verdict == verdict


def test_what_it_brings_is_with_against_without_on_the_others_rows() -> None:
    same = (0.5, 0.5)
    without, joined = Scores(same, same, (0.4, 0.3)), Scores((0.1, 0.2), same, (0.1, 0.2))
    found = site_worth("a", "honest", (scores(*same), without, joined), better="lower")
    assert found.brings is not None
    assert found.gain is not None
    assert found.gain_of_taking_part is not None
    assert found.brings.mean == pytest.approx((0.3 + 0.1) / 2)
    assert found.gain.mean == pytest.approx((0.4 + 0.3) / 2)
    assert found.gain_of_taking_part.mean == pytest.approx((0.4 + 0.3) / 2)


def example() -> Worth:
    one = site_worth(
        "a",
        "honest",
        (scores(0.3, 0.4, None), scores(0.3, 0.3, 0.3), scores(0.1, 0.2, 0.2)),
        better="lower",
    )
    return Worth("anml", "error", "lower", True, 4, (one,), (LeftOut(3, "too few"),))


def test_the_file_reads_back(tmp_path: Path) -> None:
    save_worth(tmp_path, example())
    assert load_worth(tmp_path, {"a": "honest"}) == example()
    assert load_worth(tmp_path / "nowhere", {}) is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda f: f.update(metric=3), "metric: "),
        (lambda f: f.update(more=3), "more: "),
        (lambda f: f["sites"][0].update(verdict="join!"), "verdict: "),
        (lambda f: f["sites"][0]["gain"].update(mean="high"), "mean: "),
        (lambda f: f["sites"][0].update(contributor="b"), "not those of summary.json"),
    ],
)
def test_a_file_that_says_anything_else_is_refused(tmp_path: Path, change, said) -> None:
    fields = json.loads(example().to_json())
    change(fields)
    (tmp_path / "worth.json").write_text(json.dumps(fields))
    with pytest.raises(ValueError, match=r"worth\.json: ") as caught:
        load_worth(tmp_path, {"a": "honest"})
    assert said in str(caught.value)


def test_numbers_of_another_metric_are_no_percentages() -> None:
    worth = Worth("anml", "rmse", "lower", False, 5, ())
    assert [written(value, worth) for value in (0.123456, 0.0)] == ["0.123", "0.000"]
    model = scores(21345.6, 21345.6, 21345.6)
    far = site_worth("a", "honest", (model, model, model), better="lower")
    large = Worth("anml", "rmse", "lower", False, 5, (far,))
    assert written(21345.6, large) == "21,346"
    assert written(Interval(1234.4, -766.0, 3234.8, 5), large) == "+1,234 ± 2,000"
    assert written(Interval(0.5, 0.5, 0.5, 5), worth) == "+0.500 ± 0.000"
    assert written(None, worth) == "—"
    assert mean_score([None, 1.0, 3.0]) == 2.0
    assert mean_score([None]) is None


def test_all_numbers_of_a_table_have_as_many_decimals() -> None:
    sites = tuple(
        site_worth(
            name,
            "honest",
            (scores(*alone), scores(*alone), scores(*joined)),
            better="lower",
        )
        for name, alone, joined in (
            ("a", (8.123, 8.25, 8.2), (7.9, 7.8, 8.0)),
            ("b", (0.0712, 0.07, 0.08), (0.06, 0.061, 0.059)),
        )
    )
    worth = Worth("anml", "mae", "lower", False, 3, sites)
    texts = [written(mean_score(one.alone.own), worth) for one in sites]
    texts += [part for one in sites for part in written(one.gain, worth).split(" ± ")]
    assert {len(text.partition(".")[2]) for text in texts} == {2}
    assert worth.title == "MAE"
