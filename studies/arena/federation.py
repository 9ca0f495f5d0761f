"""A cell of the arena: its federations trained and measured, one after the other."""

from __future__ import annotations

from time import process_time
from typing import TYPE_CHECKING

from studies.arena.contender import Contender
from studies.arena.measures import measured
from studies.federations.run import federate

if TYPE_CHECKING:
    from studies.study import Cell, Row

CPU = "cpu_seconds"
"""Processor time of a whole run: the one number that another machine has otherwise."""

_DIGITS = 5  # of shares: what 20 contributors and 30 rounds can tell apart


def measured_cell(cell: Cell) -> list[Row]:
    """Train and measure a cell's federations.

    Parameters
    ----------
    cell : Cell
        Of a `pairing.Pairing`: its variants differ in how many attack, its trials are seeds.

    Returns
    -------
    list of Row
        As of `measures.measured`; shares with five decimals.

    Raises
    ------
    RuntimeError
        If a run cannot be carried out; it names the run.
    """
    rows = []
    # Federations of one seed share data and initial model, which are kept between them.
    for seed in cell.trials:
        for variant in cell.variants:
            (label,) = variant.methods
            setup, rule = variant.recipe, Contender(label).name
            begun = process_time()
            try:
                done = federate(
                    **{
                        name.replace("-", "_"): value
                        for name, value in setup.flat(cell.dataset, rule, seed).items()
                    }
                )
            except Exception as error:
                raise RuntimeError(
                    f"{label}, {variant.condition}, seed {seed}:"
                    f" {type(error).__name__}: {error}"
                ) from error
            seconds = process_time() - begun
            found = {**measured(done, setup), CPU: seconds}
            rows += [
                cell.row(variant, label, metric, round(value, _DIGITS), seed)
                for metric, value in found.items()
            ]
    return rows
