"""What is said of names of evidence, and of a run's end that is not like the run."""

from __future__ import annotations

import pytest

from anml_fl.reasons.evidence_words import KINDS
from anml_fl.reasons.glossary import glossary
from anml_fl.reasons.over_rounds import OverRounds
from anml_fl.reasons.turn_words import turned


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_evidence_is_explained_where_it_is_named(kind):
    said = glossary(f"That decided in 2 of 3 rounds, {kind} in 1.")
    assert said.startswith(f"{kind}: whether ") or said.startswith(f"{kind}: how much ")
    assert glossary("That decided in 2 of 3 rounds, q in 1.") == ""


def test_all_that_are_named_stand_in_one_line():
    said = glossary(" ".join(KINDS))
    assert "\n" not in said
    assert all(f"{kind}: " in said for kind in KINDS)


@pytest.mark.parametrize(
    ("mean", "last", "told"),
    [
        (0.1, 0.4, True),
        (0.4, 0.1, True),
        (0.1, 0.2, False),  # less than an equal share in both
        (0.24, 0.26, False),  # hardly another one
        (0.25, 0.9, False),  # its mean is an equal share
        (None, 0.4, False),
    ],
)
def test_the_last_round_is_told_where_it_contradicts_the_mean(mean, last, told):
    over = OverRounds(
        contributor="a", strategy="anml", rounds=9, new_models=9, counted=9,
        weight=mean, equal=0.25, latest=last, latest_equal=0.25,
    )  # fmt: skip
    assert bool(turned(over)) is told
