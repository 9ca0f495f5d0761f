"""Numbers in settings: each has bounds, and one past them is refused by name and value."""

from __future__ import annotations

import math

import pytest

from anml_fl.settings.reading import from_flat
from anml_fl.settings.run import RunConfig, settings
from anml_fl.settings.section import ConfigError

ABOVE_0, BELOW_0 = math.nextafter(0, 1), math.nextafter(0, -1)
ABOVE_1, BELOW_1 = math.nextafter(1, 2), math.nextafter(1, 0)
BELOW_HALF = math.nextafter(0.5, 0)
SHARE = ([0.0, 1.0], [BELOW_0, ABOVE_1])
POSITIVE = ([ABOVE_0, 1e300], [0.0, -1.0])
NATURAL = ([1, 10**6], [0, -1])
# Flat name: values just inside, values just outside.
BOUNDS = {
    "seed": ([0, 2**63 - 1], [-1, 2**63]),
    "contributors": ([1, 1_000_000], [0, 1_000_001]),
    "max-age": ([0.0, 1e300], [BELOW_0]),
    "decay-rate": ([0.0, 1e300], [BELOW_0]),
    "strength": ([0.0, 1e6], [BELOW_0, math.nextafter(1e6, 2e6)]),
    "jitter": ([0.0, 100.0], [BELOW_0, math.nextafter(100, 200)]),
    "flip-fraction": SHARE,
    "flip-target": ([0, 10**6], [-1]),
    "flip-offset": ([-(10**6), 0, 10**6], []),
    "pair-share": SHARE,
    "feature-shift": SHARE,
    "poison-fraction": SHARE,
    "trigger-size": ([1, 10**6], [0, 10**6 + 1]),
    "trigger-value": ([-1e6, 1e6], [math.nextafter(-1e6, -2e6), math.nextafter(1e6, 2e6)]),
    "trigger-target": ([0, 10**6], [-1]),
    "turn-round": NATURAL,
    "good-rounds": NATURAL,
    "bad-rounds": NATURAL,
    "rounds": NATURAL,
    "local-epochs": NATURAL,
    "batch-size": NATURAL,
    "learning-rate": POSITIVE,
    "momentum": ([0.0, BELOW_1], [BELOW_0, 1.0]),
    "weight-decay": ([0.0, 1e300], [BELOW_0]),
    "proximal": ([0.0, 1e300], [BELOW_0]),
    "clip-norm": POSITIVE,
    "timeout": POSITIVE,
    "min-replies": SHARE,
    "fraction-train": ([0.1, 1.0], [0.0, ABOVE_1]),
    "patience": ([0, 10**6], [-1]),
    "repeats": ([2, 1000], [1, 1001]),
    "tau-h": SHARE,
    "tau-c": ([-1.0, 1.0], [-ABOVE_1, ABOVE_1]),
    "alpha": SHARE,
    "tau": POSITIVE,
    "fraction": ([ABOVE_0, 1.0], [0.0, ABOVE_1]),
    "n-byzantine": ([0, 10**6], [-1]),
    "trim": ([0.0, BELOW_HALF], [BELOW_0, 0.5]),
    "clipping-radius": POSITIVE,
    "clipping-steps": ([1, 100], [0, 101]),
    "bucket-size": ([1, 10**6], [0, -1]),
    "client-momentum": ([0.0, BELOW_1], [BELOW_0, 1.0]),
    "server-learning-rate": POSITIVE,
    "server-momentum": ([0.0, BELOW_1], [BELOW_0, 1.0]),
    "server-beta-2": ([0.0, BELOW_1], [BELOW_0, 1.0]),
    "server-tau": POSITIVE,
    "forgetting": SHARE,
    "exploration": ([0, 10**6], [-1]),
    "r-min": SHARE,
    "gold": ([0, 1000], [-1, 1001]),
    "pool": ([0, 2**53 - 1], [-1, 2**53]),
}
WHOLE = {name for name, (inside, _) in BOUNDS.items() if type(inside[0]) is int}


def value_of(config: RunConfig, name: str):
    section, key = {n: (s, k) for n, s, k, _ in settings()}[name]
    return getattr(getattr(config, section) if section else config, key)


def edges(which: int):
    return [(name, value) for name, both in BOUNDS.items() for value in both[which]]


def test_bounds_below_cover_every_number():
    numbers = {name for name, *_, field in settings() if type(field.default) in (int, float)}
    absent = {"flip-target", "flip-offset", "n-byzantine", "clip-norm", "clipping-radius"}
    absent |= {"server-learning-rate", "server-momentum", "strength"}
    assert set(BOUNDS) == numbers | absent


@pytest.mark.parametrize(("name", "value"), edges(0))
def test_number_at_its_bound_is_taken_as_it_is(name, value):
    others = {"behaviours": "joint=0", "flip-pairs": "0-1", "server-optimizer": "fedadam"}
    taken = value_of(from_flat({**others, name: value}), name)
    assert taken == value
    assert type(taken) is (int if name in WHOLE else float)


@pytest.mark.parametrize(("name", "value"), edges(1))
def test_number_past_its_bound_is_refused_by_name_and_value(name, value):
    with pytest.raises(ConfigError) as caught:
        from_flat({"behaviours": "joint=0", name: value})
    assert f"{name.replace('-', '_')}: Input should be " in str(caught.value)
    assert str(caught.value).endswith(f", got {value!r}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
@pytest.mark.parametrize("name", sorted(BOUNDS))
def test_number_that_is_not_finite_is_refused(name, value):
    with pytest.raises(ConfigError, match=rf"{name.replace('-', '_')}: .*finite.*{value}"):
        from_flat({name: value})


@pytest.mark.parametrize("name", sorted(WHOLE))
def test_part_of_a_whole_is_refused(name):
    with pytest.raises(ConfigError, match=rf"{name.replace('-', '_')}: .*got 1\.5"):
        from_flat({name: 1.5})
