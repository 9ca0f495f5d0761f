"""Which round is the best, and when training stops: against a search by brute force."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anml_fl.method.records import ContributorRecord, RoundRecord
from anml_fl.run.best_round import Stopping, best_round, compared
from anml_fl.run.criterion import Criterion
from anml_fl.settings.reading import from_flat

# None: a round in which nothing was aggregated.
SCORES = st.lists(st.sampled_from([0.0, 0.1, 0.2, 0.3, math.nan, None]), max_size=12)
METRIC = st.sampled_from(["", "accuracy", "rmse"])


@given(SCORES, METRIC)
def test_best_is_the_first_of_the_best(scores, metric):
    found = best_round(scores, metric)
    known = [score for score in scores if score is not None and not math.isnan(score)]
    if not known:
        assert found == 0
        return
    best = max(known) if metric == "accuracy" else min(known)
    assert found == scores.index(best) + 1


@given(SCORES, METRIC, st.integers(0, 4), st.integers(1, 12))
def test_training_ends_with_the_first_round_that_stops_it(scores, metric, patience, rounds):
    def stops(n):
        new = [score for score in scores[:n] if score is not None]
        return 0 < patience <= len(new) - best_round(new, metric)

    stopping = Stopping(rounds, patience, metric)
    ending = [n for n in range(1, len(scores) + 1) if n >= rounds or stops(n)]
    assert stopping.last(scores) == (ending[0] if ending else None)
    assert stopping.over(scores) == (ending == [len(scores)] and bool(scores))


@given(SCORES, st.integers(1, 4))
def test_it_stops_after_so_many_models_that_are_no_better(scores, patience):
    # Brute force: the least error so far is no less than that of `patience` models ago.
    least = np.fmin.accumulate([math.inf, *(one for one in scores if one is not None)])
    stopped = any(least[n] == least[n - patience] for n in range(patience, len(least)))
    assert (Stopping(99, patience).last(scores) is not None) == stopped


def test_rounds_without_a_new_model_use_up_no_patience():
    stopping = Stopping(rounds=6, patience=2)
    assert stopping.last([0.3, None, None, None]) is None
    assert stopping.last([0.3, None, 0.4, None, 0.3]) == 5
    assert stopping.last([0.3, None, None, None, None, None]) == 6
    assert stopping.kept([0.3, None, 0.4, None]) == 1
    assert stopping.kept([None, None]) == 2


@pytest.mark.parametrize(("selected", "score"), [([True, False], 0.5), ([False] * 2, None)])
def test_a_round_that_selects_nobody_has_no_score(selected, score):
    people = tuple(
        ContributorRecord(name, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, selected=chosen)
        for name, chosen in zip("ab", selected, strict=True)
    )
    record = RoundRecord(1, "anml", None, math.nan, math.nan, people)
    assert compared(record, 0.5) == score
    assert compared(RoundRecord(1, "anml", None, math.nan, math.nan, ()), 0.5) is None


def test_without_patience_the_last_model_is_kept():
    stopping = Stopping(rounds=3)
    assert stopping.best([0.1, 0.2, 0.3]) is None
    assert stopping.kept([0.1, 0.2, 0.3]) == 3
    assert Stopping(rounds=3, patience=3).kept([0.1, 0.2, 0.3]) == 1


def test_without_any_score_the_last_model_is_kept():
    stopping = Stopping(rounds=3, patience=2)
    assert stopping.kept([math.nan, math.nan]) == 2
    assert stopping.over([math.nan, math.nan])


def test_settings_say_the_same_as_their_file():
    import tomllib

    config = from_flat(
        {
            "rounds": 7,
            "patience": 2,
            "metric": "neg_log_loss",
            "best-by": "claims",
            "contributors": 4,
        }
    )
    wanted = Stopping(7, 2, "log_loss", claimed=True)
    assert Stopping.of(config) == wanted
    assert Stopping.found(tomllib.loads(config.to_toml())) == wanted
    assert Stopping.found({"training": {"rounds": 4}}) == Stopping(4)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"training": 3},
        {"training": {"rounds": "3"}},
        {"training": {"rounds": 3}, "evaluation": {"metric": "beauty"}},
        {"training": {"rounds": 3}, "evaluation": {"patience": 0.5}},
    ],
)
def test_a_file_that_says_nothing_of_the_kind_is_refused(settings):
    with pytest.raises(ValueError, match=r"rounds|training"):
        Stopping.found(settings)


@pytest.mark.parametrize(
    ("metric", "title", "shown", "better"),
    [
        ("", "test error", "12.3 %", "lower"),
        ("balanced_accuracy", "test balanced accuracy", "12.3 %", "higher"),
        ("matthews_corrcoef", "test Matthews correlation", "0.123", "higher"),
        ("mae", "test MAE", "0.123", "lower"),
    ],
)
def test_a_score_is_shown_as_its_metric_is(metric, title, shown, better):
    criterion = Criterion(metric)
    assert criterion.title == title
    assert criterion.digits(0.1234) + criterion.unit == shown
    assert criterion.better == better
