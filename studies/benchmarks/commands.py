"""`anml bench`: speed and quality, measured against known limits."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from anml_fl.commands.failure import errors_reported
from anml_fl.commands.help import Group


@click.group(cls=Group)
def bench() -> None:
    """Measure speed against known limits."""


def _measure(name: str, *given: Any, **options: Any) -> None:
    """Run the benchmark of a module, saying on stderr how far it is, and print its table."""
    benchmark = import_module(f"studies.benchmarks.{name}")
    with errors_reported():
        rows = benchmark.run(*given, progress=partial(click.echo, err=True), **options)
    click.echo(benchmark.table(rows))


def _quiet() -> None:
    """Let Flower report nothing of every round."""
    import logging

    from flwr.common.logger import console_handler

    console_handler.setLevel(logging.WARNING)


@bench.command("krum")
@click.option("--repeats", default=5, show_default=True, help="Measurements of each.")
def bench_krum(repeats: int) -> None:
    """Krum scores against the hardware's limit, Flower's distances, and torch.cdist."""
    _measure("krum", repeats=repeats)


@bench.command("aggregation")
@click.option("--rule", default="anml", show_default=True, help="Of ours.")
@click.option("--repeats", default=5, show_default=True, help="Measurements of each.")
@click.option(
    "--size",
    "sizes",
    type=(int, int),
    multiple=True,
    help="Contributors and parameters (default: three sizes).",
)
def bench_aggregation(rule: str, repeats: int, sizes: tuple[tuple[int, int], ...]) -> None:
    """From replies to the new model, beside Flower's FedAvg on the same replies."""
    from studies.benchmarks.aggregation import SIZES

    _measure("aggregation", sizes or SIZES, rule, repeats)


@bench.command("engines")
@click.option("--contributors", "sizes", multiple=True, type=int, help="(default: 100, 300).")
@click.option("--repeats", default=3, show_default=True, help="Measurements of each.")
def bench_engines(sizes: tuple[int, ...], repeats: int) -> None:
    """Contributor-updates a CPU-second: our engines, Flower's, ByzFL's and a plain loop."""
    _measure("engines", sizes or (100, 300), repeats)


@bench.command("calibrated")
@click.option("--repeats", default=3, show_default=True, help="Measurements of each.")
@click.option(
    "--size",
    "sizes",
    type=(int, int),
    multiple=True,
    help="Parameters and contributors (default: seven sizes).",
)
def bench_calibrated(repeats: int, sizes: tuple[tuple[int, int], ...]) -> None:
    """A round of `calibrated` with a root set, against the geometric median (RFA)."""
    from studies.benchmarks.calibrated import MANY, SIZES

    _measure("calibrated", sizes or (*SIZES, *MANY), repeats)


@bench.command("federation")
@click.option("--seeds", default=5, show_default=True, help="Seeds, from --first on.")
@click.option("--first", default=0, show_default=True, help="First seed.")
def bench_federation(seeds: int, first: int) -> None:
    """Test errors of the default federation and its variants, over several seeds."""
    _quiet()
    _measure("federation", range(first, first + seeds))


@bench.command("registry")
def bench_registry() -> None:
    """The registry's signals and reputations for thousands of contributors, on SQLite."""
    _measure("registry")


@bench.command("ledger")
@click.option("--entries", default=1_000_000, show_default=True, help="Rounds to verify.")
def bench_ledger(entries: int) -> None:
    """Verifying a long ledger: time, and memory, which must not grow."""
    _measure("ledger", [entries])


@bench.command("reputation")
@click.option("--seeds", default=5, show_default=True, help="Seeds, from 0 on.")
def bench_reputation(seeds: int) -> None:
    """What reputation does to a turncoat, a newcomer and an on-off attacker."""
    _quiet()
    _measure("reputation", range(seeds))


@bench.command("cohort")
def bench_cohort() -> None:
    """Training many models as one tensor program, against a plain torch loop."""
    _measure("cohort")


@bench.command("transformers")
@click.option("--repeats", default=3, show_default=True, help="Measurements of each.")
def bench_transformers(repeats: int) -> None:
    """Training Transformers as one tensor program, against one by one."""
    _measure("transformers", repeats=repeats)


@bench.command("gradients")
def bench_gradients() -> None:
    """Exact q of every Adult sample, against materialised per-sample gradients."""
    _measure("gradients")


@bench.command("round-memory")
@click.option("--parameters", default=50_000_000, show_default=True, help="Of the model.")
@click.option(
    "--contributors", default=(4,), show_default=True, multiple=True, help="Of a federation."
)
@click.option("--rule", "rules", multiple=True, help="Strategies (default: seven).")
@click.option("--packed", is_flag=True, help="Send a model's arrays as one.")
def bench_round_memory(
    parameters: int, contributors: tuple[int, ...], rules: tuple[str, ...], packed: bool
) -> None:
    """What a round of a large model takes of the server's memory, beside the replies."""
    from studies.benchmarks.round_memory import RULES

    chosen = rules or RULES
    _measure("round_memory", parameters, contributors, chosen, packed=packed)


@bench.command("page")
@click.option(
    "--contributors",
    "sizes",
    default=(1_000, 10_000),
    show_default=True,
    multiple=True,
    help="Of a run.",
)
@click.option("--rounds", default=30, show_default=True, help="Of each of three strategies.")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keeps the runs, which take minutes to write; those that are there are taken.",
)
def bench_page(sizes: tuple[int, ...], rounds: int, folder: Path | None) -> None:
    """A report of thousands and its live page in Chromium: opened, sorted, searched, moved."""
    _measure("page", sizes, rounds, folder)


@bench.command("size")
@click.option("--contributors", default=1_000, show_default=True, help="Of one federation.")
@click.option("--rounds", default=1, show_default=True, help="Rounds of training.")
@click.option(
    "--database",
    default="none",
    show_default=True,
    help="none, sqlite (a new file), or the URL of an empty PostgreSQL database.",
)
@click.option("--q", default="exact", show_default=True, help="exact, or landmark:K.")
@click.option(
    "--engine",
    type=click.Choice(["cohort", "inline"]),
    default="cohort",
    show_default=True,
    help="Of `anml run`.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the measured row as JSON.")
def bench_size(
    contributors: int, rounds: int, database: str, q: str, engine: str, as_json: bool
) -> None:
    """What a round of thousands costs: seconds by part, memory, bytes on disk."""
    from studies.benchmarks import federation_size as benchmark

    _quiet()
    with errors_reported():
        row = benchmark.run(contributors, rounds, database, q, engine)
    click.echo(row.to_json() if as_json else benchmark.table([row]))
