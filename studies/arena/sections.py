"""What the arena's report says, section by section: all of it worked out from the results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from studies.arena.arena import grid_of
from studies.arena.blocks import every_attack, worst_cases
from studies.arena.choice import AS_GOOD, choices
from studies.arena.costs import cost
from studies.arena.doubts import STILL, UNSENT, doubts, still, unsent
from studies.arena.heat_maps import heat_map
from studies.arena.method import hyper_parameters, method
from studies.arena.people import payouts, thrown_out
from studies.arena.ranks import ranking
from studies.arena.results import Results
from studies.arena.shares import percent
from studies.arena.tables import (
    backdoor_loss_table,
    backdoor_table,
    choice_table,
    cost_table,
    every_table,
    loss_table,
    ours,
    rank_table,
    worst_table,
)
from studies.reproduction.document import Folded, Grid, Heading, Section, Text
from studies.reproduction.numbers import p_value, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from studies.arena.ranks import Ranking
    from studies.arena.table import Kept
    from studies.reproduction.document import Block


def sections(
    kept: Kept, tuned: Mapping[str, Any], rooted: Callable[[str], bool]
) -> list[Section]:
    """Write the report.

    Parameters
    ----------
    kept : Kept
        The results.
    tuned : mapping
        What `chosen.json` says; empty where nothing was chosen.
    rooted : callable
        Whether a rule needs rows that the server trusts.
    """
    results, grid = Results.of(kept.every), grid_of(kept)
    failed: Mapping[str, str] = kept.about.get("failed", {})
    # What a rule did under the attack that it did not end is not known.
    lacking = {name.partition("|")[0] for name in failed}
    rules = results.defences
    whole = tuple(rule for rule in rules if rule not in lacking)
    return [
        *([_choice(results, whole, grid.rounds, rooted)] if len(whole) > 1 else []),
        _worst(results),
        *doubts(results, failed),
        *([_ranks(results, whole)] if len(whole) > 1 else []),
        thrown_out(results),
        payouts(results, rules),
        *_backdoors(results),
        _losses(results, rules),
        Section(
            "cost",
            "What a rule costs",
            (
                Text(
                    "Processor time of a run less FedAvg's on the same federation, median over"
                    " all runs, a round; screening and records, which all have, are not in it."
                    " Below 0: less than the machine's own unrest."
                ),
                cost_table(results, rules, grid.rounds),
            ),
        ),
        hyper_parameters(tuned),
        method(kept, results),
    ]


def _choice(
    results: Results, rules: tuple[str, ...], rounds: int, rooted: Callable[[str], bool]
) -> Section:
    def price(rule: str) -> float:
        return cost(results, rule, rounds)

    without = tuple(rule for rule in rules if not rooted(rule))
    every = choices(results, rules, price)
    seeds = {seed for of in results.values.values() for seed in of}
    alone = " There is one seed alone, so that small differences may be chance."
    poor = choices(results, without, price)
    return Section(
        "choose",
        "Which defence should I choose?",
        (
            Text(
                "By one rule: the least error under the attack that is worst for each defence,"
                " with any number of attackers up to the one that is feared; of those within"
                f" {percent(AS_GOOD)} points of it, the one that costs least. Hostile updates"
                " are not the only danger: a defence that throws honest minorities out costs"
                " its error where nobody attacks, and nobody attacking is a case, too."
                f"{alone if len(seeds) == 1 else ''}"
            ),
            Heading("Where the server has rows that it trusts"),
            choice_table(every),
            Heading("Where it has none"),
            choice_table(poor),
        ),
    )


def _worst(results: Results) -> Section:
    marked = f" {UNSENT} and {STILL}: see what is no result."
    blocks: list[Block] = [
        Text(
            "Test error of the final model, mean over seeds, under the attack that is worst"
            " for each rule, which is named."
            f"{' oracle is told who is honest.' if _oracle(results) else ''}"
            " Rules stand in the order of their worst error with any number of attackers."
            f"{marked if unsent(results) or still(results) else ''}"
        )
    ]
    for deal in results.deals:
        blocks += [Heading(deal.label), worst_table(results, deal, results.rules)]
        blocks += [
            Folded(
                f"{deal.label}, {count} of {deal.contributors} attack: every rule under every"
                " attack",
                (every_table(results, deal, count),),
            )
            for count in reversed(results.counts(deal))
            if count
        ]
    blocks.append(
        heat_map(
            results,
            "error",
            "errors",
            "Every rule under every attack: test error",
            "Mean over seeds; the first column is where nobody attacks.",
        )
    )
    return Section("worst", "The worst attack of each rule", tuple(blocks))


def _oracle(results: Results) -> bool:
    """Say whether a rule was run that is told who attacks."""
    return len(results.defences) < len(results.rules)


def _ranks(results: Results, rules: Sequence[str]) -> Section:
    blocks: list[Block] = [
        Text(
            "Rank 1 is the least error"
            f"{'; oracle is not ranked' if _oracle(results) else ''}. By Nemenyi's critical"
            " difference rules marked = cannot be told from the best, by 5 %; beside it"
            " Wilcoxon's signed-rank test against the best, corrected by Holm."
            " Federations share seeds and data, so that they are not independent, and p is"
            " smaller than it should be."
        )
    ]
    for title, errors in (
        (
            "Under the worst attack: a block a deal, share and seed",
            worst_cases(results, rules),
        ),
        (
            "Under every attack: a block a deal, share and attack",
            every_attack(results, rules, attacked=True),
        ),
        ("Where nobody attacks: a block a deal", every_attack(results, rules, attacked=False)),
    ):
        if len(errors):
            found = ranking(rules, errors)
            blocks += [Heading(title), Text(_said(found)), rank_table(found)]
    return Section("ranks", "Ranks", tuple(blocks))


def _said(found: Ranking) -> str:
    return (
        f"{found.blocks} blocks; Friedman's test that all are alike: p"
        f" {p_value(found.friedman)}; critical difference of mean ranks:"
        f" {plain(found.critical, 2)}."
    )


def _backdoors(results: Results) -> list[Section]:
    table = backdoor_table(results, results.rules)
    if not table.rows:
        return []
    text = Text(
        "Share (%) of test rows of other classes that the final model takes for the attackers'"
        " class once the trigger is on them, by how many attack."
    )
    return [Section("backdoor", "Whether a backdoor opens", (text, table))]


def _losses(results: Results, rules: Sequence[str]) -> Section:
    table = loss_table(results, rules, AS_GOOD)
    mine = sorted(filter(ours, rules))
    total = sum(len(results.counts(deal)) for deal in results.deals)
    said = "; ".join(
        f"{rule} in {sum(row[0] == rule for row in table.rows)} of {total}" for rule in mine
    )
    return Section(
        "losses",
        "Where we lose",
        (
            Text(
                f"Somebody else's rule has a worst error that is lower by more than"
                f" {percent(AS_GOOD)} points, in so many situations (data and number of"
                f" attackers): {said or 'no rule of ours was tried'}."
            ),
            Grid(table.titles, table.rows),
            *_open_doors(results, rules),
        ),
    )


def _open_doors(results: Results, rules: Sequence[str]) -> list[Block]:
    table = backdoor_loss_table(results, rules, AS_GOOD)
    if not table.rows:
        return []
    said = (
        "A backdoor hardly shows in the test error, and so not in the ranks. Here it opens"
        " more often under ours than under a rule that errs no more than"
        f" {percent(AS_GOOD)} points beyond it:"
    )
    return [Text(said), table]
