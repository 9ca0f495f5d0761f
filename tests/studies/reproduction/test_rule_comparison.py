"""What the page says of rules side by side follows from the figures, and turns with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from studies.reproduction.document import Text
from studies.reproduction.results import load_results
from studies.reproduction.rule_comparison import rule_blocks
from studies.reproduction.rule_places import over, places_of, worst
from studies.reproduction.rule_tables import overall_table, place_table, saving

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from studies.reproduction.results import Study

CLEAN = "partition=iid;attack=nobody;share=0%;credentials=absent"
FLIP = "partition=iid;attack=label_flip;share=30%;credentials=absent"
BOUGHT = FLIP.replace("absent", "bought")
JITTER = np.array([-0.001, 0.0, 0.001])

Row = tuple[str, str, str, str, list[float]]


def rows(dataset: str, condition: str, **errors: float) -> list[Row]:
    return [
        (dataset, condition, name.replace("__root_", ";root="), "error", list(value + JITTER))
        for name, value in errors.items()
    ]


@pytest.fixture
def study(write: Callable[..., Path], tmp_path: Path) -> Callable[..., Study]:
    def made(*given: list[Row]) -> Study:
        write(tmp_path, "gate-contributors", [row for some in given for row in some], None)
        return load_results(tmp_path)["gate-contributors"]

    return made


def usual(clean: float = 0.10, flip: float = 0.11, **more: float) -> list[list[Row]]:
    """Return a federation in which krum costs ten points and the attack twenty."""
    return [
        rows("digits", CLEAN, fedavg=0.10, krum=0.20, calibrated=clean, **more),
        rows("digits", FLIP, fedavg=0.30, krum=0.19, calibrated=flip, oracle=0.10, **more),
    ]


def said(study: Study) -> str:
    return " ".join(block.text for block in rule_blocks(study) if isinstance(block, Text))


def test_a_rule_that_wins_is_said_to_and_by_how_much(study: Callable[..., Study]) -> None:
    text = said(study(*usual()))
    assert "Where the coordinator has a root set, calibrated: 0.5 [" in text
    assert "Under attack its error less fedavg's is -19.0 points in the mean of 1" in text
    assert "it saves half a point or more in 1. The interval" in text
    assert "nowhere more than 0.3 points above fedavg; the most is 0.0" in text
    assert "No other rule is more than 2.5 points better anywhere." in text
    assert "calibrated cost at most 0.3 points then." in text
    assert "the others cost at worst, in points: krum 10.0." in text


def test_a_rule_that_loses_is_said_to_as_plainly(study: Callable[..., Study]) -> None:
    text = said(study(*usual(clean=0.25, flip=0.35)))
    assert (
        "Which rule should I choose? krum, even where the coordinator has a root set" in text
    )
    assert (
        "more than 0.3 points above fedavg in 1 of 1 places: digits, iid, nobody 15.0" in text
    )
    assert (
        "Attacked, it errs more than fedavg in 1 of 1 places: digits, iid, label_flip" in text
    )
    assert "Another rule is more than 2.5 points better in 2 of 2" in text
    assert "krum errs 16.0" in text
    assert "every defence costs more than 0.3 points somewhere." in text


def test_donated_samples_are_held_against_the_best_without(
    study: Callable[..., Study],
) -> None:
    given = usual(calibrated__root_donated=0.11, calibrated__root_none=0.15)
    more = [
        [(name, condition.replace("iid", "natural"), *rest) for name, condition, *rest in each]
        for each in given
    ]
    text = said(study(*given, *more))
    assert "samples that contributors donate are worth asking for" in text
    assert "less that of calibrated;root=none, the best that needs none, is -4.0" in text
    assert "Where calibrated;root=donated loses." in text


def test_what_bought_credentials_cost_is_paired_with_the_same_attackers(
    study: Callable[..., Study],
) -> None:
    bought = rows("digits", BOUGHT, fedavg=0.3, krum=0.2, calibrated=0.13, oracle=0.1)
    text = said(study(*usual(), bought))
    assert "Bought credentials cost calibrated 2.0 points in the mean, against" in text


def test_data_that_it_was_not_tuned_on_are_held_apart(study: Callable[..., Study]) -> None:
    unseen = rows("labelme", FLIP, fedavg=0.3, krum=0.2, calibrated=0.15, oracle=0.1)
    seen = rows("heart_disease", FLIP, fedavg=0.3, krum=0.2, calibrated=0.12, oracle=0.1)
    text = said(study(*usual(), unseen))
    assert "error less the oracle's is 0.5 [" in text
    assert "on those that it was not (labelme) 5.0 points." in text
    assert "one constant" not in text
    text = said(study(*usual(), unseen, seen))
    assert "on those that it was not (labelme) 5.0 points." in text
    assert "On heart_disease, by which one constant was set, it is 2.0 points." in text
    assert "was tuned on" not in said(study(*usual(), seen))


def test_tables_have_the_paired_differences(study: Callable[..., Study]) -> None:
    places = places_of(study(*usual()))
    assert [one.attacked for one in places] == [False, True]
    clean, flip = place_table(places, "calibrated").rows
    assert clean[:5] == ("digits, iid, nobody", "10.0", "10.0", "10.0", "fedavg 10.0")
    assert flip[4] == "krum 19.0"
    assert [cell.split(" ")[0] for cell in flip[5:8]] == ["-19.0", "1.0", "-8.0"]
    by_rule = {row[0]: row for row in overall_table(places).rows}
    assert by_rule["krum"][3].startswith("9.5 [")
    assert by_rule["krum"][5:8] == ("10.0", "1 of 1", "10.0")
    assert by_rule["oracle"][1] == "1"
    assert saving(places, "krum") == (1, 1)
    assert over(places, "krum").value == pytest.approx(9.5)
    assert worst(places, "fedavg") == (pytest.approx(20.0), "digits, iid, label_flip, 30%")


def test_other_studies_have_no_rules_side_by_side(study: Callable[..., Study]) -> None:
    assert rule_blocks(study(rows("digits", "alpha=0.3", fedavg=0.1, calibrated=0.1))) == ()
