"""The command line, and a composition root: one of those here that reach upward.

Everything heavy is imported where it is needed: `anml --help` answers at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from anml_fl.commands.data import data
from anml_fl.commands.explain import explain
from anml_fl.commands.init import init
from anml_fl.commands.ledger import ledger
from anml_fl.commands.registry import registry
from anml_fl.commands.statement import statement
from anml_fl.commands.verify import verify
from clients.commands import join
from server.commands.attribution import attribution
from server.commands.page import page
from server.commands.report import report
from server.commands.resume import resume_command
from server.commands.run import run_command
from server.commands.submit import submit
from server.commands.up import up
from server.doctor.commands import doctor
from studies.arena.commands import arena
from studies.benchmarks.commands import bench
from studies.commands import study
from studies.redteam.commands import redteam
from studies.sweep.commands import sweep, sweep_options

if TYPE_CHECKING:
    from server.commands.on_engine import Execute


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="anml-fl", prog_name="anml")
def main() -> None:
    """ANML on Flower: federated learning that weighs each contributor, and says why."""


def _execute() -> Execute:
    from anml_fl.execution import execute

    return execute


for _command in (
    run_command(_execute, sweep_options, sweep), resume_command(_execute), report, attribution, explain, page,
    verify, statement, ledger, registry, up, submit, join, init, data, doctor,
    study, bench, redteam, arena,
):  # fmt: skip
    main.add_command(_command)


if __name__ == "__main__":
    main()
