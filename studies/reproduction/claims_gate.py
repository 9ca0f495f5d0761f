"""Claims about the two-stage gate: what it promises, and what it can be made to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studies.reproduction.comparison import TAU_C
from studies.reproduction.finding import (
    NOT_MEASURED,
    Finding,
    Studies,
    enough,
    examples,
    excess,
    holds_if,
    share,
    verdict_of,
)
from studies.reproduction.intervals import mean
from studies.reproduction.methods import pick
from studies.reproduction.numbers import interval

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from studies.reproduction.results import Cell, Study

_MOST = 0.5
_ALL = 0.95


@holds_if(
    "there is no attack with bought credentials (gate-stage1, moderate) in which stage 1 "
    "fires in most trials and two-stage's error is worse than Krum's beyond the 95 % interval"
)
def stage_one_bought(studies: Studies) -> Finding:
    """Look for attackers who make stage 1 fire, and what the model then loses.

    Parameters
    ----------
    studies : mapping of str to Study
        Reads "gate-stage1", conditions "moderate...".
    """
    return _beaten(
        studies.get("gate-stage1"),
        _bought,
        ("branch_uniform",),
        "stage 1 fires in most trials",
    )


@holds_if(
    "there is no attack that knows q or guesses it (gate-rho, white or grey) in which rho_c's "
    "95 % interval lies above 0.3 or most trials blend, and two-stage's error is worse than "
    "Krum's beyond the 95 % interval"
)
def stage_two_steered(studies: Studies) -> Finding:
    """Look for attackers who keep rho_c above tau_c, and what the model then loses.

    Parameters
    ----------
    studies : mapping of str to Study
        Reads "gate-rho", conditions "white..." and "grey...".
    """
    return _beaten(
        studies.get("gate-rho"),
        _steered,
        ("branch_blend", "rho_c"),
        f"rho_c stays above {TAU_C:g} or most trials blend",
    )


@holds_if(
    "stage 1 fires in every trial of Table 13 at beta = 0 (for want of it: of zero-attack)"
)
def stage_one_without_attack(studies: Studies) -> Finding:
    """Say in how many trials without attacks stage 1 fires.

    Parameters
    ----------
    studies : mapping of str to Study
        Reads "table-13" at beta = 0 and "zero-attack".
    """
    plain = [
        (place, cell)
        for place, cell in _gate(studies.get("table-13"), "branch_uniform")
        if "beta=0.0" in place.split(", ")[-1].split(";")
    ]
    every = plain + list(_gate(studies.get("zero-attack"), "branch_uniform"))
    if not every:
        return NOT_MEASURED
    fires = [float(cell.values.mean()) for _, cell in every]
    text = (
        f"stage 1 fires in 100 % of the trials in {fires.count(1.0)} of {len(every)} "
        f"conditions without attacks, in 0 % in {fires.count(0.0)} of {len(every)}; lowest: "
    )
    text += examples((-c.values.mean(), f"{place}: {share(c)}") for place, c in every)
    judged = (cell.values.min() == 1 for _, cell in plain or every if enough(cell))
    return Finding(text, verdict_of(judged))


@holds_if("it blends in at least 95 % of the trials of Table 13 at each beta from 0.1 to 0.4")
def stage_two_meaning(studies: Studies) -> Finding:
    """Say what the gate does at 10 to 40 % bad data: blend, or fall back.

    Parameters
    ----------
    studies : mapping of str to Study
        Reads "table-13".
    """
    study = studies.get("table-13")
    blends = {
        place: cell
        for place, cell in _gate(study, "branch_blend")
        if place.split(", ")[-1] in {f"beta=0.{i}" for i in (1, 2, 3, 4)}
    }
    if not blends:
        return NOT_MEASURED
    falls = dict(_gate(study, "branch_krum"))
    often = sum(cell.values.mean() >= _ALL for cell in blends.values())
    text = f"blends in at least 95 % of the trials in {often} of {len(blends)} conditions"
    text += "; least: " + examples(
        (
            -cell.values.mean(),
            f"{place}: blends in {share(cell)}"
            + (f", falls back in {share(falls[place])}" if place in falls else ""),
        )
        for place, cell in blends.items()
    )
    judged = (cell.values.mean() >= _ALL for cell in blends.values() if enough(cell))
    return Finding(text, verdict_of(judged))


def _bought(condition: str) -> bool:
    return condition.partition(";")[0] == "moderate"


def _steered(condition: str) -> bool:
    return condition.partition(";")[0] in ("white", "grey")


def _gate(study: Study | None, metric: str) -> Iterator[tuple[str, Cell]]:
    if study is not None:
        for dataset, condition, cells in study.settings_of(metric):
            gate = pick(cells, "adaptive")
            if gate is not None and len(gate.values):
                yield f"{study.name}, {dataset}, {condition}", gate


def _fooled(gate: dict[str, Cell]) -> bool:
    """Whether a branch is taken in most trials, or rho_c lies above tau_c for certain."""
    return any(
        mean(cell.values).low > TAU_C if metric == "rho_c" else cell.values.mean() > _MOST
        for metric, cell in gate.items()
    )


def _beaten(
    study: Study | None, is_attack: Callable[[str], bool], metrics: tuple[str, ...], what: str
) -> Finding:
    if study is None:
        return NOT_MEASURED
    fooled, beaten, count, judged = 0, [], 0, []
    for dataset, condition, cells in study.settings_of("error"):
        ours, krum = pick(cells, "adaptive"), cells.get("krum")
        signs = {m: study.find(dataset, condition, "adaptive", m) for m in metrics}
        gate = {m: cell for m, cell in signs.items() if cell is not None and len(cell.values)}
        if not is_attack(condition) or ours is None or krum is None or not gate:
            continue
        count += 1
        more = excess(ours, krum)
        fooled += _fooled(gate)
        lost = _fooled(gate) and more.low > 0
        if enough(ours, krum, *gate.values()):
            judged.append(not lost)
        if lost:
            said = f"{dataset}, {condition}: {_said(study, dataset, condition, cells, gate)}"
            beaten.append((more.value, said))
    if not count:
        return NOT_MEASURED
    text = (
        f"{what} in {fooled} of {count} conditions with such an attack; in {len(beaten)} of "
        "these two-stage does worse than Krum beyond the interval"
    )
    text += f". Worst: {examples(beaten)}" if beaten else ""
    return Finding(text, verdict_of(judged))


def _said(
    study: Study, dataset: str, condition: str, errors: dict[str, Cell], gate: dict[str, Cell]
) -> str:
    ours = pick(errors, "adaptive")
    said = [f"error {share(ours)}"] if ours is not None else []
    said += [
        f"{name.capitalize()}'s {share(errors[name])}"
        for name in ("krum", "uniform")
        if name in errors
    ]
    for metric, cell in gate.items():
        if metric == "rho_c":
            said.append(f"rho_c {interval(mean(cell.values), 3)}")
        else:
            said.append(f"{metric} in {share(cell)}")
    chosen = study.find(dataset, condition, "adaptive", "selected_attackers")
    if chosen is not None:
        said.append(f"{share(chosen)} of the attackers selected")
    return ", ".join(said)
