"""`anml verify`: whether a run is what its signed ledger says."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from anml_fl.commands.existing_path import ExistingPath
from anml_fl.commands.failure import errors_reported
from anml_fl.commands.help import Command
from anml_fl.commands.options import KEY_CAME_ALONG, json_option, key_option, open_option
from anml_fl.commands.output import show_json

if TYPE_CHECKING:
    from anml_fl.run.ledger_audit import Audit


@click.command(cls=Command)
@click.argument("run", type=ExistingPath())
@key_option
@open_option
@json_option
def verify(run: Path, key: Path | None, unfinished: bool, as_json: bool) -> None:
    """Check a run's folder, RUN, against its ledger, and name the first thing that differs.

    Checked are the ledger, the settings, each round's record, updates, the models of all
    strategies, the summary, and what follows from them in attribution.json. Exit code 0: all
    fits; 1: something was altered; 2: it cannot be checked, or has not come to its end.
    """
    from anml_fl.registry.keys import public_key
    from anml_fl.run.audit import audit_run

    with errors_reported():
        found = audit_run(run, None if key is None else public_key(key), unfinished=unfinished)
    if as_json:
        show_json({**_facts(found), "key": found.key, "key_came_with_ledger": key is None})
    else:
        _show(found, came_along=key is None)
    sys.exit(0 if found.ok else 1)


def _show(found: Audit, *, came_along: bool) -> None:
    chain = found.verdict.chain
    if found.ok:
        state = "" if chain.closed else "; not closed yet"
        click.echo(
            f"ok: {chain.rounds} rounds of {_strategy(found)} and all that is bound{state}"
        )
        click.echo(f"ledger: head {chain.head.decode()}")
        if found.decided is not None and found.decided.held:
            from anml_fl.run.decided import pools_words

            click.echo(pools_words(found.decided))
    else:
        click.echo(f"altered: {found.difference}")
    click.echo(f"public key: {found.key}")
    if came_along:
        click.echo(KEY_CAME_ALONG)
    if found.ok and not found.bound:
        click.echo(
            "The ledger is of an older form: it stands for settings, signals, weights, payouts"
            f" and the models of {_strategy(found)}; roles and sums were found to follow."
        )
    if found.ok:
        click.echo(f"Not bound, and so not checked: {found.unbound()}.")


def _facts(found: Audit) -> dict[str, Any]:
    chain = found.verdict.chain
    return {
        "ok": found.ok,
        "difference": found.difference,
        "bound": found.bound,
        "strategy": _strategy(found),
        "rounds": chain.rounds,
        "closed": chain.closed,
        "head": chain.head.decode(),
        "unbound": found.unbound(),
        "pools": found.decided and asdict(found.decided.account),
        "held": found.decided and found.decided.told(),
    }


def _strategy(found: Audit) -> str | None:
    opened = found.verdict.chain.opened
    return opened and json.loads(opened.strategy)
