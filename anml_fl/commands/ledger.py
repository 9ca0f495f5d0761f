"""`anml ledger`: who earned what in a run, whether that can be trusted, and as a table."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from anml_fl.commands.existing_path import ExistingPath
from anml_fl.commands.failure import Failure, errors_reported
from anml_fl.commands.help import Group
from anml_fl.commands.options import KEY_CAME_ALONG, json_option, key_option, open_option
from anml_fl.commands.output import show_json, show_table
from anml_fl.run.files import LEDGER, PUBLIC_KEY
from anml_fl.system.files import writing_whole
from anml_fl.system.untrusted_text import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from anml_fl.ledger.verify import Verdict
    from anml_fl.run.decided import Decided

_ROUNDS_SHOWN = 20

_run = click.argument("run", type=ExistingPath(files=True))


@click.group(cls=Group)
def ledger() -> None:
    """Show, verify and export who earned what, round by round.

    RUN is a folder that holds ledger.jsonl and ledger.pub, or a ledger's file.
    """


@ledger.command()
@_run
@key_option
@open_option
@json_option
def verify(run: Path, key: Path | None, unfinished: bool, as_json: bool) -> None:
    """Check every byte of a ledger; exit code 1 names the first bad entry.

    Decisions on held rounds are checked with it. `anml verify` checks all of a run against it.
    """
    path, beside = _ledger(run), key is None
    key = key or path.with_name(PUBLIC_KEY)
    verdict, digits = _verdict(path, key, unfinished=unfinished)
    became = _decided(path, verdict, key) if verdict.ok else None
    if as_json:
        found = {"ok": verdict.ok, "fault": verdict.fault, **_facts(verdict)}
        if not verdict.ok:
            found |= {"entry": verdict.chain.entries, "line": verdict.chain.entries + 1}
        if became is not None and became.held:
            found |= {"pools": asdict(became.account), "held": became.told()}
        show_json({**found, "key": digits, "key_came_with_ledger": beside})
    else:
        click.echo(str(verdict))
        if became is not None and became.held:
            from anml_fl.run.decided import pools_words

            click.echo(pools_words(became))
        click.echo(f"public key: {digits}")
        if beside:
            click.echo(KEY_CAME_ALONG)
    sys.exit(0 if verdict.ok else 1)


@ledger.command()
@_run
@key_option
@json_option
def show(run: Path, key: Path | None, as_json: bool) -> None:
    """Show each contributor's payouts, and the rounds.

    Where the records lie beside the ledger that it is bound to, they say why, too.
    """
    from anml_fl.ledger.summary import summarise

    path = _ledger(run)
    verdict, lines = _verified(path, key)
    earned, settled = (list(map(asdict, some)) for some in summarise(lines()))
    became = _decided(path, verdict, key or path.with_name(PUBLIC_KEY))
    if became.held:
        _add_decided(became, earned, settled)
    why = _why(path.parent, lines())
    for one in earned:
        one["why"] = why.get(one["contributor"])
    if as_json:
        held = {"pools": asdict(became.account), "held": became.told()} if became.held else {}
        show_json({**_facts(verdict), "contributors": earned, "settled": settled, **held})
        return
    for one in earned:
        one["share"], one["earned"] = f"{100 * one['share']:.2f} %", one["payout"]
    columns = [
        "contributor",
        "earned",
        "share",
        "selected",
        "rounds",
        *(["why"] if why else []),
    ]
    show_table(earned, columns, "nobody was asked")
    if len(settled) > _ROUNDS_SHOWN:
        click.echo(f"the last {_ROUNDS_SHOWN} of {len(settled)} rounds (--json has all):")
    rounds = [{**one, "earning": one["paid"]} for one in settled[-_ROUNDS_SHOWN:]]
    columns = ["round", "branch", "pool", "earning", "asked"]
    show_table(rounds, [*columns, *(["state"] if became.held else [])], "no round yet")
    for one in became.told()[-_ROUNDS_SHOWN:]:
        decision = f" ({visible(one['decision'], 1000)})" if one["decision"] else ""
        click.echo(
            f"round {one['round']}, {one['state']}{decision}: {visible(one['why'], 600)}"
        )
    click.echo(str(verdict))
    if became.held:
        from anml_fl.run.decided import pools_words

        click.echo(pools_words(became))


@ledger.command()
@_run
@key_option
@click.option(
    "--format",
    "form",
    type=click.Choice(("csv", "json", "parquet")),
    default="csv",
    show_default=True,
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write, as a whole or not at all.  [default: standard output]",
)
def export(run: Path, key: Path | None, form: Any, out: Path | None) -> None:
    """Write a row for each contributor and round."""
    from anml_fl.ledger.export import export as write
    from anml_fl.ledger.export import rows

    if out is None and form == "parquet" and _terminal():
        raise click.UsageError("Parquet is not for a terminal: give --out FILE, or a pipe")
    path = _ledger(run)
    verdict, lines = _verified(path, key)
    decisions = _decided(path, verdict, key or path.with_name(PUBLIC_KEY)).decisions
    with errors_reported():
        if out is None:
            write(rows(lines(), decisions), form, sys.stdout.buffer)
            return
        with writing_whole(out) as file:
            write(rows(lines(), decisions), form, file)


def _ledger(run: Path) -> Path:
    """Find a ledger's file."""
    if run.is_file():
        return run
    if (path := run / LEDGER).is_file():
        return path
    inside = sorted(str(path.parent) for path in run.glob(f"*/{LEDGER}"))
    hint = f"; there is one in {', '.join(inside)}" if inside else ""
    raise Failure(f"{run} is no ledger's file and no folder with {LEDGER}{hint}")


def _verdict(path: Path, key: Path, *, unfinished: bool) -> tuple[Verdict, str]:
    """Verify a file; with the key's digits."""
    from anml_fl.ledger.verify import verify_file
    from anml_fl.registry.keys import public_key

    if not key.is_file():
        raise Failure(f"{key} is not there: give the server's public key with --key")
    with errors_reported():
        signer = public_key(key)
        verdict = verify_file(path, signer, unfinished=unfinished)
    return verdict, signer.public_bytes_raw().hex()


def _verified(path: Path, key: Path | None) -> tuple[Verdict, Callable[[], Iterator[bytes]]]:
    """Verify a file before it is read; a bad one ends the command with exit code 1."""
    from anml_fl.ledger.verify import read_lines

    verdict, _ = _verdict(path, key or path.with_name(PUBLIC_KEY), unfinished=True)
    if not verdict.ok:
        click.echo(str(verdict), err=True)
        sys.exit(1)
    if not verdict.chain.closed:
        click.echo("the ledger is not closed yet: its last rounds may be missing", err=True)
    # A torn last line does not count, nor what is written meanwhile.
    return verdict, lambda: islice(read_lines(path), verdict.chain.entries)


def _decided(path: Path, verdict: Verdict, key: Path) -> Decided:
    """Check decisions on held rounds; a bad one ends the command with exit code 1."""
    from anml_fl.ledger.decisions import DecisionError
    from anml_fl.registry.keys import public_key
    from anml_fl.run.decided import decided

    with errors_reported():
        signer = public_key(key)
        try:
            return decided(path, verdict.chain, signer)
        except DecisionError as error:
            click.echo(f"bad: {error}", err=True)
            sys.exit(1)


def _add_decided(
    found: Decided, earned: list[dict[str, Any]], settled: list[dict[str, Any]]
) -> None:
    """Add what released rounds paid, and say of each round what it is."""
    released = found.released
    for one in earned:
        one["payout"] += released.get(one["contributor"], 0)
    total = sum(one["payout"] for one in earned)
    for one in earned:
        one["share"] = one["payout"] / total if total else 0.0
    earned.sort(key=lambda one: (-one["payout"], one["contributor"]))
    for row in settled:
        row["state"] = found.state(row["round"])
        if row["state"] == "released":
            paid = found.decisions[row["round"]].payouts
            row |= {"pool": sum(paid.values()), "paid": len(paid)}


def _why(folder: Path, lines: Iterator[bytes]) -> dict[str, str]:
    """Say why each earned what it did, if a ledger is bound to the records beside it."""
    from anml_fl.reasons.over_rounds_words import because_over
    from anml_fl.run.difference import DifferenceError
    from anml_fl.run.settled_reasons import settled_reasons

    try:
        with errors_reported():
            found = settled_reasons(folder, lines)
    except DifferenceError as error:
        click.echo(f"no reasons are told: {error} (`anml verify` says more)", err=True)
        return {}
    return {name: because_over(one) for name, one in found.items()}


def _facts(verdict: Verdict) -> dict[str, Any]:
    chain = verdict.chain
    opened = chain.opened
    return {
        "run": opened and json.loads(opened.run),
        "strategy": opened and json.loads(opened.strategy),
        "entries": chain.entries,
        "rounds": chain.rounds,
        "closed": chain.closed,
        "torn": verdict.torn,
        "head": chain.head.decode(),
    }


def _terminal() -> bool:
    return sys.stdout.isatty()
