"""Table 16's contributors in a federation: Krum over their updates, not their samples.

Four of ten contributors flip every label: by an offset (obvious), or to a class that looks
alike (subtle).
"""

from __future__ import annotations

from studies.federations.label_flippers import Flippers, run
from studies.study import Study, Variant

_STRATEGIES = ("fedavg", "krum", "multikrum", "q_only", "anml", "softmax_blend", "oracle")
_FLIPPERS = Flippers(attackers=4, flip_offset=5, flip_pairs="3-5,4-7,0-2,1-9,6-8")


def variants(dataset: str) -> tuple[Variant, ...]:
    """List the mixtures of obvious and subtle flips."""
    return tuple(
        Variant(f"subtle={share:g}", _FLIPPERS.changed(pair_share=share), _STRATEGIES)
        for share in (0.0, 0.25, 0.5, 0.75, 1.0)
    )


STUDY = Study(
    name="contributor-updates",
    title="Krum over client updates on Table 16's contributors",
    source="Table 16, section 5.11",
    trials={"digits": 5},
    variants=variants,
    run=run,
    block={"digits": 1},
    cost=8.0,
)
