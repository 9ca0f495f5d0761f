"""An honest contributor: it trains on what it holds."""

from __future__ import annotations

from anml_fl.behaviour import Behaviour

honest = Behaviour(honest=True)
