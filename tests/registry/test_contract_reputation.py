"""What the durable registry promises of reputation, on SQLite and on PostgreSQL alike."""

from __future__ import annotations

import math

import pytest

from anml_fl.registry.clock import years


def test_reputation_moves_after_the_round_by_the_beta_rule(world):
    for name in "ab":
        world.join(name)
    people = (
        world.one("a"),
        world.one("b", q=0.1, selected=False),
        world.one("stranger"),
        world.one("another"),
        world.one("ghost", math.nan),
    )
    for number in range(1, 13):
        world.registry.observe("run", world.a_round(number, number, *people))
    good = sum(0.8**i for i in range(12))
    assert world.vrt("a", 1)[1] == 0.4  # a round's own row does not count in it
    assert world.vrt("a", 12.5)[1] == pytest.approx((0.8 + good) / (2 + good))
    # The floor of the first ten contributions is gone, that of Table 3 is not.
    assert world.vrt("b", 9.5)[1] == 0.4
    assert world.vrt("b", 12.5)[1] == pytest.approx(max(0.1, 0.8 / (2 + good)))
    assert world.vrt("stranger", 13)[1] == 0.4
    history = world.registry.history("b", world.day(12))
    assert [entry.round for _, entry in history] == list(range(1, 13))
    assert history[0][0] == world.day(1)
    assert history[0][1].reason.startswith("bad: q 0.100")


def test_a_round_without_a_valid_update_is_noted_and_moves_nothing(world):
    world.join("a")
    world.registry.observe("run", world.a_round(1, 1, world.one("a")))
    before = world.vrt("a", 2)[1]
    world.registry.observe("run", world.a_round(2, 2, world.one("a", reason="timed out")))
    assert world.vrt("a", 3)[1] == before
    assert world.registry.history("a", world.day(3))[1][1].reason == "not observed: timed out"


def test_a_round_is_observed_once(world, worlds):
    world.join("a")
    for number in (1, 2):
        world.registry.observe("run", world.a_round(number, number, world.one("a")))
    for registry in (world.registry, worlds(world.engine).registry):
        registry.observe("run", world.a_round(1, 1, world.one("a")))
        registry.observe("run", world.a_round(2, 2, world.one("a")))
    assert len(world.registry.history("a", world.day(9))) == 2
    for other in (
        world.a_round(2, 2, world.one("a", q=math.nan)),
        world.a_round(2, 3, world.one("a")),
    ):
        with pytest.raises(ValueError, match="observed before, and otherwise"):
            world.registry.observe("run", other)
    world.registry.observe("another", world.a_round(2, 3, world.one("a")))
    assert len(world.registry.history("a", world.day(9))) == 3
    assert world.registry.observed_at("run", 2) == years(world.day(2))
    assert world.registry.observed_at("run", 3) is None


def test_rounds_of_two_runs_that_overlap_lose_nothing(world):
    world.join("a")
    world.registry.observe("later", world.a_round(1, 5, world.one("a")))
    before = world.vrt("a", 5)
    world.registry.observe("earlier", world.a_round(1, 3, world.one("a")))
    world.registry.observe("earlier", world.a_round(1, 3, world.one("a")))
    assert world.vrt("a", 5) == before
    assert world.vrt("a", 6)[1] == pytest.approx((0.8 + 1.8) / (2 + 1.8))
    assert world.registry.observed_at("earlier", 1) == years(world.day(3))
