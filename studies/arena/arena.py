"""Running a grid: what is known already is taken up, the rest is worked out."""

from __future__ import annotations

import json
import platform
import sys
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from studies import store
from studies.arena.checks import check
from studies.arena.failures import failure
from studies.arena.grid import Grid
from studies.arena.pairing import pairings
from studies.arena.setup import NOBODY
from studies.arena.table import Kept, line_of, load_table, save_table
from studies.runner import run_studies

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from studies.arena.pairing import Pairing
    from studies.arena.setups import Given
    from studies.arena.table import Line
    from studies.runner import Progress

PAIRS = "pairs"
"""The folder of the pairings' own tables and cells, in that of the results."""


def run_arena(
    grid: Grid,
    out: Path,
    *,
    jobs: int | None = None,
    known: Sequence[Path] = (),
    chosen: Mapping[str, Given] | None = None,
    asked: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> Path:
    """Work out every pairing of a grid that is not known, and write the table of all.

    Parameters
    ----------
    grid : Grid
    out : Path
        Folder of the results. What it holds of other pairings stays in its table.
    jobs : int, optional
        Processes; by default one a core.
    known : sequence of Path
        Folders of other results: what this code made of these settings is taken from there.
    chosen : mapping, optional
        Rule to the settings that were chosen for it.
    asked : mapping, optional
        What the user asked for, kept beside the table.
    progress : callable, optional
        Told the share that is done, in [0, 1], and in words.

    Returns
    -------
    Path
        The table. It has nothing of pairings of which a run could not be carried out: why, is
        beside it, in `failed` of `arena.json`.

    Raises
    ------
    ValueError
        If a name is unknown, or settings are refused.
    """
    say = progress or (lambda share, words: None)
    check(grid, chosen)
    own, *others = (_kept(folder) for folder in (out, *known))
    if own.about.get("grid", grid.to_json()) != grid.to_json():
        raise ValueError(
            f"{out} holds results of other federations (grid {own.about['grid']['name']}):"
            " name another folder by --out"
        )
    lines: dict[tuple[str, str], list[Line]] = dict(own.lines)
    marks: dict[str, Any] = dict(own.about["pairings"])
    failed: dict[str, str] = dict(own.about.get("failed", {}))
    missing: list[Pairing] = []
    every = pairings(grid, chosen or {})
    for number, one in enumerate(every):
        say(
            0.0, f"working out which code results depend on: {number} of {len(every)} pairings"
        )
        place = (one.rule, one.attack)
        name, mark = name_of(place), mark_of(one)
        marks[name] = mark
        failed.pop(name, None)
        held = next((k for k in (own, *others) if k.about["pairings"].get(name) == mark), None)
        if held is None:
            missing.append(one)
        else:
            lines[place] = held.lines[place]
    if missing:
        plan = [(one, one.cells()) for one in missing]
        tables = run_studies(plan, out / PAIRS, jobs=jobs, asked=asked, progress=progress)
        for one, table in zip(missing, tables, strict=True):
            place, rows = (one.rule, one.attack), store.load_rows(table)
            if why := failure(rows):
                failed[name_of(place)] = why
                del marks[name_of(place)]
                lines.pop(place, None)
            else:
                lines[place] = [line_of(row) for row in rows]
    about = {
        **(asked or {}),
        "grid": grid.to_json(),
        "pairings": marks,
        "failed": failed,
        "chosen": {rule: dict(given) for rule, given in (chosen or {}).items()},
        "versions": store.versions(),
        "python": ".".join(map(str, sys.version_info[:3])),
        "machine": platform.machine(),
    }
    return save_table((line for part in lines.values() for line in part), about, out)


def mark_of(one: Pairing) -> dict[str, Any]:
    """Say what a pairing's results depend on: its code, and the keys of its cells.

    Returns
    -------
    dict
        `code`: hash of what its rule, its attack and the common engine reach, and of the data
        and the packages that they have; `cells`: their keys.

    Raises
    ------
    ValueError
        If a name cannot be found in the text of a module of one's own.
    """
    cells = one.cells()
    try:
        code = store.code_hash(one)
    except LookupError as error:
        raise ValueError(f"{one.title}: {error}") from error
    data = {cell.dataset: store.data_hash(cell.dataset) for cell in cells}
    made = json.dumps([code, data, store.versions()], sort_keys=True)
    return {"code": sha256(made.encode()).hexdigest(), "cells": [cell.key for cell in cells]}


def name_of(place: tuple[str, str]) -> str:
    """Name a pairing of (rule, attack) as `arena.json` does."""
    return "|".join(place)


def _kept(folder: Path) -> Kept:
    try:
        return load_table(folder)
    except FileNotFoundError:
        return Kept({}, {"pairings": {}})


def grid_of(kept: Kept) -> Grid:
    """Tell which grid a table is of: with all rules and attacks that are in it."""
    rules, attacks = (
        tuple(dict.fromkeys(place[i] for place in kept.lines if place[i] != NOBODY))
        for i in (0, 1)
    )
    return Grid.of_json(kept.about["grid"], rules, attacks)


def chosen_in(kept: Kept) -> dict[str, Given]:
    """Tell which settings were chosen for the rules of a table."""
    return {rule: tuple(sorted(given.items())) for rule, given in kept.about["chosen"].items()}


def stale_pairings(kept: Kept) -> list[str]:
    """Name the pairings of a table that this code would work out anew, as RULE|ATTACK."""
    marks = kept.about["pairings"]
    return [
        name
        for one in pairings(grid_of(kept), chosen_in(kept))
        if (name := name_of((one.rule, one.attack))) in marks and marks[name] != mark_of(one)
    ]
