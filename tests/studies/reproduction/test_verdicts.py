from __future__ import annotations

import math

import pytest

from studies.reproduction.intervals import Estimate
from studies.reproduction.verdicts import Verdict, verdict

NAN = math.nan


def _ours(value: float, half: float = 1.0) -> Estimate:
    return Estimate(value, value - half, value + half, 30)


@pytest.mark.parametrize("paper", [9.0, 10.0, 11.0])
def test_inside_our_interval_is_reproduced(paper: float) -> None:
    assert verdict(paper, _ours(10)) is Verdict.REPRODUCED


@pytest.mark.parametrize(
    ("paper", "half", "found"),
    [
        (12.4, 1.5, Verdict.REPRODUCED),
        (7.6, 1.5, Verdict.REPRODUCED),
        (12.6, 1.5, Verdict.NOT_REPRODUCED),
        (7.4, 1.5, Verdict.NOT_REPRODUCED),
        (12.4, 0.0, Verdict.NOT_REPRODUCED),
    ],
)
def test_the_papers_own_interval_widens_ours_on_both_sides(
    paper: float, half: float, found: Verdict
) -> None:
    assert verdict(paper, _ours(10), half_width=half) is found


@pytest.mark.parametrize(
    ("paper", "ours", "references", "found"),
    [
        (5.0, 8.0, (12.0, 10.0), Verdict.SAME_DIRECTION),  # both below their Krum
        (5.0, 12.0, (12.0, 10.0), Verdict.NOT_REPRODUCED),  # ours above its Krum
        (15.0, 20.0, (12.0, 10.0), Verdict.SAME_DIRECTION),  # both above
        (15.0, 11.9, (12.0, 12.5), Verdict.NOT_REPRODUCED),  # ours below its own
        (5.0, 10.0, (12.0, 10.0), Verdict.NOT_REPRODUCED),  # ours on it
        (5.0, 8.0, None, Verdict.NOT_REPRODUCED),  # nothing to compare with
    ],
)
def test_each_value_is_held_against_its_own_reference(
    paper: float, ours: float, references: tuple[float, float] | None, found: Verdict
) -> None:
    assert verdict(paper, _ours(ours), references=references) is found


@pytest.mark.parametrize(
    ("paper", "ours", "half", "found"),
    [
        (0.4, 3.0, 3.1, Verdict.REPRODUCED),
        (-0.4, 3.0, 3.1, Verdict.SAME_DIRECTION),  # counts as zero, which ours may be
        (0.4, 3.0, 2.5, Verdict.NOT_REPRODUCED),  # ours is surely not zero
        (0.6, 3.0, 2.3, Verdict.SAME_DIRECTION),  # positive, as ours is
        (-0.6, 3.0, 2.0, Verdict.NOT_REPRODUCED),
    ],
)
def test_a_small_improvement_counts_as_zero(
    paper: float, ours: float, half: float, found: Verdict
) -> None:
    # zero is 0.5 for improvements
    assert verdict(paper, _ours(ours, half), references=(0, 0), zero=0.5) is found


def test_equal_to_its_reference_in_the_paper_asks_for_the_same_of_ours() -> None:
    equal = Estimate(9.5, 9.5, 9.5, 30)
    assert verdict(9.0, equal, references=(9.0, 9.5)) is Verdict.SAME_DIRECTION
    assert verdict(9.0, equal, references=(9.0, 9.6)) is Verdict.NOT_REPRODUCED


def test_without_an_interval_only_the_direction_counts() -> None:
    one = Estimate(10.0, NAN, NAN, 1)
    assert verdict(10.0, one) is Verdict.NOT_REPRODUCED
    assert verdict(5.0, one, references=(12.0, 11.0)) is Verdict.SAME_DIRECTION
    assert verdict(12.0, one, references=(12.0, 10.0)) is Verdict.SAME_DIRECTION


def test_an_undefined_value_reproduces_nothing() -> None:
    nothing = Estimate(NAN, NAN, NAN, 30)
    assert verdict(0.0, nothing, references=(0.0, 0.0)) is Verdict.NOT_REPRODUCED
    assert verdict(5.0, nothing, references=(0.0, 0.0)) is Verdict.NOT_REPRODUCED
