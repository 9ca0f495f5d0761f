"""A cell of the arena: its federations trained and measured, one after the other."""

from __future__ import annotations

from time import process_time
from typing import TYPE_CHECKING

from studies.arena.failures import failed_row
from studies.arena.measures import measured
from studies.federations.run import federate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from studies.federations.run import Federated
    from studies.study import Cell, Row

    Also = Callable[[Federated], Mapping[str, float]]

CPU = "cpu_seconds"
"""Processor time of a whole run: the one number that another machine has otherwise."""

_DIGITS = 5  # of shares: what 20 contributors and 30 rounds can tell apart


def measured_cell(cell: Cell, also: Also | None = None) -> list[Row]:
    """Train and measure a cell's federations.

    Parameters
    ----------
    cell : Cell
        Of a `pairing.Pairing`: its variants differ in how many attack, its trials are seeds.
    also : callable, optional
        Gives what is measured of a run beside.

    Returns
    -------
    list of Row
        As of `measures.measured`; shares with five decimals. If a run cannot be carried out,
        one alone, of `failures.failed_row`.
    """
    rows = []
    # Federations of one seed share data and initial model, which are kept between them.
    for seed in cell.trials:
        for variant in cell.variants:
            (label,) = variant.methods
            setup = variant.recipe
            begun = process_time()
            try:
                done = federate(
                    **{
                        name.replace("-", "_"): value
                        for name, value in setup.flat(cell.dataset, seed).items()
                    }
                )
                seconds = process_time() - begun
                found = {**measured(done), **(also(done) if also else {}), CPU: seconds}
            except (Exception, SystemExit) as error:  # noqa: BLE001 - of anybody's own rule
                return [failed_row(cell, variant, seed, error)]
            rows += [
                cell.row(variant, label, metric, round(value, _DIGITS), seed)
                for metric, value in found.items()
            ]
    return rows
