"""How a run stands now: what its page says above all else."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from anml_fl.run.criterion import Criterion
from anml_fl.run.files import ROUNDS
from anml_fl.system.untrusted_text import visible
from server.page.json_numbers import number

if TYPE_CHECKING:
    from server.page.following import Following
    from server.page.rounds_file import Place

MOST_NAMES = 10_000
"""Contributors that are named; the rounds name all."""
_GATE = frozenset(("uniform", "blend", "krum"))


@dataclass(frozen=True, slots=True)
class StrategyState:
    """One strategy of a run.

    Parameters
    ----------
    name : str
    rounds : int
        Done.
    error, score : float or None
        Of its last model, or of the one that was kept.
    excluded : int
        Replies left out.
    state : str
        "waiting", "running", "stopped", "failed", "done", or "done, no better model".
    attacker_weight : float or None
        Share that went to attackers, where it is known who they are.
    """

    name: str
    rounds: int
    error: float | None
    score: float | None
    excluded: int
    state: str
    attacker_weight: float | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A run now; `state.json` has these fields.

    Parameters
    ----------
    name : str
        As the settings have it, or the folder's.
    state : str
        "starting", "running", "stopped", "finished" or "failed".
    words : str
        The same in a sentence.
    registry : bool
        Whether a registry was asked for v and r.
    """

    name: str
    state: str
    words: str
    dataset: str = ""
    engine: str = ""
    rounds_of: int = 0
    lead: str = ""
    strategies: tuple[StrategyState, ...] = ()
    criterion: dict[str, Any] = field(default_factory=dict)
    gate: dict[str, float] | None = None
    known: bool = False
    attackers: tuple[str, ...] = ()
    contributors: tuple[str, ...] = ()
    contributors_in_all: int = 0
    ledger: dict[str, Any] = field(default_factory=dict)
    report: bool = False
    registry: bool = True

    def fields(self) -> dict[str, Any]:
        """Give what is told."""
        # Names of thousands are not copied one by one.
        told = {name: getattr(self, name) for name in self.__slots__}
        return {**told, "strategies": [asdict(one) for one in self.strategies]}


def snapshot(run: Following, name: str) -> Snapshot:
    """Say how a run stands.

    Parameters
    ----------
    run : Following
        As far as it was read.
    name : str
        The folder's.
    """
    settings = run.settings
    if settings is None:
        broken = bool(run.fault)
        words = run.fault or "It is starting: its settings are not there yet."
        return Snapshot(
            name,
            "failed" if broken else "starting",
            visible(words, 500),
            criterion=_criterion(""),
            ledger=run.ledger.told(),
        )
    total = settings.rounds
    # They run one after the other: what is going on is the first that is not done.
    undone = (name for name in run.strategies if not _is_done(run, name, total))
    doing = next(undone, "")
    state, words = _stands(run, total, doing)
    names = names_of(run)
    attackers = run.ending.attackers if run.ending else ()
    return Snapshot(
        name=settings.name,
        state=state,
        words=visible(words, 800),
        dataset=settings.dataset,
        engine=settings.engine,
        rounds_of=total,
        lead=settings.lead,
        strategies=tuple(_strategy(run, one, total, doing) for one in run.strategies),
        criterion=_criterion(settings.metric),
        gate=_gate(run),
        known=run.ending is not None and run.ending.known,
        attackers=attackers[:MOST_NAMES],
        contributors=tuple(names[:MOST_NAMES]),
        contributors_in_all=len(names),
        ledger=run.ledger.told(),
        report=run.ending is not None and run.reported,
        registry=settings.registry,
    )


def _stands(run: Following, total: int, doing: str) -> tuple[str, str]:
    faults = [
        *([run.fault] if run.fault else []),
        *run.unreadable.values(),
        *(f"{name}/{ROUNDS}: {file.fault}" for name, file in run.rounds.items() if file.fault),
    ]
    also = "".join(f" {fault}." for fault in faults)
    if run.ending is not None:
        return "finished", f"Finished.{also}"
    where = f"round {run.rounds[doing].last + 1} of {total} under {doing}" if doing else ""
    if run.error:
        return "failed", f"Failed{where and f' in {where}'}: {run.error}{also}"
    if since := run.liveness.since:
        return "stopped", f"{stopped_words(where, since)}{also}"
    if doing:
        return "running", f"In {where}.{also}"
    return "running", f"All rounds are done; the results are summed up.{also}"


def stopped_words(where: str, since: str) -> str:
    """Say of a run whose process has ended that it does not go on, and when its last line came.

    Examples
    --------
    >>> print(stopped_words("round 3 of 9 under krum", "2026-01-02 03:04 UTC"))
    Stopped in round 3 of 9 under krum: its process has ended, and it does not go on. Its last line came at 2026-01-02 03:04 UTC; with --resume the run is taken up again.
    """  # noqa: E501
    return (
        f"Stopped{where and f' in {where}'}: its process has ended, and it does not go on. Its"
        f" last line came at {since}; with --resume the run is taken up again."
    )


def _is_done(run: Following, name: str, total: int) -> bool:
    return 0 < total <= run.rounds[name].last or name in run.kept


def _strategy(run: Following, name: str, total: int, doing: str) -> StrategyState:
    rounds = run.rounds[name]
    last = rounds.places.get(rounds.last)
    ended = run.ending.strategies.get(name, {}) if run.ending else {}
    state = "done" if not 0 < rounds.last < total else "done, no better model"
    if name == doing and run.ending is None:
        state = "stopped" if run.liveness.since else "running"
        if run.error:
            state = "failed"
    elif (
        run.ending is None
        and doing
        and run.strategies.index(name) > run.strategies.index(doing)
    ):
        state = "waiting"
    return StrategyState(
        name,
        rounds.last,
        number(ended.get("test_error", _of(last, "test_error"))),
        number(ended.get("test_score", _of(last, "test_score"))),
        sum(place.left_out for place in rounds.places.values()),
        state,
        number(ended.get("attacker_weight")) if run.ending and run.ending.known else None,
    )


def _of(place: Place | None, name: str) -> object:
    return None if place is None else place.fields.get(name)


def _criterion(metric: str) -> dict[str, Any]:
    found = Criterion(metric)
    return {
        "title": found.title,
        "name": found.name,
        "unit": found.unit.strip(),
        "of_values": found.of_values,
        "better": found.better,
        "by_score": bool(metric),
    }


def _gate(run: Following) -> dict[str, float] | None:
    """Give the thresholds, unless rounds show that no strategy goes by them."""
    places = [place for file in run.rounds.values() for place in file.places.values()]
    if run.settings is None or (
        places and not any(place.fields["branch"] in _GATE for place in places)
    ):
        return None
    return {"tau_h": run.settings.tau_h, "tau_c": run.settings.tau_c}


def names_of(run: Following) -> list[str]:
    """Name whom the settings name, whoever was asked, and whom the summary has."""
    found = dict.fromkeys(run.settings.names if run.settings else ())
    seen: set[int] = set()
    for file in run.rounds.values():
        for place in file.places.values():
            if id(place.names) not in seen:
                seen.add(id(place.names))
                found.update(dict.fromkeys(place.names))
    if run.ending:
        found.update(dict.fromkeys(run.ending.behaviours))
    return sorted(found)
