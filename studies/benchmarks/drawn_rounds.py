"""Rounds of thousands of contributors that nobody trained: records as the rules write them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from anml_fl.behaviour import is_honest
from anml_fl.federation.simulated_registry import credentials_drawn
from anml_fl.method.calibrated.credential_worth import C
from anml_fl.method.calibrated.judging import BASE, judge, summed
from anml_fl.method.gate import Gate
from anml_fl.method.judgement import ContributorJudgement, RoundJudgement
from anml_fl.method.measure import Measure
from anml_fl.method.records import ContributorRecord, RoundRecord
from anml_fl.method.selection import select_top
from anml_fl.reasons.reply_words import NO_REPLY
from anml_fl.seeding import stream

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Columns = Mapping[str, Any]
    Decided = tuple[dict[str, Any], dict[str, list[Any]]]

_FORGED = ("the signature is not by the key that kid names", "expired 2025-12-31T00:00:00Z")
_ONE_IN_A_HUNDRED = 0.01


@dataclass(frozen=True, slots=True)
class Crowd:
    """Who takes part.

    Parameters
    ----------
    behaviours : mapping
        Contributor to behaviour.
    good : (n,) bool
        Who is honest.
    v, r : (n,) float64
        In [0, 1]; r as the first round has it.
    """

    behaviours: Mapping[str, str]
    good: NDArray[np.bool_]
    v: Floats
    r: Floats


def crowd_of(behaviours: Mapping[str, str], scenario: str, seed: int) -> Crowd:
    """Draw credentials by a scenario.

    Examples
    --------
    >>> crowd_of({"a": "honest", "b": "joint"}, "moderate", 0).good.tolist()
    [True, False]
    """
    rng = stream(seed, "crowd")
    good = np.array([is_honest(kind) for kind in behaviours.values()])
    drawn = [credentials_drawn(scenario, bool(one), rng) for one in good]
    v, r = np.array(drawn, dtype=np.float64).T
    return Crowd(behaviours, good, v, r)


def drawn_round(crowd: Crowd, strategy: str, number: int) -> RoundRecord:
    """Draw what a strategy's round decides of everybody; one in a hundred sends nothing.

    Parameters
    ----------
    crowd : Crowd
    strategy : str
        Of `STRATEGIES`.
    number : int
        Of the round, from 1. What is sent in it is the same under each strategy.

    Examples
    --------
    >>> crowd = crowd_of({f"c{i}": "honest" for i in range(10)}, "moderate", 0)
    >>> round(sum(one.weight for one in drawn_round(crowd, "anml", 3).contributors), 6)
    1.0
    """
    rng = stream(number, "round")
    n, good = len(crowd.behaviours), crowd.good
    came = rng.random(n) >= _ONE_IN_A_HUNDRED
    came[0] = True
    q = np.clip(rng.normal(np.where(good, 0.9, 0.3), 0.1), 0, 1)
    r = np.clip(crowd.r + np.where(good, 0.004, -0.01) * (number - 1), 0.05, 1)
    signals: dict[str, Floats] = {
        "T": np.ones(n),
        "q": np.where(came, q, np.nan),
        "r": r,
        "v": crowd.v,
        "s": crowd.v * r,
    }
    examples = rng.integers(2, 60, n).astype(float)
    decide = STRATEGIES[strategy]
    of_all, of_each = decide({**signals, "good": good, "came": came, "n": examples}, rng)
    people = []
    for i, (name, behaviour) in enumerate(crowd.behaviours.items()):
        told: dict[str, Any] = {field: values[i] for field, values in of_each.items()}
        told |= {signal: float(values[i]) for signal, values in signals.items()}
        told |= {"examples": float(examples[i])} if came[i] else {"reason": NO_REPLY}
        told |= {"refused_credentials": _FORGED} if behaviour == "joint" else {}
        people.append(ContributorRecord(contributor=name, **told))
    whole = {
        "round": number,
        "strategy": strategy,
        "branch": None,
        "rho_c": math.nan,
        "min_s": math.nan,
        "bytes_sent": 4000 * n,
        "bytes_received": 4000 * int(came.sum()),
        "test_error": 0.08 + 0.5 * math.exp(-number / 4) + 0.001 * len(strategy),
        "seconds": 1.0,
    }
    return RoundRecord(**{**whole, **of_all, "contributors": tuple(people)})


def _calibrated(of: Columns, rng: np.random.Generator) -> Decided:
    came, good = of["came"], of["good"][of["came"]]
    evidence = {
        "company": rng.normal(np.where(good, 1.0, -1.5), 0.7),
        "root direction": np.clip(rng.normal(np.where(good, 2.5, -2.5), 1.0), -3.5, 4.0),
    }
    lengths = rng.lognormal(0, 0.4, good.size)
    llr = summed(evidence, good.size)
    # The rule learns what credentials are worth by pairs: of ten thousand it takes gigabytes.
    v, r = of["v"][came], of["r"][came]
    worth = np.clip(7.5 * (v - v.mean() + r - r.mean()), -C, C)
    found = judge(llr, worth, np.ones(good.size), of["n"][came], trusted=True)
    shares, kept = np.zeros(came.size), np.zeros(came.size, dtype=bool)
    shares[came], kept[came] = found.shares, found.kept
    judged: list[ContributorJudgement | None] = [None] * came.size
    for place, i in enumerate(np.flatnonzero(came).tolist()):
        judged[i] = ContributorJudgement(
            evidence={kind: float(values[place]) for kind, values in evidence.items()},
            l=float(llr[place]),
            worth=float(worth[place]),
            posterior=float(found.posterior[place]),
            copies=1.0,
            norm=float(lengths[place]),
            bound=float(lengths[place] / good.size),
        )
    whole = RoundJudgement(
        root="80 rows of the server's",
        base_rate=BASE,
        c=C,
        slopes={"r": 0.75, "v": 0.75},
        cap=1.5,
        damping=found.damping,
    )
    each = {"weight": shares.tolist(), "selected": kept.tolist(), "judgement": judged}
    return {"judgement": whole}, each


def _anml(of: Columns, rng: np.random.Generator) -> Decided:
    came = of["came"]
    found = Gate().weigh(of["q"][came], of["s"][came])
    selected, weights = np.zeros(came.size, dtype=bool), np.zeros(came.size)
    selected[came] = select_top(found.weights)
    weights[came] = found.weights * of["n"][came] * selected[came]
    gate = {"branch": found.branch, "rho_c": found.rho_c, "min_s": found.min_s}
    each = {"weight": (weights / weights.sum()).tolist(), "selected": selected.tolist()}
    return gate, each


def _fedgreed(of: Columns, rng: np.random.Generator) -> Decided:
    came = of["came"]
    losses = rng.gamma(4, np.where(of["good"], 0.1, 0.3))
    selected = came & (losses <= np.median(losses[came]))
    each = {
        "weight": (selected / selected.sum()).tolist(),
        "selected": selected.tolist(),
        "measured": [
            x if here else None for x, here in zip(losses.tolist(), came, strict=True)
        ],
    }
    name = "loss on the trusted rows with its update alone"
    return {"measure": Measure(name=name, more=False)}, each


STRATEGIES: Mapping[str, Callable[[Columns, np.random.Generator], Decided]] = {
    "calibrated": _calibrated,
    "anml": _anml,
    "fedgreed": _fedgreed,
}
"""One whose records hold evidence, one with a gate, one with a measure."""
