"""Held payouts as commands: asking for them, and deciding what becomes of a round."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from anml_fl.commands.failure import errors_reported

if TYPE_CHECKING:
    from anml_fl.ledger.decisions import Kind
    from anml_fl.settings.run import RunConfig

_run = click.argument("run", type=click.Path(exists=True, file_okay=False, path_type=Path))
_round = click.argument("number", metavar="ROUND", type=click.IntRange(min=1))
_reason = click.option("--reason", required=True, help="Why, in your words; it is signed.")


def hold_payouts(out: Path, config: RunConfig, bound: float) -> None:
    """Have a run check its payouts before they are settled, from its first round on.

    Parameters
    ----------
    out : Path
        The run's folder; made if it does not exist.
    config : RunConfig
    bound : float
        Share of a round's pool that may go to harmful contributors, in (0, 1).

    Raises
    ------
    ConfigError
        If the bound is out of range, the folder holds another run or one that began
        otherwise, or nothing at the server tells what updates are worth.
    """
    from anml_fl.ledger.holding import Holding
    from anml_fl.run.files import HOLDING, LEDGER
    from anml_fl.run.holding_file import holding_text, load_holding
    from anml_fl.settings.section import ConfigError
    from anml_fl.system.files import make_folder, write_whole
    from server.orchestration.holding import check_holding
    from server.orchestration.run_folder import check_settings, hold

    try:
        wanted = Holding(bound)
    except ValueError as error:
        raise ConfigError(f"--hold-payouts: {error}") from error
    check_holding(out, config)
    make_folder(out)
    with hold(out):
        check_settings(out, config)
        found = load_holding(out)
        if (out / LEDGER).exists() and found != wanted:
            was = "pays at once" if found is None else f"holds beyond {found.bound:g}"
            raise ConfigError(
                f"--hold-payouts: {out} began as a run that {was}, and its ledger says so:"
                " give the same, or another --out"
            )
        write_whole(out / HOLDING, holding_text(wanted).encode())


def _decide(run: Path, kind: Kind, number: int, reason: str) -> None:
    from server.orchestration.decisions import decide_round
    from server.orchestration.run_folder import hold
    from server.report.page import write_report

    with errors_reported(), hold(run):
        done = decide_round(run, kind, number, reason)
        write_report(run)
    if kind == "release":
        click.echo(f"released: round {number} pays {done.pool:,} micro-units, by its weights")
    else:
        click.echo(f"void: round {number} pays nobody; {done.pool:,} micro-units stay unpaid")


@click.command()
@_run
@_round
@_reason
def release(run: Path, number: int, reason: str) -> None:
    """Pay a held ROUND of a finished RUN after all, as its weights say.

    The decision is signed with the server's key, written to RUN/decisions.jsonl behind the
    ledger's close, and cannot be taken back.
    """
    _decide(run, "release", number, reason)


@click.command()
@_run
@_round
@_reason
def void(run: Path, number: int, reason: str) -> None:
    """Never pay a held ROUND of a finished RUN.

    The decision is signed with the server's key, written to RUN/decisions.jsonl behind the
    ledger's close, and cannot be taken back.
    """
    _decide(run, "void", number, reason)
