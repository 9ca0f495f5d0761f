"""What earned reputation does to a turncoat, a newcomer and an on-off attacker."""

from __future__ import annotations

import math

import pytest

from anml_fl.federation.contributors import behaviours_of
from anml_fl.method.records import ContributorRecord, RoundRecord
from anml_fl.settings.federation import HONEST
from anml_fl.settings.reading import from_flat, from_toml
from studies.benchmarks import reputation


@pytest.mark.checkout
def test_the_study_is_the_preset_but_for_the_strategies(request):
    text = (request.config.rootpath / "presets" / "reputation.toml").read_text()
    preset, study = from_toml(text).to_flat(), from_flat(reputation.SETTINGS).to_flat()
    assert preset.pop("strategies") == "fedavg,anml,oracle"
    assert study.pop("strategies") == "anml"
    assert study == preset


def made(config, weight, reputations):
    """Records of a run from each one's weight and r, by its part and the round."""
    return [
        RoundRecord(
            number,
            "anml",
            "krum",
            0.1,
            0.1,
            tuple(
                ContributorRecord(
                    who, 1.0, 0.8, reputations(part, number), 1.0, 0.3,
                    weight(part, number), True,
                )
                for who, part in behaviours_of(config).items()
            ),
        )
        for number in range(1, config.training.rounds + 1)
    ]  # fmt: skip


@pytest.mark.parametrize("turns", [True, False])
def test_a_run_is_measured_as_it_says(turns):
    config = from_flat({**reputation.SETTINGS, "seed": 4})

    def weight(part, number):
        if part == "turncoat":  # it turns in round 20, and has half its weight from 23 on
            return 0.12 if number < 20 else 0.05 if turns and number >= 23 else 0.1
        # Of the newcomer's first ten contributions the last five count.
        return {"newcomer": 0.2 if 6 <= number <= 10 else 0.9, "on_off": 0.02}.get(part, 0.1)

    def r(part, number):
        if part == "newcomer":
            return 0.4 if number < 8 else 0.76
        return 0.5 if part == "on_off" else 0.8

    row = reputation.measure(config, made(config, weight, r), made(config, lambda *_: 0.1, r))
    assert row.seed == 4
    assert row.turncoat_before == pytest.approx(1.2)
    assert row.turncoat_after == pytest.approx(0.5 if turns else 1.0)
    assert row.turncoat_rounds == (4 if turns else math.inf)
    assert row.newcomer_contributions == 7
    assert row.newcomer_weight == pytest.approx(2.0)
    assert row.established_weight == pytest.approx(1.0)
    assert (row.on_off_reputation, row.honest_reputation) == (0.5, 0.8)
    assert row.on_off_earned == pytest.approx(0.2)


@pytest.mark.slow
def test_a_turncoat_loses_a_newcomer_gains_and_an_on_off_attacker_pays():
    told = []
    (row,) = reputation.run([3], told.append)
    assert told == ["seed 3"]
    assert row.turncoat_before > 0.5  # else it would have nothing to lose
    assert row.turncoat_rounds <= 5
    assert row.turncoat_after <= row.turncoat_before / 2
    assert row.established_weight > 0.5
    assert row.newcomer_weight >= 0.9 * row.established_weight
    assert row.newcomer_contributions <= 10
    assert row.on_off_reputation < row.honest_reputation
    assert row.on_off_earned < 0.8


def test_the_measured_are_cast_once_each():
    parts = list(behaviours_of(from_flat({**reputation.SETTINGS, "seed": 3})).values())
    assert sorted(set(parts)) == [HONEST, "newcomer", "on_off", "turncoat"]
    assert parts.count(HONEST) == 7
