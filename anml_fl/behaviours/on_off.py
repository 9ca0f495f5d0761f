"""Who is honest for some rounds, flips labels for some, and begins again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anml_fl.behaviour import Behaviour

if TYPE_CHECKING:
    from anml_fl.settings.attackers import Attackers


def _alternating(server_round: int, attacks: Attackers) -> str:
    place = (server_round - 1) % (attacks.good_rounds + attacks.bad_rounds)
    return "honest" if place < attacks.good_rounds else "label_flip"


on_off = Behaviour(in_round=_alternating)
