"""`anml explain`: why a contributor got the weight it got, in a round or over a run."""

from __future__ import annotations

import tomllib
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

import click

from anml_fl.commands.existing_path import ExistingPath
from anml_fl.commands.failure import Failure, errors_reported
from anml_fl.commands.help import Command
from anml_fl.commands.options import json_option
from anml_fl.commands.output import show_json, show_table
from anml_fl.reasons.glossary import glossary
from anml_fl.run.files import HOLDING, LEDGER, PUBLIC_KEY
from anml_fl.system.near import near
from anml_fl.system.terminal import console, say
from anml_fl.system.untrusted_text import visible

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from anml_fl.method.records import RoundRecord
    from anml_fl.reasons.over_rounds import OverRounds
    from anml_fl.run.rounds_so_far import RoundsSoFar

# Names that a message lists, and letters of each.
_NAMED, _LETTERS = 10, 40


@click.command(cls=Command)
@click.argument("run", type=ExistingPath())
@click.argument("contributor", required=False)
@click.option(
    "--round", "number", type=click.IntRange(min=1), help="One round.  [default: all]"
)
@click.option("--strategy", help="Of the run's.  [default: the one that pays]")
@json_option
def explain(
    run: Path, contributor: str | None, number: int | None, strategy: str | None, as_json: bool
) -> None:
    """Say why CONTRIBUTOR got the weight it got in RUN; without CONTRIBUTOR, of everybody.

    RUN is a run's folder; it may still go on. What is said follows from the run's records and
    settings, by the method's own functions; docs/reasons.md says how.
    """
    from anml_fl.run.rounds_so_far import rounds_so_far

    with errors_reported():
        found = rounds_so_far(run)
        name = _strategy(found, strategy)
        records = found.records(name)
        if not records:
            raise Failure(f"{run} has no round of {name} yet: try again when it has")
        if number is None:
            facts = _over_rounds(found, records, contributor)
        else:
            facts = _round(found, records, number, contributor)
        held = _held(run, number) if name == found.lead else {}
    if as_json:
        show_json({**facts, **({"held": held} if held else {})})
        return
    if contributor is not None:
        shown = facts["contributors"][0]["words"]
        say(shown, console())
    else:
        shown = _show(facts, chosen=strategy is not None)
    for which, words in held.items():
        click.echo(f"round {which}: {visible(words, 600)}")
    if meanings := glossary(shown):
        say(meanings, console())


def _held(run: Path, number: int | None) -> dict[int, str]:
    """Say why rounds are held, by a ledger whose signatures hold; none where it holds none."""
    from anml_fl.ledger.verify import verify_file
    from anml_fl.registry.keys import public_key
    from anml_fl.run.decided import decided

    if not all((run / name).is_file() for name in (HOLDING, LEDGER, PUBLIC_KEY)):
        return {}
    key = public_key(run / PUBLIC_KEY)
    verdict = verify_file(run / LEDGER, key, unfinished=True)
    if not verdict.ok:
        raise Failure(f"{run / LEDGER} does not say what is held: {verdict}")
    return {
        one["round"]: f"{one['state']}: {one['why']}"
        for one in decided(run / LEDGER, verdict.chain, key).told()
        if number in (None, one["round"])
    }


def _strategy(found: RoundsSoFar, asked: str | None) -> str:
    known = ", ".join(found.strategies)
    if asked is None:
        if found.lead not in found.begun and found.begun:
            raise Failure(
                f"{found.lead}, which pays in {found.folder}, has no round yet; of"
                f" {', '.join(found.begun)} there are: choose with --strategy"
            )
        return found.lead
    if asked not in found.strategies:
        raise Failure(
            f"--strategy must be one of {known}, got {asked!r}{_near(asked, found.strategies)}"
        )
    return asked


def _over_rounds(
    found: RoundsSoFar, records: Sequence[RoundRecord], contributor: str | None
) -> dict[str, Any]:
    from anml_fl.reasons.over_rounds import over_rounds

    people = over_rounds(records, found.dials)
    if contributor is not None:
        _check(contributor, people, f"in {len(records)} rounds of {records[0].strategy}")
        people = {contributor: people[contributor]}
    return {
        "run": str(found.folder),
        "strategy": records[0].strategy,
        "rounds": len(records),
        "contributors": [{**one.fields(), **_words(one)} for one in people.values()],
    }


def _words(over: OverRounds) -> dict[str, str]:
    from anml_fl.reasons.over_rounds_words import because_over, sentences_over
    from anml_fl.reasons.turn_words import turned
    from anml_fl.reasons.words import capital

    told = {"because": because_over(over), "words": sentences_over(over)}
    if turn := turned(over):
        told["because"] += f"; {turn}"
        told["words"] += f" {capital(turn)}."
    return told


def _round(
    found: RoundsSoFar, records: Sequence[RoundRecord], number: int, contributor: str | None
) -> dict[str, Any]:
    from anml_fl.reasons.round_reasons import RoundReasons
    from anml_fl.reasons.round_words import decision
    from anml_fl.reasons.words import because, sentences
    from anml_fl.run.files import CONFIG
    from anml_fl.system.files import read_text

    record = next((one for one in records if one.round == number), None)
    if record is None:
        raise Failure(
            f"--round must be from {records[0].round} to {records[-1].round}, the last one of"
            f" {records[0].strategy} in {found.folder}, got {number}"
        )
    reasons = RoundReasons(record, found.dials)
    settings = tomllib.loads(read_text(found.folder / CONFIG))
    people = {one.contributor: one for one in reasons.all()}
    if contributor is not None:
        _check(contributor, people, f"in round {number} of {record.strategy}")
        people = {contributor: people[contributor]}
    return {
        "run": str(found.folder),
        "strategy": record.strategy,
        "round": number,
        "branch": record.branch,
        "decision": decision(reasons, settings),
        "reproduced": reasons.reproduced,
        "contributors": [
            {**one.fields(), "because": because(one), "words": sentences(reasons, name)}
            for name, one in people.items()
        ],
    }


def _check(name: str, known: Collection[str], where: str) -> None:
    """Refuse a contributor that was not asked."""
    if name in known:
        return
    meant = _near(name, known)
    everybody = ", ".join(visible(one, _LETTERS) for one in known)
    if not meant:
        meant = f"; asked were {everybody if len(known) <= _NAMED else f'{len(known)} others'}"
    raise Failure(f"no contributor {name!r} was asked {where}{meant}")


def _near(name: str, known: Collection[str]) -> str:
    close = [visible(one, _LETTERS) for one in near(name, known)[:2]]
    return f": did you mean {' or '.join(close)}?" if close else ""


def _show(facts: dict[str, Any], *, chosen: bool) -> str:
    """Show a table; give its sentences."""
    from anml_fl.reasons.amounts import decimals, percent

    people = sorted(
        facts["contributors"], key=lambda one: (-(one["weight"] or 0.0), one["contributor"])
    )
    rows = [
        {
            "contributor": one["contributor"],
            "weight": _plain(percent(one["weight"], decimals(one["equal"]))),
            "equal": _plain(percent(one["equal"], decimals(one["equal"]))),
            "why": one["because"],
            "left_out": one.get("left_out"),
            "refused": sum(one.get("refused", {}).values()),
        }
        for one in people
    ]
    columns = ["contributor", "weight", "equal", "why"]
    if "round" in facts:
        decided = f": {facts['decision']}" if facts["decision"] else ""
        click.echo(f"round {facts['round']} of {facts['strategy']}{decided}")
    else:
        click.echo(f"{facts['strategy']}, {facts['rounds']} rounds")
        columns += ["left_out", "refused"]
    show_table(rows, columns, "nobody was asked")
    of_one = f" --round {facts['round']}" if "round" in facts else ""
    of_one += f" --strategy {quote(facts['strategy'])}" if chosen else ""
    click.echo(f"more of one of them: anml explain {quote(facts['run'])} CONTRIBUTOR{of_one}")
    return " ".join([facts.get("decision", ""), *(row["why"] for row in rows)])


def _plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")
