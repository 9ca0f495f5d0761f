"""What a reader must know before any verdict: quick runs, and too few trials."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studies.reproduction.claim import FEW

if TYPE_CHECKING:
    from collections.abc import Mapping

    from studies.reproduction.results import Study

DRAWN = "figure-6"
"""Shown as a scatter of one trial: means of single samples say little."""


def warnings(studies: Mapping[str, Study]) -> str:
    """Say which studies are too small for their verdicts to mean much.

    Returns
    -------
    str
        Empty where all are large enough.
    """
    judged = {name: study for name, study in studies.items() if name != DRAWN}
    quick = [name for name, study in judged.items() if study.about.get("profile") == "quick"]
    few = {name: least for name, study in judged.items() if (least := _few(study))}
    said = []
    if quick:
        said.append(
            f"{len(quick)} of {len(judged)} studies were run with the profile quick: their "
            "verdicts mean little."
        )
    if few and len(few) == len(judged):
        said.append(f"Every study has fewer than {FEW} trials: verdicts mean little.")
    elif few:
        each = "; ".join(f"{name} ({least})" for name, least in few.items())
        said.append(f"Fewer than {FEW} trials, where verdicts mean little: {each}.")
    return " ".join(said)


def _few(study: Study) -> str:
    """Name the data sets of fewer than `FEW` trials, with their number."""
    trials: dict[str, int] = {}
    for key, cell in study.cells.items():
        trials[key.dataset] = max(trials.get(key.dataset, 0), len(cell.trials))
    return ", ".join(f"{name} {count}" for name, count in trials.items() if count < FEW)
