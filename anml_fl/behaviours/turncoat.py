"""Who earns a good name first, and flips labels from a round on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anml_fl.behaviour import Behaviour

if TYPE_CHECKING:
    from anml_fl.settings.attackers import Attackers


def _turning(server_round: int, attacks: Attackers) -> str:
    return "honest" if server_round < attacks.turn_round else "label_flip"


turncoat = Behaviour(in_round=_turning)
