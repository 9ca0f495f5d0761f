"""What the registry in memory holds of one contributor: every part is checked."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from anml_fl.registry.memory import InMemoryRegistry, Standing
from anml_fl.registry.simulated import PRESENT


@pytest.mark.parametrize("name", ["v", "r"])
@pytest.mark.parametrize(
    "value",
    [1.5, -0.1, math.nan, math.inf, "0.5", "", None, True, False, 0.5 + 0j, [0.5], b"1"],
    ids=repr,
)
def test_a_standing_is_a_number_between_0_and_1_or_none_at_all(name, value):
    with pytest.raises(ValueError, match=rf"{name} must lie in \[0, 1\], got {name} = "):
        Standing(**{name: value})


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"collected": math.nan}, "collected must lie in"),
        ({"collected": math.inf}, "collected must lie in"),
        ({"collected": "2026-01-01"}, "collected must lie in"),
        ({"collected": PRESENT}, "collected must lie in"),
        ({"rate": -0.1}, "rate must lie in"),
        ({"rate": math.nan}, "rate must lie in"),
        ({"rate": True}, "rate must lie in"),
        ({"public_key": "key"}, "public_key must be bytes, got str"),
        ({"data_hash": b"x"}, "data_hash must be str, got bytes"),
        ({"record": (1.0, 2.0)}, "record must be"),
        ({"record": 3}, "record must be"),
        ({"record": (-1.0, 0.0, 1)}, "good must lie in"),
        ({"record": (1.0, math.nan, 1)}, "bad must lie in"),
        ({"record": (1.0, 0.0, 1.5)}, "contributions must be >= 0 and whole"),
        ({"record": (1.0, 0.0, True)}, "contributions must be >= 0 and whole"),
        ({"record": (1.0, 0.0, -1)}, "contributions must be >= 0 and whole"),
    ],
    ids=str,
)
def test_every_part_of_a_standing_is_checked(changed, message):
    with pytest.raises((TypeError, ValueError), match=message):
        Standing(**changed)
    with pytest.raises((TypeError, ValueError), match=message):
        replace(Standing(), **changed)


@pytest.mark.parametrize("standings", [{"a": 0.5}, {"a": None}, {1: Standing()}], ids=repr)
def test_a_registry_holds_standings_by_identity(standings):
    with pytest.raises(TypeError, match=r"standing of 'a' must be Standing|identity must be"):
        InMemoryRegistry(standings)


@pytest.mark.parametrize("value", [0, 1, np.float64(0.5), np.float32(0.5), np.int64(1)])
def test_any_real_number_in_range_will_do(value):
    registry = InMemoryRegistry({"a": Standing(v=value, r=value)})
    assert registry.signals(["a"], at=0.0).s.tolist() == [float(value) ** 2]
