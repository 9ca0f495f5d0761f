"""Claims about the two-stage gate: what it promises, and what it can be made to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studies.reproduction.comparison import TAU_C
from studies.reproduction.finding import (
    NOT_MEASURED,
    Finding,
    Studies,
    excess,
    points,
    share,
)
from studies.reproduction.methods import pick

if TYPE_CHECKING:
    from collections.abc import Iterator

    from studies.reproduction.intervals import Estimate
    from studies.reproduction.results import Cell, Study

_ROUNDING = 1e-12


def never_worse(studies: Studies) -> Finding:
    """Count the conditions where the gate does worse than the better of Uniform and Krum.

    Parameters
    ----------
    studies : mapping of str to Study

    Returns
    -------
    Finding
        "Worse" is a greater mean error; beyond the interval, where the 95 % interval of
        the paired difference lies above 0.
    """
    found = []
    for place, cells in _conditions(studies):
        gate = pick(cells, "adaptive")
        if gate is None or not {"uniform", "krum"} <= cells.keys():
            continue
        best = min(
            (cells["uniform"], cells["krum"]), key=lambda cell: float(cell.values.mean())
        )
        found.append((place, excess(gate, best)))
    if not found:
        return NOT_MEASURED
    worse = [(place, e) for place, e in found if e.value > _ROUNDING]
    surely = [(place, e) for place, e in worse if e.low > 0]
    text = (
        f"worse than the better of Uniform and Krum in {len(worse)} of {len(found)} "
        f"conditions, in {len(surely)} of them beyond the interval"
    )
    if worse:
        place, most = max(worse, key=lambda one: one[1].value)
        text += f"; most: {points(most)} ({place})"
    if surely:
        text += f". By study: {_by_study(surely)}"
    return Finding(text, not surely)


def krum_floor(studies: Studies) -> Finding:
    """Count the conditions where Krum does worse than Uniform.

    Parameters
    ----------
    studies : mapping of str to Study

    Returns
    -------
    Finding
        Beyond the interval, as in `never_worse`.
    """
    found = [
        (place, excess(cells["krum"], cells["uniform"]))
        for place, cells in _conditions(studies)
        if {"uniform", "krum"} <= cells.keys()
    ]
    if not found:
        return NOT_MEASURED
    surely = [(place, e) for place, e in found if e.low > 0]
    text = f"Krum is worse than Uniform beyond the interval in {len(surely)} of {len(found)}"
    text += " conditions"
    if surely:
        text += f". By study: {_by_study(surely)}"
    return Finding(text, not surely)


def stage_one_bought(studies: Studies) -> Finding:
    """Look for attackers who make stage 1 fire, and what the model then loses.

    Parameters
    ----------
    studies : mapping of str to Study
        Reads "gate-stage1".

    Returns
    -------
    Finding
        Fails if stage 1 fires in most trials of a condition where the gate does worse than
        Krum beyond the interval.
    """
    return _beaten(studies.get("gate-stage1"), "branch_uniform", "stage 1 fires")


def stage_two_steered(studies: Studies) -> Finding:
    """Look for attackers who keep rho_c above tau_c, and what the model then loses.

    Parameters
    ----------
    studies : mapping of str to Study
        Reads "gate-rho".

    Returns
    -------
    Finding
        Fails if rho_c stays above 0.3 in most trials of a condition where the gate does
        worse than Krum beyond the interval.
    """
    return _beaten(studies.get("gate-rho"), "rho_c", f"rho_c stays above {TAU_C:g}")


def stage_one_without_attack(studies: Studies) -> Finding:
    """Say in how many trials without attacks stage 1 fires.

    Parameters
    ----------
    studies : mapping of str to Study
        Reads "table-13" at beta = 0 and "zero-attack".

    Returns
    -------
    Finding
        Holds if it fires in every trial of Table 13's setting (else of all in zero-attack).
    """
    plain = [
        (place, cell)
        for place, cell in _branch(studies.get("table-13"), "branch_uniform")
        if "beta=0.0" in place.split(", ")[-1].split(";")
    ]
    more = list(_branch(studies.get("zero-attack"), "branch_uniform"))
    if not plain and not more:
        return NOT_MEASURED
    text = "; ".join(f"{place}: {share(cell)}" for place, cell in plain + more)
    judged = plain or more
    return Finding(f"stage 1 fires in {text}", all(c.values.min() == 1 for _, c in judged))


def stage_two_meaning(studies: Studies) -> Finding:
    """Say what the gate does at 10 to 40 % bad data: blend, or fall back.

    Parameters
    ----------
    studies : mapping of str to Study
        Reads "table-13".

    Returns
    -------
    Finding
        Holds if it blends in at least 95 % of the trials of each.
    """
    study = studies.get("table-13")
    blends = {
        place: cell
        for place, cell in _branch(study, "branch_blend")
        if place.split(", ")[-1] in {f"beta=0.{i}" for i in (1, 2, 3, 4)}
    }
    if not blends:
        return NOT_MEASURED
    falls = dict(_branch(study, "branch_krum"))
    text = "; ".join(
        f"{place}: blends in {share(cell)}"
        + (f", falls back in {share(falls[place])}" if place in falls else "")
        for place, cell in blends.items()
    )
    return Finding(text, all(cell.values.mean() >= 0.95 for cell in blends.values()))


def _conditions(studies: Studies) -> Iterator[tuple[str, dict[str, Cell]]]:
    for study in studies.values():
        for metric in ("error", "mae"):
            for dataset, condition, cells in study.settings_of(metric):
                if metric == "error":  # one unit for all excesses
                    yield f"{study.name}, {dataset}, {condition}", cells


def _by_study(found: list[tuple[str, Estimate]]) -> str:
    """Count by study, and name the greatest of each."""
    studies: dict[str, list[tuple[str, Estimate]]] = {}
    for place, estimate in found:
        name, _, rest = place.partition(", ")
        studies.setdefault(name, []).append((rest, estimate))
    said = []
    for name, each in studies.items():
        place, most = max(each, key=lambda one: one[1].value)
        said.append(f"{name} {len(each)} (most: {place}, {points(most)})")
    return "; ".join(said)


def _branch(study: Study | None, metric: str) -> Iterator[tuple[str, Cell]]:
    if study is not None:
        for dataset, condition, cells in study.settings_of(metric):
            gate = pick(cells, "adaptive")
            if gate is not None and len(gate.values):
                yield f"{study.name}, {dataset}, {condition}", gate


def _beaten(study: Study | None, metric: str, what: str) -> Finding:
    if study is None:
        return NOT_MEASURED
    found: list[tuple[str, float, Estimate, str]] = []
    for dataset, condition, cells in study.settings_of(metric):
        gate = pick(cells, "adaptive")
        if gate is None or not len(gate.values):
            continue
        # A branch is 0 or 1, so that either threshold asks how often it happened.
        fooled = float((gate.values > TAU_C).mean())
        errors = next(
            (
                c
                for d, name, c in study.settings_of("error")
                if (d, name) == (dataset, condition)
            ),
            {},
        )
        ours = pick(errors, "adaptive")
        if ours is None or "krum" not in errors:
            continue
        said = [f"error {share(ours)} against Krum's {share(errors['krum'])}"]
        if "uniform" in errors:
            said.append(f"Uniform's {share(errors['uniform'])}")
        text = " and ".join(said)
        for group in study.settings_of("selected_attackers"):
            chosen = pick(group[2], "adaptive")
            if group[:2] == (dataset, condition) and chosen is not None:
                text += f", {share(chosen)} of the attackers selected"
        place = f"{dataset}, {condition}"
        found.append((f"{place}: {text}", fooled, excess(ours, errors["krum"]), place))
    if not found:
        return NOT_MEASURED
    beaten = [one for one in found if one[1] > 0.5 and one[2].low > 0]
    fooled_in = sum(one[1] > 0.5 for one in found)
    text = (
        f"{what} in most trials of {fooled_in} of {len(found)} conditions; in {len(beaten)} "
        "of these the gate does worse than Krum beyond the interval"
    )
    if beaten:
        worst = max(beaten, key=lambda one: one[2].value)
        text += f". Worst, in {100 * worst[1]:.0f} % of the trials, {worst[0]}"
    return Finding(text, not beaten)
