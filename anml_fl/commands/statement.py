"""`anml statement`: what each contributor sent, how it counted, why, and what it earned."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from anml_fl.commands.failure import Failure, errors_reported
from anml_fl.commands.options import KEY_CAME_ALONG, json_option, key_option
from anml_fl.commands.output import show_json
from anml_fl.run.files import LEDGER, PUBLIC_KEY, STATEMENTS
from anml_fl.system.untrusted_text import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from anml_fl.statement.checking import Checked
    from anml_fl.statement.settled import SettledRun

# Differences, and names, that are told; all are in --json.
_MOST_TOLD, _MOST_NAMES = 20, 10
_LONGEST = 2000


class WriteFirst(click.Group):
    """A group whose command `write` may be left out: its argument is a folder."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put it in where no other command is named, and no help is asked for."""
        if args and args[0] not in (*self.commands, *self.get_help_option_names(ctx)):
            args = ["write", *args]
        return super().parse_args(ctx, args)


@click.group(cls=WriteFirst)
def statement() -> None:
    """Write for each contributor of a run what it got and why, and check such a statement.

    `anml statement RUN` is short for `anml statement write RUN`.
    """


@statement.command()
@click.argument("run", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("contributors", metavar="[CONTRIBUTOR]...", nargs=-1)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help=f"Folder to write to.  [default: RUN/{STATEMENTS}]",
)
@click.option(
    "--key",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The private key that signed the ledger."
    "  [default: where ANML_LEDGER_KEY says, or ~/.anml/ledger.key]",
)
def write(
    run: Path, contributors: tuple[str, ...], out: Path | None, key: Path | None
) -> None:
    """Write a statement for each CONTRIBUTOR of RUN, or for all.

    Each gets a page of its own (statement-NAME.html, A4 when printed) and the same as signed
    JSON (statement-NAME.json). Where the ledger's private key is not at hand they are not
    signed, and say so. Exit code 1: the ledger is bad, or the records do not fit it.
    """
    from anml_fl.run.difference import DifferenceError
    from anml_fl.statement.making import settled_run
    from anml_fl.statement.writing import write_statement
    from anml_fl.system.files import make_folder

    with errors_reported():
        signer, public, unsigned = _signer(run, key)
        try:
            found = settled_run(run, public)
        except DifferenceError as error:
            click.echo(f"no statement of this run: {error}", err=True)
            sys.exit(1)
        names = _asked(found, contributors)
        out = run / STATEMENTS if out is None else out
        make_folder(out)
        for name in names:
            path = write_statement(found.statement(name), signer, out)
            if len(names) <= _MOST_NAMES:
                click.echo(path.with_suffix(".html"))
    if len(names) > _MOST_NAMES:
        click.echo(f"{len(names)} statements, statement-NAME.html, in {out}")
    click.echo("beside each: the same as .json, for `anml statement verify`")
    if unsigned:
        click.echo(f"not signed: {unsigned}", err=True)
    if not found.closed:
        click.echo(
            f"the run has not come to its end: this is up to round {len(found.rounds)}",
            err=True,
        )


@statement.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--run",
    required=True,
    type=click.Path(exists=True, path_type=Path),
    help="The run's folder, or its ledger's file.",
)
@key_option
@json_option
def verify(file: Path, run: Path, key: Path | None, as_json: bool) -> None:
    """Check a statement, FILE, against the ledger of a run, and name each thing that differs.

    Checked are its signature, the ledger, every round and number against the ledger, and
    where the run's records lie beside that, what decided. Exit code 0: all is so; 1: something
    was altered; 2: it cannot be checked.
    """
    from anml_fl.registry.keys import public_key
    from anml_fl.statement.checking import check
    from anml_fl.statement.signing import LONGEST
    from anml_fl.system.plain_file import read_plain

    with errors_reported():
        ledger = run / LEDGER if run.is_dir() else run
        if not ledger.is_file():
            raise Failure(f"{run} is no ledger's file and no folder with {LEDGER}")
        given = key or ledger.with_name(PUBLIC_KEY)
        if not given.is_file():
            raise Failure(f"{given} is not there: give the server's public key with --key")
        found = check(read_plain(file, LONGEST), ledger, public_key(given))
    if as_json:
        show_json({**_facts(found), "key_came_with_ledger": key is None})
    else:
        _show(found, came_along=key is None)
    sys.exit(0 if found.ok else 1)


def _signer(run: Path, key: Path | None) -> tuple[Ed25519PrivateKey | None, Any, str]:
    """Find the ledger's keys: the private one if it is at hand, the public one, why not."""
    from anml_fl.ledger.key_file import key_file
    from anml_fl.registry.keys import private_key, public_key

    beside = run / PUBLIC_KEY
    public = public_key(beside) if beside.is_file() else None
    path = key or key_file()
    why = f"there is no {path}; --key names the private key that signed the ledger"
    try:
        signer = private_key(path)
    except (FileNotFoundError, PermissionError) as error:
        if key is not None:
            raise
        if isinstance(error, PermissionError):
            why = f"{path} cannot be read; --key names the private key that signed the ledger"
        if public is None:
            raise Failure(f"{beside} is not there, and neither is {path}") from error
        return None, public, why
    own = signer.public_key()
    if public is None or own.public_bytes_raw() == public.public_bytes_raw():
        return signer, own, ""
    other = f"the key in {path} is not the one whose public half is {beside}"
    if key is not None:
        raise Failure(f"{other}: --key must name the private key that signed the ledger")
    return None, public, f"{other}; --key names the private key that signed the ledger"


def _asked(found: SettledRun, contributors: Sequence[str]) -> Sequence[str]:
    """Check that a run has asked those who are named; without any name whom it has asked."""
    known = found.contributors
    for name in contributors:
        if name not in known:
            shown = ", ".join(visible(one, 40) for one in known[:_MOST_NAMES])
            more = len(known) - _MOST_NAMES
            rest = f" and {more} more" if more > 0 else ""
            raise Failure(
                f"no round of this run asked {visible(name, 60)!r}; asked were {shown}{rest}"
            )
    return tuple(dict.fromkeys(contributors)) or known


def _show(found: Checked, *, came_along: bool) -> None:
    for one in found.differences[:_MOST_TOLD]:
        click.echo(f"altered: {visible(one, _LONGEST)}")
    if (more := len(found.differences) - _MOST_TOLD) > 0:
        click.echo(f"and {more:,} more (--json has all)")
    if found.ok:
        rounds, totals = len(found.said["rounds"]), found.said["totals"]
        who = visible(found.said["contributor"], 60)
        click.echo(
            f"ok: the statement for {who}, who earned {totals['payout']:,} micro-units in"
            f" {rounds} of {totals['rounds']} rounds, fits the ledger"
        )
        if not found.said["closed"]:
            click.echo("It is of a run that had not come to its end.")
    if said := _SIGNATURES.get(found.signature):
        click.echo(said)
    click.echo(f"public key: {found.key}")
    if came_along:
        click.echo(KEY_CAME_ALONG)
    if found.unchecked:
        click.echo(f"Not checked: {found.unchecked}.")


_SIGNATURES = {
    "good": "signed by the ledger's key",
    "bad": "The signature is not good: see above.",
    "none": "It is not signed: it counts as far as it was checked here.",
}


def _facts(found: Checked) -> dict[str, Any]:
    return {
        "ok": found.ok,
        "differences": list(found.differences),
        "signature": found.signature,
        "unchecked": found.unchecked,
        "contributor": found.said.get("contributor"),
        "key": found.key,
    }
