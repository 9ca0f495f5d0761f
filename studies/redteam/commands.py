"""`anml redteam`: a search for the attack that harms a rule most."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from anml_fl.commands.failure import errors_reported
from anml_fl.commands.help import Command

if TYPE_CHECKING:
    from collections.abc import Sequence

    from studies.redteam.attack import Attack
    from studies.redteam.evaluation import Target
    from studies.redteam.hunt import Hunt

_SHARES = "0.1,0.3,0.45"
_ALL = "all"


@click.command("redteam", cls=Command)
@click.argument("rule")
@click.option(
    "--budget", type=click.IntRange(1, 1_000_000), required=True, help="Attacks to try."
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the results.  [default: runs/redteam/RULE; of all runs/redteam]",
)
@click.option(
    "--shares", default=_SHARES, show_default=True, help="Of the contributors that attack."
)
@click.option(
    "--dataset",
    type=click.Choice(["digits", "fashion_mnist"]),
    default="digits",
    show_default=True,
    help="What the attacked federation learns.",
)
@click.option(
    "--root/--no-root",
    default=True,
    show_default=True,
    help="Whether the rule has a root set of 80 rows.",
)
@click.option(
    "--transfer",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of other rules' results: what broke them is tried on this one.",
)
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), default=0, show_default=True)
def redteam(
    rule: str,
    budget: int,
    out: Path | None,
    shares: str,
    dataset: str,
    root: bool,
    transfer: Path | None,
    seed: int,
) -> None:
    """Search for the attack that harms RULE most, and write down the worst found.

    RULE is a strategy of `anml run`, or your own as MODULE:OBJECT; all means every one that is
    shipped, and a table of them. What attackers may do:
    credentials, example counts, wrong labels, updates, timing; what they may know: own data,
    all honest updates, the rule, its root set. Every attack trains a small federation by the
    real strategy. The measure is the test error above that of the honest alone.

    After Ctrl-C the same command goes on where it stopped, and with a larger budget further.
    """
    from anml_fl.settings.aggregation import Aggregation
    from anml_fl.system.files import write_whole
    from strategies.rule import named_rule
    from studies.redteam.evaluation import Target
    from studies.redteam.house import TABLE, folder_of, house, house_table
    from studies.redteam.hunt import attacks_of
    from studies.redteam.report import as_markdown, write_report

    with errors_reported(ImportError):
        targets = house(dataset) if rule == _ALL else [Target(rule, root, dataset)]
        asked = _shares(shares)
        base = Path("runs", "redteam") if out is None else out
        for target in targets:
            named_rule(target.rule, Aggregation())
            others = [] if transfer is None else list(attacks_of(transfer, target))
            folder = base / folder_of(target) if out is None or rule == _ALL else base
            found = _hunted(target, asked, budget, seed, folder, others)
            # What was asked for, without where it was put.
            words = ["anml", "redteam", target.rule, "--budget", str(budget)]
            words += ["--shares", shares, "--dataset", dataset, "--seed", str(seed)]
            words += [] if target.root else ["--no-root"]
            for path in write_report(found, folder, shlex.join(words)):
                click.echo(path)
        if rule == _ALL:
            table = as_markdown(house_table(base, targets))
            write_whole(base / TABLE, f"{table}\n".encode())
            click.echo(base / TABLE)


def _hunted(
    target: Target,
    shares: Sequence[float],
    budget: int,
    seed: int,
    folder: Path,
    others: Sequence[tuple[str, Attack]],
) -> Hunt:
    """Hunt behind a progress bar."""
    from studies.progress import shown
    from studies.redteam.hunt import called, hunt

    name = called(target.rule, root=target.root)
    with shown(name) as progress:
        return hunt(
            target,
            shares,
            budget,
            seed,
            folder,
            others,
            lambda share, words: progress(share, f"{name}, {words}"),
        )


def _shares(text: str) -> tuple[float, ...]:
    """Read shares, each once, as they are written."""
    try:
        found = tuple(dict.fromkeys(float(part) for part in text.split(",")))
    except ValueError as error:
        raise click.UsageError(
            f"--shares must be numbers such as {_SHARES}, got {text!r}"
        ) from error
    for share in found:
        if not 0 < share < 0.5:
            raise click.UsageError(
                f"--shares must lie between 0 and 0.5, both excluded, got {share:g}"
            )
    return found
