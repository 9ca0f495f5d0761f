"""The tables of the page: rows of text, which the template escapes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from anml_fl.page.grid import Grid
from anml_fl.page.theme import ATTACKER_MARK
from anml_fl.reasons.amounts import decimals
from anml_fl.reasons.reply_words import plain
from anml_fl.run.branch_name import branch_name
from anml_fl.settings.run import APP
from anml_fl.system.untrusted_text import visible
from server.report.claimed_metric import NamedMetric, claimed_metric
from server.report.registry_words import registry_asked
from server.report.shown_contributors import shown_contributors
from server.report.wording import attacked, sentence, share, simulated

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from anml_fl.run.reading import Run, StrategyRun
    from server.report.sure_reasons import SureReasons

MOST_ROWS = 300
"""Rows of replies that were not valid that are written; the rest stay in rounds.jsonl."""


def overview(run: Run) -> Grid:
    """Compare the strategies of the run.

    Returns
    -------
    Grid
        One row a strategy, in the order of the run.
    """
    criterion = run.criterion
    stopped = any(strategy.summary.best_round for strategy in run.strategies)
    # Where the server had no rows to test on, its column would be empty.
    tested = any(math.isfinite(criterion.score(one.summary)) for one in run.strategies)
    claimed = not tested and any(one.summary.claimed is not None for one in run.strategies)
    by, by_app = claimed_metric(run), NamedMetric("")
    # What else an app's test says of a model; of other runs the metric says what it is.
    scored = run.summary.engine == APP
    title = f"Claimed {by.name}, median" if claimed else sentence(criterion.title)
    unit = by.unit if claimed else criterion.unit
    rows = [
        (
            visible(strategy.name, 40),
            (
                by.digits(strategy.summary.claimed)
                if claimed
                else criterion.digits(criterion.score(strategy.summary))
            )
            or "—",
            *((by_app.digits(strategy.summary.test_score) or "—",) if scored else ()),
            share(strategy.summary.attacker_weight if attacked(run) else None),
            ", ".join(
                f"{visible(branch_name(name), 20)} {count}"
                for name, count in strategy.summary.branches.items()
                if count
            )
            or "—",
            "—" if strategy.summary.doubted is None else str(strategy.summary.doubted),
            str(strategy.summary.excluded),
            str(strategy.summary.rounds),
            *((str(strategy.summary.best_round or "—"),) if stopped else ()),
            _seconds(strategy),
        )
        for strategy in run.strategies
    ]
    return _without_empty(
        (
            "Strategy",
            f"{title}{' (%)' if unit else ''}*",
            *(("Score by the app's test*",) if scored else ()),
            "Attackers' weight (%)*",
            "Rounds per branch",
            "Left out by the rule*",
            "No valid reply*",
            "Rounds*",
            *(("Best round, kept*",) if stopped else ()),
            "Time (s)*",
        ),
        rows,
    )


def last_round(run: Run, words: SureReasons) -> Grid:
    """Show every contributor of the lead strategy's last round.

    Parameters
    ----------
    run : Run
    words : SureReasons
        Of that round.

    Returns
    -------
    Grid
        Contributors in the order of the record.
    """
    digits = decimals(1 / max(1, len(words.record.contributors)))
    # What nobody was asked for is the same for all.
    signals = "qvrTs" if registry_asked(run.config) else "qT"
    rows = [
        (
            visible(person.contributor, 40),
            *behaviour(run, person.contributor),
            share(person.weight, digits),
            why,
            "yes" if person.selected else "no",
            *(_signal(getattr(person, letter)) for letter in signals),
        )
        for person, why in zip(words.record.contributors, words.why, strict=True)
    ]
    return Grid(
        (
            *contributor_titles(run),
            "Weight (%)*",
            "Why~",
            "Selected",
            *(f"{letter}*" for letter in signals),
        ),
        tuple(rows),
    )


def earned(run: Run, paid: Mapping[str, int]) -> Grid:
    """Show what each contributor was paid.

    Parameters
    ----------
    run : Run
    paid : mapping
        Contributor to micro-units, from the ledger.

    Returns
    -------
    Grid
        Whoever earned most first; no rows where nothing was paid.
    """
    totals = {**dict.fromkeys(shown_contributors(run, run.lead), 0), **paid}
    chosen = dict.fromkeys(totals, 0)
    last = dict.fromkeys(totals, math.nan)
    for record in run.lead.records:
        for person in record.contributors:
            chosen[person.contributor] += person.selected
            last[person.contributor] = person.r
    paid_out = sum(totals.values())
    asked = registry_asked(run.config)
    rows = [
        (
            visible(name, 40),
            *behaviour(run, name),
            f"{total:,}",
            share(total / paid_out),
            f"{chosen[name]} of {len(run.lead.records)}",
            *((_signal(last[name]),) if asked else ()),
        )
        for name, total in sorted(totals.items(), key=lambda item: (-item[1], item[0]))
        if paid_out
    ]
    return Grid(
        (
            *contributor_titles(run),
            "Earned (micro-units)*",
            "Share (%)*",
            "Selected*",
            *(("r at the end*",) if asked else ()),
        ),
        tuple(rows),
    )


def refused_credentials(run: Run) -> Grid:
    """List the credentials that the lead strategy's rounds refused, with reasons.

    Returns
    -------
    Grid
        Each contributor and reason once, with the rounds in which it was shown, and how often.
    """
    shown: dict[tuple[str, str], list[int]] = {}
    for record in run.lead.records:
        for person in record.contributors:
            for reason in person.refused_credentials:
                shown.setdefault((person.contributor, reason), []).append(record.round)
    rows = [
        (
            visible(name, 40),
            visible(reason),
            str(min(rounds)),
            str(len(set(rounds))),
            str(len(rounds)),
        )
        for (name, reason), rounds in shown.items()
    ]
    return Grid(
        ("Contributor", "Why refused", "First in round*", "Rounds*", "Times*"),
        tuple(rows[:MOST_ROWS]),
        total=len(rows),
    )


def left_out(run: Run) -> Grid:
    """List who gave no valid reply, with reasons.

    Returns
    -------
    Grid
        At most `MOST_ROWS` rows, by strategy and round.
    """
    rows = [
        (str(record.round), visible(strategy.name, 40), name, reason)
        for strategy in run.strategies
        for record in strategy.records
        for name, reason in [
            *(
                (visible(person.contributor, 40), visible(plain(person.reason)))
                for person in record.contributors
                if person.reason is not None
            ),
            *(("(credited to nobody)", visible(reason)) for reason in record.refused),
        ]
    ]
    return Grid(
        ("Round*", "Strategy", "Contributor", "Reason"),
        tuple(rows[:MOST_ROWS]),
        total=len(rows),
    )


def _without_empty(titles: Sequence[str], rows: Sequence[tuple[str, ...]]) -> Grid:
    """Make a table without the columns that have nothing in any row."""
    kept = [i for i in range(len(titles)) if not i or any(row[i] != "—" for row in rows)]
    return Grid(
        tuple(titles[i] for i in kept), tuple(tuple(row[i] for i in kept) for row in rows)
    )


def contributor_titles(run: Run) -> tuple[str, ...]:
    """Name the columns that say who it is, and how it behaves where that is known."""
    return ("Contributor", "Behaviour") if simulated(run) else ("Contributor",)


def behaviour(run: Run, contributor: str) -> tuple[str, ...]:
    """Say how somebody behaves, in a cell of its own; no cell where nobody simulates it."""
    if not simulated(run):
        return ()
    if contributor not in run.summary.contributors:
        return ("—",)  # the ledger paid somebody whom an altered summary does not know
    behaviour = visible(run.summary.contributors[contributor], 40)
    return (f"{ATTACKER_MARK} {behaviour}" if run.attacks(contributor) else behaviour,)


def _signal(value: float) -> str:
    return f"{value:.3f}" if math.isfinite(value) else "—"


def _seconds(strategy: StrategyRun) -> str:
    total = strategy.summary.seconds
    if total is None:
        return "—"
    if not strategy.timings:
        return f"{total:.1f}"
    mean = sum(strategy.timings.values()) / len(strategy.timings)
    return f"{total:.1f} ({mean:.2f} a round)"
