"""The command line, and a composition root: one of those here that reach upward.

Everything heavy is imported where it is needed: `anml --help` answers at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from anml_fl.commands.data import data
from anml_fl.commands.explain import explain
from anml_fl.commands.help import Group
from anml_fl.commands.init import init
from anml_fl.commands.ledger import ledger
from anml_fl.commands.registry import registry
from anml_fl.commands.statement import statement
from anml_fl.commands.verify import verify
from clients.commands import join
from server.commands.attribution import attribution
from server.commands.compare import compare
from server.commands.holding import release, void
from server.commands.page import page
from server.commands.report import report
from server.commands.resume import resume_command
from server.commands.run import run_command
from server.commands.submit import submit
from server.commands.track import track
from server.commands.up import up
from server.doctor.commands import doctor
from studies.arena.commands import arena
from studies.benchmarks.commands import bench
from studies.commands import study
from studies.redteam.commands import redteam
from studies.sweep.commands import sweep, sweep_options

if TYPE_CHECKING:
    from anml_fl.commands.help import Sections
    from server.commands.on_engine import Execute


def _execute() -> Execute:
    from anml_fl.execution import execute

    return execute


# In the order in which they are met.
_COMMANDS = {
    "Run": (run_command(_execute, sweep_options, sweep), resume_command(_execute), init, data),
    "Look": (report, page, explain, compare, attribution, track),
    "Prove": (verify, statement, ledger, registry),
    "Deploy": (up, submit, join, doctor),
    "Study": (study, arena, redteam, bench),
}


class _Anml(Group):
    def sections(self) -> Sections:
        """Group the commands by what somebody is about."""
        return {
            title: [one.name for one in commands if one.name]
            for title, commands in _COMMANDS.items()
        }


@click.group(cls=_Anml, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="anml-fl", prog_name="anml")
def main() -> None:
    """ANML on Flower: federated learning that weighs each contributor, and says why."""


# Deciding on held rounds writes the page anew, which the ledger's own room knows nothing of.
for _decision in (release, void):
    ledger.add_command(_decision)

for _commands in _COMMANDS.values():
    for _command in _commands:
        main.add_command(_command)


if __name__ == "__main__":
    main()
