"""Attackers with an optimised factor harm the rule at least as much as with the usual one."""

from __future__ import annotations

import numpy as np
import pytest

from anml_fl.behaviours._optimised import most_harmful
from anml_fl.settings.attackers import Attackers
from strategies.rules._columns import by_columns

HONEST = np.random.default_rng(2).normal(0.7, 1.0, size=(11, 50))


def median(rows):
    return by_columns(rows, lambda block: np.median(block, axis=0))


def mean(rows):
    return rows.mean(axis=0)


def clipped(rows):
    lengths = np.linalg.norm(rows, axis=1)
    return (rows * np.minimum(1, np.median(lengths) / lengths)[:, None]).mean(axis=0)


def beside_honest(rule):
    return lambda crafted: rule(np.vstack([HONEST, np.tile(crafted, (4, 1))]))


@pytest.mark.parametrize("strength", [None, 0.3, 20.0])
@pytest.mark.parametrize("rule", [mean, median, clipped])
@pytest.mark.parametrize("attack", ["alie", "ipm"])
def test_no_less_harm_than_the_usual_factor(see, send, attack, rule, strength):
    aggregate = beside_honest(rule)

    def harm(name):
        sight = see(
            HONEST,
            attackers=4,
            attacks=Attackers(strength=strength, knowledge="rule"),
            aggregate=aggregate,
        )
        sent = send(name, HONEST[0], sight)
        return np.linalg.norm(aggregate(sent) - HONEST.mean(axis=0))

    assert harm(f"{attack}_optimised") >= harm(attack)


def test_against_the_mean_the_farthest_is_the_most_harmful(see, send):
    sight = see(HONEST, attackers=4, aggregate=beside_honest(mean))
    sent = send("ipm_optimised", HONEST[0], sight)
    # The longest factor of the coarse grid is 100; the fine one goes up to twice beyond.
    assert np.linalg.norm(sent) >= 100 * np.linalg.norm(HONEST.mean(axis=0))


@pytest.mark.parametrize("edge", [0.037, 0.9, 4.4, 61.0])
def test_the_search_comes_near_an_edge_that_the_grid_does_not_have(edge):
    def rule(sent):
        return sent if sent[0] <= edge else np.zeros(1)

    found = most_harmful(lambda t: np.array([t]), rule, np.zeros(1), usual=0.01)
    assert 0.75 * edge < found <= edge


@pytest.mark.parametrize("bad", [None, np.array([np.inf]), np.array([np.nan])])
def test_what_the_rule_makes_of_it_cannot_be_known_the_usual_one_stays(bad):
    found = most_harmful(lambda t: np.array([t]), lambda sent: bad, np.zeros(1), usual=0.4)
    assert found == 0.4


def test_twenty_questions_at_most():
    asked = []

    def rule(sent):
        asked.append(sent)
        return sent

    most_harmful(lambda t: np.array([t]), rule, np.zeros(1), usual=1.0)
    assert len(asked) == 20


@pytest.mark.parametrize("attack", ["alie", "ipm"])
def test_without_the_rule_it_is_the_attack_with_its_usual_factor(see, send, attack):
    plain, optimised = (
        send(name, HONEST[0], see(HONEST, attackers=9))
        for name in (attack, f"{attack}_optimised")
    )
    assert plain.tobytes() == optimised.tobytes()
