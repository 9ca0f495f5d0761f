"""Claims about the two-stage gate: what it promises, and what it can be made to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studies.reproduction.claim import (
    FEW,
    NOT_MEASURED,
    Outcome,
    Pair,
    Studies,
    Tally,
    claim,
    examples,
    fewest,
    pairs,
    share,
)
from studies.reproduction.comparison import TAU_C
from studies.reproduction.intervals import mean
from studies.reproduction.methods import pick
from studies.reproduction.numbers import interval

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from studies.reproduction.results import Cell, Study

_MOST = 0.5
_ALL = 0.95


@claim(
    "Stage 1: uniformly high signals mean that there is likely no attack",
    "4.2",
    holds_if="there is no attack with bought credentials (gate-stage1, moderate) in "
    "which stage 1 fires in most trials and two-stage's error is worse than Krum's beyond "
    "the 95 % interval",
)
def stage_one_bought(studies: Studies) -> Outcome:
    """Look for attackers who make stage 1 fire, and what the model then loses."""
    return _beaten(
        studies.get("gate-stage1"),
        _bought,
        ("branch_uniform",),
        "stage 1 fires in most trials",
    )


@claim(
    "Attackers cannot keep rho_c above tau_c while they fake credentials",
    "5.12",
    holds_if="there is no attack that knows q or guesses it (gate-rho, white or grey) in "
    "which rho_c's 95 % interval lies above 0.3 or most trials blend, and two-stage's "
    "error is worse than Krum's beyond the 95 % interval",
)
def stage_two_steered(studies: Studies) -> Outcome:
    """Look for attackers who keep rho_c above tau_c, and what the model then loses."""
    return _beaten(
        studies.get("gate-rho"),
        _steered,
        ("branch_blend", "rho_c"),
        f"rho_c stays above {TAU_C:g} or most trials blend",
    )


@claim(
    "Without attacks stage 1 fires in 100 % of trials",
    "4.2, 7.1",
    holds_if="stage 1 fires in every trial of Table 13 at beta = 0 (for want of it: of "
    "zero-attack)",
)
def stage_one_without_attack(studies: Studies) -> Outcome:
    """Say in how many trials without attacks stage 1 fires."""
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
    sure = [cell for _, cell in plain or every if fewest(cell) >= FEW]
    return Outcome(text, Tally(judged=[bool(cell.values.min() == 1) for cell in sure]).holds)


@claim(
    "At 5 to 40 % attacks stage 2 triggers, which means that it blends (in 6.3 stage 2 is "
    "the fallback)",
    "4.2, 6.3, 6.4",
    holds_if="it blends in at least 95 % of the trials of Table 13 at each beta from 0.1 "
    "to 0.4",
)
def stage_two_meaning(studies: Studies) -> Outcome:
    """Say what the gate does at 10 to 40 % bad data: blend, or fall back."""
    study = studies.get("table-13")
    blends = {
        place: cell
        for place, cell in _gate(study, "branch_blend")
        if place.split(", ")[-1] in {f"beta=0.{i}" for i in (1, 2, 3, 4)}
    }
    falls, tally = dict(_gate(study, "branch_krum")), Tally()
    for place, cell in blends.items():
        said = f"{place}: blends in {share(cell)}"
        said += f", falls back in {share(falls[place])}" if place in falls else ""
        often = float(cell.values.mean())
        tally.add(-often, said, often >= _ALL, fewest(cell))
    often = sum(cell.values.mean() >= _ALL for cell in blends.values())
    return tally.outcome(
        f"blends in at least 95 % of the trials in {often} of {len(blends)} conditions; "
        f"least: {tally.worst}"
    )


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
) -> Outcome:
    if study is None:
        return NOT_MEASURED
    fooled, beaten, tally = 0, [], Tally()
    for pair in pairs(study, "adaptive", "krum"):
        signs = {m: study.find(pair.dataset, pair.condition, "adaptive", m) for m in metrics}
        gate = {m: cell for m, cell in signs.items() if cell is not None and len(cell.values)}
        if not is_attack(pair.condition) or not gate:
            continue
        more = pair.excess
        fooled += _fooled(gate)
        lost = _fooled(gate) and more.low > 0
        tally.add(0.0, "", not lost, fewest(pair.one, pair.other, *gate.values()))
        if lost:
            beaten.append((more.value, f"{pair.place}: {_said(study, pair, gate)}"))
    text = (
        f"{what} in {fooled} of {len(tally.said)} conditions with such an attack; in "
        f"{len(beaten)} of these two-stage does worse than Krum beyond the interval"
    )
    return tally.outcome(text + (f". Worst: {examples(beaten)}" if beaten else ""))


def _said(study: Study, pair: Pair, gate: dict[str, Cell]) -> str:
    said = [f"error {share(pair.one)}"]
    said += [
        f"{name.capitalize()}'s {share(pair.cells[name])}"
        for name in ("krum", "uniform")
        if name in pair.cells
    ]
    for metric, cell in gate.items():
        if metric == "rho_c":
            said.append(f"rho_c {interval(mean(cell.values), 3)}")
        else:
            said.append(f"{metric} in {share(cell)}")
    chosen = study.find(pair.dataset, pair.condition, "adaptive", "selected_attackers")
    if chosen is not None:
        said.append(f"{share(chosen)} of the attackers selected")
    return ", ".join(said)
