"""What the report says, worked out by hand from results that were made up."""

from __future__ import annotations

import math

import numpy as np
import pytest
from plotly.graph_objects import Figure

from studies.arena.blocks import every_attack, worst_cases
from studies.arena.choice import choices, up_to
from studies.arena.costs import cost
from studies.arena.grid import Deal
from studies.arena.heat_maps import heat_map
from studies.arena.payouts import stability
from studies.arena.results import Place, Results
from studies.arena.setup import NOBODY
from studies.arena.tables import (
    backdoor_loss_table,
    choice_table,
    every_table,
    kept_table,
    loss_table,
    payout_table,
    worst_table,
)
from studies.arena.trigger import SUCCESS

IID = Deal("digits", "iid", 20)


@pytest.fixture
def results(made_up):
    return Results.of(made_up)


def test_the_worst_attack_is_by_the_mean_over_seeds(results):
    assert results.worst("a", IID, 4) == ("y", pytest.approx(0.45))
    assert results.worst("b", IID, 4) == ("x", pytest.approx(0.30))
    assert results.worst("a", IID, 0) == (NOBODY, pytest.approx(0.11))
    assert math.isnan(results.worst("a", Deal("wine", "iid", 20), 4).error)


def test_the_table_of_worst_attacks_has_the_least_worst_first(results):
    table = worst_table(results, IID, results.rules)
    assert table.titles == ("Rule", "Nobody (%)", "4 of 20 attack (%)")
    assert table.rows == (
        ("b", "20.0", "30.0 x"),
        ("a", "11.0", "45.0 y"),
        ("fedavg", "6.0", "80.0 y"),
    )


def test_every_rule_under_every_attack_is_a_table_too(results):
    table = every_table(results, IID, 4)
    assert table.titles == ("Rule", "x (%)", "y (%)")
    assert table.rows == (
        ("a", "30.0", "45.0"),
        ("b", "30.0", "25.0"),
        ("fedavg", "60.0", "80.0"),
    )


def test_where_no_defence_is_better_it_is_said_that_none_helps(results):
    found = choices(results, ("fedavg",), lambda rule: 0.0)
    assert [row[2] for row in choice_table(found).rows] == [
        "fedavg",
        "fedavg: no defence helps",
    ]


def test_feared_attackers_may_stay_away(lines):
    # c withstands four, and is worse where nobody comes.
    results = Results.of(lines({("c", NOBODY, 0): (0.5,), ("c", "x", 4): (0.2,)}))
    assert up_to(results, "c", IID, 4) == (NOBODY, 0.5)


def test_a_rule_that_was_not_tried_with_as_many_is_not_chosen(lines):
    results = Results.of(
        lines({("c", NOBODY, 0): (0.1,), ("d", NOBODY, 0): (0.2,), ("d", "x", 4): (0.3,)})
    )
    assert [one.rule for one in choices(results, ("c", "d"), lambda rule: 0.0)] == ["c", "d"]


def test_of_rules_as_good_the_cheapest_is_chosen(lines):
    errors = {
        ("a", NOBODY, 0): (0.200,),
        ("b", NOBODY, 0): (0.209,),
        ("c", NOBODY, 0): (0.22,),
    }
    results = Results.of(lines(errors))
    prices = {"a": 2.0, "b": 1.0, "c": 0.0}
    (one,) = choices(results, ("a", "b", "c"), prices.__getitem__)
    assert (one.rule, one.as_good) == ("b", ("a",))
    assert one.worst.error == 0.209
    (one,) = choices(results, ("a", "b", "c"), lambda rule: math.nan)
    assert (one.rule, one.as_good) == ("a", ("b",))


def test_blocks_are_worst_cases_by_seed_and_means_by_place(results):
    rules = ("a", "b", "fedavg")
    # By seed: a max(.3, .5), max(.3, .4); b max(.4, .25), max(.2, .25).
    worst = worst_cases(results, rules)
    assert worst == pytest.approx(np.array([[0.5, 0.4, 0.9], [0.4, 0.25, 0.7]]))
    attacked = every_attack(results, rules, attacked=True)
    assert attacked == pytest.approx(np.array([[0.3, 0.3, 0.6], [0.45, 0.25, 0.8]]))
    alone = every_attack(results, rules, attacked=False)
    assert alone == pytest.approx(np.array([[0.11, 0.2, 0.06]]))


def test_a_block_with_a_gap_is_left_out(made_up, lines):
    results = Results.of([*made_up, *lines({("a", "z", 4): (0.9, 0.9)})])
    assert worst_cases(results, ("a", "b")).size == 0
    assert len(every_attack(results, ("a", "b"), attacked=True)) == 2


def test_where_we_lose_is_said_by_how_much(lines):
    results = Results.of(
        lines(
            {
                ("anml", NOBODY, 0): (0.30,),
                ("krum", NOBODY, 0): (0.10,),
                ("anml", "x", 4): (0.30,),
                ("krum", "x", 4): (0.295,),
            }
        )
    )
    table = loss_table(results, results.defences, 0.01)
    assert table.rows == (("anml", "digits iid", "0", NOBODY, "30.0", "krum", "10.0", "20.0"),)


def test_a_backdoor_that_opens_under_ours_is_held_against_rules_that_err_as_little(lines):
    errors = {
        ("anml", "backdoor", 4): (0.05,),
        ("krum", "backdoor", 4): (0.20,),  # shut, and errs far more
        ("dnc", "backdoor", 4): (0.055,),
        ("lasa", "backdoor", 4): (0.04,),
        ("oracle", "backdoor", 4): (0.05,),
    }
    opened = {"anml": 0.9, "krum": 0.0, "dnc": 0.2, "lasa": 0.6, "oracle": 0.0}
    success = {place: (opened[place[0]],) for place in errors}
    results = Results.of([*lines(errors), *lines(success, metric=SUCCESS)])
    table = backdoor_loss_table(results, results.defences, 0.01)
    assert table.rows == (("anml", "digits iid", "4", "90.0", "5.0", "dnc", "20.0", "5.5"),)


def test_cost_is_the_median_difference_from_fedavg_a_round(lines):
    errors = {("a", NOBODY, 0): (3.0, 9.0, 4.0), ("fedavg", NOBODY, 0): (1.0, 1.0, 1.0)}
    results = Results.of(lines(errors, metric="cpu_seconds"))
    assert cost(results, "a", 10) == pytest.approx(3.0 / 10)
    assert math.isnan(cost(results, "b", 10))


def test_those_thrown_out_are_means_over_attacks(made_up, lines):
    kept = lines({("a", "x", 4): (0.5, 0.7), ("a", "y", 4): (0.1, 0.3)}, metric="honest_kept")
    table = kept_table(Results.of([*made_up, *kept]), IID, ("a", "fedavg"), 4)
    assert table.rows[0][:3] == ("a", "37.5", "40.0")
    assert table.rows[1][2] == "—"


def test_payouts_are_held_against_nobody_attacking_and_fedavg(lines):
    def paid(rule, attack, attackers, shares, seed=0):
        return [
            line._replace(seed=seed)
            for name, share in zip("pqrs", shares, strict=True)
            for line in lines({(rule, attack, attackers): (share,)}, metric=f"paid/{name}")
        ]

    results = Results.of(
        [
            *paid("a", NOBODY, 0, (0.1, 0.2, 0.3, 0.4)),
            *paid("fedavg", NOBODY, 0, (0.4, 0.3, 0.2, 0.1)),
            *paid("a", "x", 4, (0.1, 0.2, 0.4, 0.3)),
            *lines({("a", "x", 4): (0.5, 0.1)}, metric="attackers_paid"),
        ]
    )
    found = stability(results, "a")
    assert (found.attackers, found.most) == pytest.approx((0.3, 0.3))
    assert found.worst == Place(IID, "x", 4)
    assert found.spread == pytest.approx(0.4 / math.sqrt(2))
    # Spearman: 1 - 6 sum d^2 / n (n^2 - 1), of one swap of neighbours among four.
    assert found.under_attack == pytest.approx(1 - 6 * 2 / 60)
    assert found.across_rules == pytest.approx(-1.0)
    assert math.isnan(found.across_seeds)
    assert stability(results, "median") is None
    # Nobody takes part under two seeds: there is no column for it.
    assert payout_table(results, ("a",)).titles[-1] == "Order as FedAvg's*"


def test_the_same_contributors_are_held_against_each_other_over_seeds(lines):
    found = [
        line._replace(seed=seed)
        for seed, shares in enumerate(((0.1, 0.2, 0.7), (0.2, 0.3, 0.5)))
        for name, share in zip("pqr", shares, strict=True)
        for line in lines(
            {("a", NOBODY, 0): (share,)}, partition="natural", metric=f"paid/{name}"
        )
    ]
    results = Results.of(found)
    assert stability(results, "a").across_seeds == 1.0
    assert payout_table(results, ("a",)).titles[-1] == "Order over seeds*"
    assert payout_table(results, ("a",)).rows[0][-1] == "1.00"


def test_a_heat_map_has_a_row_a_rule_and_nobody_first(results):
    drawing = heat_map(results, "error", "errors", "Errors", "")
    (data,), layout = drawing.views["digits iid, 4 of 20 attack"]
    Figure([data], layout)  # plotly's own schema
    assert data["x"] == [NOBODY, "x", "y"]
    assert data["z"][0] == pytest.approx([11.0, 30.0, 45.0])
    assert len(data["z"]) == 3


def test_deals_come_by_skew(lines):
    partitions = ("sorted", "dirichlet:0.1", "natural", "iid", "dirichlet:1")
    every = [
        line for one in partitions for line in lines({("a", NOBODY, 0): (0.1,)}, partition=one)
    ]
    assert [deal.partition for deal in Results.of(every).deals] == [
        "iid",
        "dirichlet:1",
        "dirichlet:0.1",
        "sorted",
        "natural",
    ]
