"""Every rule of the house, hunted alike: one table of the worst that was found of each."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from anml_fl.page.grid import Grid
from anml_fl.plugins import RULES
from anml_fl.system.files import read_text
from studies.redteam.evaluation import Target
from studies.redteam.hunt import ATTACKS, called

if TYPE_CHECKING:
    from pathlib import Path

TABLE = "table.md"

# Told who is honest, it cannot be attacked; and one rule may have a root set or not.
_TOLD, _ROOTED = "oracle", "calibrated"


def house(dataset: str) -> list[Target]:
    """List what is hunted: every rule that is shipped, one of them without its root set too.

    Examples
    --------
    >>> folders = [folder_of(target) for target in house("digits")]
    >>> folders[0], folders[-1]
    ('fedavg', 'calibrated-no-root')
    """
    found = [Target(rule, True, dataset) for rule in RULES.names if rule != _TOLD]
    return [*found, Target(_ROOTED, False, dataset)]


def folder_of(target: Target) -> str:
    """Name the folder of a target's results."""
    name = target.rule.replace(":", "-") + ("" if target.root else "-no-root")
    return name if target.dataset == "digits" else f"{name}-{target.dataset}"


def house_table(folder: Path, targets: list[Target]) -> Grid:
    """Read what was found of each, the least harmed first.

    Parameters
    ----------
    folder : Path
        With a folder for each target, as of `folder_of`.
    targets : list of Target
    """
    rows = []
    shares: list[float] = []
    for target in targets:
        found = json.loads(read_text(folder / folder_of(target) / ATTACKS))
        worst = {
            share: max(row["harm"] for row in found["worst"] if row["share"] == share)
            for share in sorted({row["share"] for row in found["worst"]})
        }
        again = {row["share"]: row["harm"] for row in found["again"]}
        most = max(found["worst"], key=lambda row: row["harm"])
        shares = list(worst)
        cells = [f"{worst[share]:+.1f} ({again[share]:+.1f})" for share in shares]
        said = f"{most['words']}; they know {most['knowledge']}"
        rows.append(
            (max(worst.values()), (called(target.rule, root=target.root), *cells, said))
        )
    titles = ("Rule", *(f"At {share:.0%}*" for share in shares), "The worst of all")
    return Grid(titles, tuple(row for _, row in sorted(rows, key=lambda row: row[0])))
