"""Hyper-parameters of rules, chosen by their worst attack on seeds that nothing else uses.

ByzFL's protocol (Gonzalez et al. 2025): of some candidates the one whose worst case over the
attacks is least. How many attack is told to every rule, and is no candidate.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from anml_fl.system.files import read_text, write_whole
from studies import store
from studies.arena.checks import check
from studies.arena.failures import failure
from studies.arena.grid import SEEDS_OF_TUNING
from studies.arena.pairing import pairing
from studies.runner import run_studies

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from studies.arena.grid import Grid
    from studies.arena.pairing import Pairing
    from studies.arena.setups import Given
    from studies.runner import Progress
    from studies.study import Row

CHOSEN = "chosen.json"

CANDIDATES: Mapping[str, tuple[Mapping[str, str], ...]] = {
    "client_momentum+centred_clipping": (
        {},
        {"clipping-radius": "0.1"},
        {"clipping-radius": "1"},
        {"client-momentum": "0.5"},
        {"clipping-steps": "3"},
    ),
    "bucketing+krum": ({}, {"bucket-size": "3"}),
    "anml": ({}, {"fraction": "0.5"}, {"fraction": "0.9"}),
}
"""By rule; the first is as `anml run` has it, and is kept where another one is no better.

A rule that is not here has nothing to choose but how many attack, or was made to be used as it
is, as `calibrated`.
"""

TUNED_ON = 2
"""Deals of the grid, from the second on: some skew, and more."""


def tuning_grid(grid: Grid) -> Grid:
    """Make the smaller grid on which is chosen: other seeds, and the middle share."""
    return replace(
        grid,
        rules=tuple(rule for rule in grid.rules if rule in CANDIDATES),
        deals=grid.deals[1 : 1 + TUNED_ON] or grid.deals,
        fractions=(sorted(grid.fractions)[len(grid.fractions) // 2],),
        seeds=SEEDS_OF_TUNING,
    )


def tune(
    grid: Grid,
    out: Path,
    *,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> Path:
    """Try every candidate of a grid's rules under its attacks, and choose.

    Parameters
    ----------
    grid : Grid
    out : Path
        Folder of the results.
    jobs : int, optional
        Processes; by default one a core.
    progress : callable, optional
        Told the share that is done, in [0, 1], and in words.

    Returns
    -------
    Path
        `chosen.json`: by rule what was chosen, and the worst error of all that was tried.

    Raises
    ------
    ValueError
        If a name is unknown, or settings are refused.
    RuntimeError
        If a run cannot be carried out; it names the run.
    """
    small = tuning_grid(grid)
    check(small)
    tried: dict[str, list[tuple[Given, list[Pairing]]]] = {
        rule: [
            (given, [pairing(rule, attack, small, given) for attack in small.attacks])
            for given in (tuple(sorted(one.items())) for one in CANDIDATES[rule])
        ]
        for rule in small.rules
    }
    plan = [(one, one.cells()) for of in tried.values() for _, under in of for one in under]
    tables = run_studies(plan, out / "tuning", jobs=jobs, progress=progress) if plan else []
    rows = {one: store.load_rows(table) for (one, _), table in zip(plan, tables, strict=True)}
    for one, found in rows.items():
        if why := failure(found):
            raise RuntimeError(f"{one.title}, {why}")
    said = {}
    for rule, of in tried.items():
        worst = [worst_case([rows[one] for one in under]) for _, under in of]
        best = int(np.argmin(np.round(worst, 6)))
        said[rule] = {
            "chosen": dict(of[best][0]),
            "tried": [
                {"settings": dict(given), "worst_error": round(error, 6)}
                for (given, _), error in zip(of, worst, strict=True)
            ],
        }
    about = {"grid": small.to_json(), "attacks": small.attacks, "rules": said}
    write_whole(out / CHOSEN, (json.dumps(about, indent=1, sort_keys=True) + "\n").encode())
    return out / CHOSEN


def worst_case(by_attack: Sequence[Sequence[Row]]) -> float:
    """Average over deals the error under the attack that is worst there.

    Parameters
    ----------
    by_attack : sequence of sequence of Row
        Those of metric `error` count; over seeds their mean.

    Examples
    --------
    >>> from studies.study import Row
    >>> def rows(*errors):
    ...     return [Row("", "d", f"a|{i}|9|2", "r", "error", e, 0, 0) for i, e in errors]
    >>> worst_case([rows((0, 0.1), (1, 0.5)), rows((0, 0.3), (1, 0.2))])
    0.4
    """
    worst: dict[tuple[str, str], float] = {}
    for rows in by_attack:
        errors: dict[tuple[str, str], list[float]] = {}
        for row in rows:
            if row.metric == "error":
                deal = (row.dataset, row.condition.split("|", 1)[1])
                errors.setdefault(deal, []).append(row.value)
        for deal, found in errors.items():
            worst[deal] = max(worst.get(deal, 0.0), float(np.mean(found)))
    return float(np.mean(list(worst.values())))


def load_chosen(folder: Path) -> dict[str, Given]:
    """Read which settings were chosen, by rule; none where nothing was.

    Raises
    ------
    ValueError
        If the file is not what `tune` wrote.
    """
    file = folder / CHOSEN
    if not file.is_file():
        return {}
    try:
        plain: dict[str, Any] = json.loads(read_text(file))
        return {
            rule: tuple(sorted(one["chosen"].items())) for rule, one in plain["rules"].items()
        }
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{file} is damaged ({error}): `anml arena tune` makes it") from error
