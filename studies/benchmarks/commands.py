"""`anml bench`: speed and quality, measured against known limits."""

from __future__ import annotations

import click

from anml_fl.commands.failure import errors_reported


@click.group()
def bench() -> None:
    """Measure speed against known limits."""


@bench.command("krum")
@click.option("--repeats", default=5, show_default=True, help="Measurements of each.")
def bench_krum(repeats: int) -> None:
    """Krum scores against the hardware's limit, Flower's distances, and torch.cdist."""
    from studies.benchmarks import krum

    rows = krum.run(repeats=repeats, progress=lambda text: click.echo(text, err=True))
    click.echo(krum.table(rows))


@bench.command("federation")
@click.option("--seeds", default=5, show_default=True, help="Seeds, from --first on.")
@click.option("--first", default=0, show_default=True, help="First seed.")
def bench_federation(seeds: int, first: int) -> None:
    """Test errors of the default federation and its variants, over several seeds."""
    import logging

    from flwr.common.logger import console_handler

    from studies.benchmarks import federation

    console_handler.setLevel(logging.WARNING)
    rows = federation.run(
        range(first, first + seeds), progress=lambda text: click.echo(text, err=True)
    )
    click.echo(federation.table(rows))


@bench.command("registry")
def bench_registry() -> None:
    """The registry's signals and reputations for thousands of contributors, on SQLite."""
    from studies.benchmarks import registry as benchmark

    click.echo(
        benchmark.table(benchmark.run(progress=lambda text: click.echo(text, err=True)))
    )


@bench.command("ledger")
@click.option("--entries", default=1_000_000, show_default=True, help="Rounds to verify.")
def bench_ledger(entries: int) -> None:
    """Verifying a long ledger: time, and memory, which must not grow."""
    from studies.benchmarks import ledger as benchmark

    rows = benchmark.run([entries], progress=lambda text: click.echo(text, err=True))
    click.echo(benchmark.table(rows))


@bench.command("reputation")
@click.option("--seeds", default=5, show_default=True, help="Seeds, from 0 on.")
def bench_reputation(seeds: int) -> None:
    """What reputation does to a turncoat, a newcomer and an on-off attacker."""
    import logging

    from flwr.common.logger import console_handler

    from studies.benchmarks import reputation as benchmark

    console_handler.setLevel(logging.WARNING)
    rows = benchmark.run(range(seeds), progress=lambda text: click.echo(text, err=True))
    click.echo(benchmark.table(rows))


@bench.command("cohort")
def bench_cohort() -> None:
    """Training many models as one tensor program, against a plain torch loop."""
    from studies.benchmarks import cohort as benchmark

    rows = benchmark.run(progress=lambda text: click.echo(text, err=True))
    click.echo(benchmark.table(rows))


@bench.command("gradients")
def bench_gradients() -> None:
    """Exact q of every Adult sample, against materialised per-sample gradients."""
    from studies.benchmarks import gradients as benchmark

    with errors_reported():
        rows = benchmark.run(progress=lambda text: click.echo(text, err=True))
    click.echo(benchmark.table(rows))


@bench.command("size")
@click.option("--contributors", default=1_000, show_default=True, help="Of one federation.")
@click.option("--rounds", default=1, show_default=True, help="Rounds of training.")
@click.option(
    "--database",
    default="none",
    show_default=True,
    help="none, sqlite (a new file), or the URL of an empty PostgreSQL database.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the measured row as JSON.")
def bench_size(contributors: int, rounds: int, database: str, as_json: bool) -> None:
    """What a round of thousands costs: seconds by part, memory, bytes on disk."""
    import logging

    from flwr.common.logger import console_handler

    from studies.benchmarks import federation_size as benchmark

    console_handler.setLevel(logging.WARNING)
    with errors_reported():
        row = benchmark.run(contributors, rounds, database)
    click.echo(row.to_json() if as_json else benchmark.table([row]))
