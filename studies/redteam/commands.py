"""`anml redteam`: a search for the attack that harms a rule most."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import click

from anml_fl.commands.failure import errors_reported

_SHARES = "0.1,0.3,0.45"


@click.command("redteam")
@click.argument("rule")
@click.option(
    "--budget", type=click.IntRange(1, 1_000_000), required=True, help="Attacks to try."
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the results.  [default: runs/redteam/RULE]",
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

    RULE is a strategy of `anml run`, or your own as MODULE:OBJECT. What attackers may do:
    credentials, example counts, wrong labels, updates, timing; what they may know: own data,
    all honest updates, the rule, its root set. Every attack trains a small federation by the
    real strategy. The measure is the test error above that of the honest alone.

    After Ctrl-C the same command goes on where it stopped, and with a larger budget further.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    from anml_fl.settings.aggregation import Aggregation
    from strategies.rule import named_rule
    from studies.redteam.evaluation import Target
    from studies.redteam.hunt import attacks_of, hunt
    from studies.redteam.report import write_report

    with errors_reported(ImportError):
        named_rule(rule, Aggregation())
        target = Target(rule, root, dataset)
        asked = _shares(shares)
        if out is None:
            name = f"{rule.replace(':', '-')}{'' if root else '-no-root'}"
            out = Path("runs", "redteam", name if dataset == "digits" else f"{name}-{dataset}")
        others = [] if transfer is None else list(attacks_of(transfer, target))
        try:
            with Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                TimeRemainingColumn(),
                console=Console(stderr=True),
                speed_estimate_period=300,
            ) as bar:
                task = bar.add_task("starting", total=1.0)
                found = hunt(
                    target,
                    asked,
                    budget,
                    seed,
                    out,
                    others,
                    lambda share, words: bar.update(task, completed=share, description=words),
                )
        except KeyboardInterrupt:
            click.echo("stopped; the same command goes on with what is left", err=True)
            sys.exit(130)
        # What was asked for, without where it was put.
        words = ["anml", "redteam", rule, "--budget", str(budget), "--shares", shares]
        words += ["--dataset", dataset, "--seed", str(seed)] + ([] if root else ["--no-root"])
        for path in write_report(found, out, shlex.join(words)):
            click.echo(path)


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
