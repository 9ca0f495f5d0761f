"""What the study of rules on kinds of contributors shows: words first, then tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studies.reproduction.document import Folded, Heading, Text
from studies.reproduction.rule_choice import choice_said
from studies.reproduction.rule_findings import (
    bought_said,
    losses_said,
    unseen_said,
    wins_said,
)
from studies.reproduction.rule_places import RULE, places_of
from studies.reproduction.rule_tables import overall_table, place_table, rules_of

if TYPE_CHECKING:
    from studies.reproduction.document import Block
    from studies.reproduction.results import Study


def rule_blocks(study: Study) -> tuple[Block, ...]:
    """Say which rule to choose and why, then show every rule and every place.

    Parameters
    ----------
    study : Study
        `gate-contributors`.

    Returns
    -------
    tuple of Block
        Sentences that follow the figures, a table over all places, and one by place for
        `calibrated` with each root set. Empty where rules do not stand side by side.
    """
    places = places_of(study)
    if not places:
        return ()
    ours = [name for name in rules_of(places) if name.partition(";")[0] == RULE]
    said = [choice_said(places)]
    for method in ours:
        said += [wins_said(places, method), losses_said(places, method)]
    said += [bought_said(places, RULE), unseen_said(places, RULE)]
    blocks: list[Block] = [Text(text) for text in said if text]
    blocks += [Heading("Every rule over all places"), overall_table(places)]
    blocks += [Heading(f"{RULE}, place by place"), place_table(places, RULE)]
    blocks += [
        Folded(f"{method}, place by place", (place_table(places, method),))
        for method in ours
        if method != RULE
    ]
    return tuple(blocks)
