"""Standings that are drawn when they are asked for."""

from __future__ import annotations

import pytest

from anml_fl.federation.simulated_registry import simulated_registry
from anml_fl.registry.drawn_standings import DrawnStandings
from anml_fl.registry.memory import InMemoryRegistry, Standing
from anml_fl.settings.run import RunConfig


@pytest.fixture
def drawn():
    """Standings of three, and who was drawn so far."""
    found = []

    def draw(name):
        found.append(name)
        return Standing(v=0.1 * (1 + "abc".index(name)))

    return DrawnStandings("abc", draw), found


def test_nobody_is_drawn_who_is_not_asked_for_and_nobody_twice(drawn):
    standings, found = drawn
    registry = InMemoryRegistry(standings)
    assert registry.signals(["c", "x", "c"], at=0.0).v.tolist() == pytest.approx(
        [0.3, 0.25, 0.3]
    )
    assert registry.shown() == ()
    assert ("a" in standings, "x" in standings, len(standings)) == (True, False, 3)
    assert found == ["c"]
    assert registry.signals(["c"], at=0.0).v.tolist() == pytest.approx([0.3])
    assert found == ["c"]


def test_it_is_a_mapping_like_any_other(drawn):
    standings, _ = drawn
    standings["b"] = Standing(v=0.9)
    standings["d"] = Standing(v=0.8)
    assert [one.v for one in standings.values()] == pytest.approx([0.1, 0.9, 0.3, 0.8])
    del standings["a"]
    assert list(standings) == ["b", "c", "d"]
    with pytest.raises(KeyError):
        standings["a"]


def test_whom_a_simulated_registry_draws_first_makes_no_difference():
    names = [f"contributor-{i:04d}" for i in range(5)]
    behaviours = dict.fromkeys(names, "honest") | {names[3]: "credential_faking"}
    forward, backward = (simulated_registry(RunConfig(), behaviours) for _ in range(2))
    one = [forward.standings[name] for name in names]
    other = [backward.standings[name] for name in reversed(names)]
    assert one == other[::-1]
    assert len({standing.v for standing in one}) == 5
