"""The report on people: who was thrown out, and who was paid."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studies.arena.heat_maps import heat_map
from studies.arena.measures import MINORITY_SHARE
from studies.arena.shares import percent
from studies.arena.tables import by_class_table, kept_table, payout_table
from studies.reproduction.document import Folded, Heading, Section, Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from studies.arena.results import Results
    from studies.reproduction.document import Block


def thrown_out(results: Results) -> Section:
    """Say whom rules keep, beside the error: by deal and number of attackers."""
    blocks: list[Block] = [
        Text(
            "Shares of updates that went into the model, over all rounds. Minority: the"
            f" {percent(MINORITY_SHARE)} % of honest contributors whose labels are least like"
            " all labels together (total variation distance). Worst site: the honest"
            " contributor that is kept least. Worst class: of its rows that honest"
            " contributors hold, the share whose holder is kept. Rules that take each"
            " coordinate from somebody else keep nobody in particular."
        )
    ]
    for deal in results.deals:
        counts = results.counts(deal)
        for count in dict.fromkeys((0, counts[len(counts) // 2], counts[-1])):
            who = f"{count} attack, mean over attacks" if count else "nobody attacks"
            title = f"{deal.label}, {who}"
            table = kept_table(results, deal, results.rules, count)
            if count:
                blocks.append(Folded(title, (table,)))
            else:
                blocks += [Heading(title), table]
        blocks.append(
            Folded(
                f"{deal.label}, nobody attacks: kept by class (%)",
                (by_class_table(results, deal, results.rules),),
            )
        )
    blocks.append(
        heat_map(
            results,
            "honest_kept",
            "kept",
            "Every rule under every attack: honest updates kept",
            "Mean over seeds; rules that keep nobody in particular are left out.",
        )
    )
    return Section("kept", "Who was thrown out", tuple(blocks))


def payouts(results: Results, rules: Sequence[str]) -> Section:
    """Say whom rules pay, and how stably."""
    return Section(
        "paid",
        "Whom a rule pays",
        (
            Text(
                "A round pays by weight. To attackers: their share of all that a run paid,"
                " mean over all attacks; at most: where it is largest. Orders are Spearman's"
                " rank correlations of what honest contributors are paid: under attack with"
                " the same rule where nobody attacks; with FedAvg's, where nobody attacks;"
                " between seeds, where the same contributors take part (else there is no such"
                " column). 1: nobody changes place."
            ),
            payout_table(results, rules),
        ),
    )
