"""What an attacker sees, made by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from anml_fl.behaviour import Sight, behaviour
from anml_fl.settings.attackers import Attackers

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray


@pytest.fixture
def see() -> Callable[..., Sight]:
    """Give an attacker sight of some honest updates; what it shares is kept in a dict."""

    def make(honest: NDArray[Any], *, attackers: int = 2, **more: Any) -> Sight:
        known: dict[str, NDArray[Any]] = {}

        def once(what: str, craft: Callable[[], NDArray[Any]]) -> NDArray[Any]:
            if what not in known:
                known[what] = craft()
            return known[what]

        said = {
            "round": 1,
            "contributor": "contributor-0000",
            "place": 0,
            "contributors": len(honest) + attackers,
            "model": np.zeros(honest.shape[1]),
            "rng": np.random.default_rng(0),
            "attacks": Attackers(),
            "moved": lambda: np.zeros(honest.shape[1]),
            "aggregate": lambda crafted: None,
        }
        return Sight(
            others=lambda: honest,
            attackers=attackers,
            lasting=lambda: np.random.default_rng(7),
            once=once,
            **{**said, **more},
        )

    return make


@pytest.fixture
def send() -> Callable[..., NDArray[Any]]:
    """Let a behaviour turn an update into what it sends."""

    def sent(name: str, update: NDArray[Any], sight: Sight) -> NDArray[Any]:
        acting = behaviour(name)
        assert not acting.honest
        assert acting.update is not None
        return acting.update(update, sight)

    return sent
