"""Rounds that the real rules decide, and their records as they are read from a file."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from anml_fl.method.calibrated.root import Root
from anml_fl.method.records import RoundRecord
from anml_fl.reasons.round_reasons import RoundReasons
from anml_fl.reasons.schemes import Dials
from anml_fl.registry.interface import Signals
from anml_fl.settings.aggregation import Aggregation
from strategies.cohort import Cohort, assess
from strategies.context import Context
from strategies.contributor_records import accounts
from strategies.rule import named_rule
from strategies.screening import Screened
from strategies.updates import Updates
from strategies.usable import decided

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from strategies.decision import Decision

# A softmax regression: a weight matrix, and biases.
CLASSES, FEATURES = 3, 3
SHAPES = ((CLASSES, FEATURES), (CLASSES,))
SIZE = CLASSES * FEATURES + CLASSES


def root(about: str = "9 rows of the server's", *, donated: bool = False) -> Root:
    """Nine rows of three classes, each near its own corner."""
    rng = np.random.default_rng(3)
    labels = np.arange(9) % CLASSES
    rows = np.eye(CLASSES, FEATURES)[labels] + 0.3 * rng.normal(size=(9, FEATURES))

    def outputs(steps: NDArray[Any]) -> NDArray[Any]:
        weight = steps[:, : CLASSES * FEATURES].reshape(-1, CLASSES, FEATURES)
        found = np.einsum("kcf,mf->kmc", weight.astype(np.float64), rows)
        return found + steps[:, None, CLASSES * FEATURES :]

    def step() -> NDArray[Any]:
        error = np.full((9, CLASSES), 1 / CLASSES) - np.eye(CLASSES)[labels]
        return -np.concatenate([(error.T @ rows).ravel(), error.sum(0)]).astype(np.float32)

    return Root(labels, CLASSES, outputs, step, about, donated)


@dataclass(frozen=True)
class Given:
    """A round before it is decided: valid replies, what is known of them, and settings."""

    updates: NDArray[np.float32]
    v: NDArray[np.float64]
    r: NDArray[np.float64]
    T: NDArray[np.float64]
    counts: NDArray[np.float64]
    settings: Aggregation = field(default_factory=Aggregation)
    root: Root | None = None
    refused: Mapping[str, str] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"site-{chr(97 + i)}" for i in range(len(self.updates)))

    @property
    def everyone(self) -> tuple[str, ...]:
        return tuple(sorted((*self.names, *self.refused)))

    @property
    def dials(self) -> Dials:
        return Dials(self.settings.gate, self.settings.fraction)

    def but(self, **settings: Any) -> Given:
        return replace(self, settings=Aggregation(**(self.settings.model_dump() | settings)))

    def screened(self) -> Screened:
        return Screened(
            self.names, Updates.of(self.updates), (), self.counts,
            self.refused, (), {}, {}, {}, {}, echoed=True, metrics={},
        )  # fmt: skip

    def signals(self) -> Signals:
        place = {name: i for i, name in enumerate(self.names)}
        rows = [place.get(name, 0) for name in self.everyone]
        return Signals(self.v[rows], self.r[rows], self.T[rows])

    def cohort(self) -> Cohort:
        return self._assessed()[0]

    def decide(self, name: str, cohort: Cohort | None = None) -> Decision:
        """Ask the real rule; of another cohort if one is given."""
        context = Context(
            1,
            np.zeros(SIZE, np.float32),
            self.settings,
            honest=frozenset(self.names[::2]),
            root=self.root,
            root_update=None if self.root is None else self.root.step,
            shapes=SHAPES,
        )
        rule = named_rule(name, self.settings)
        with np.errstate(over="ignore", invalid="ignore"):
            return decided(rule, cohort or self.cohort(), context)

    def record(self, name: str, decision: Decision | None = None) -> RoundRecord:
        """Record what a rule decides, as a round does, and read it back."""
        cohort, note = self._assessed()
        decision = decision or self.decide(name, cohort)
        record = RoundRecord(
            round=1,
            strategy=name,
            branch=decision.branch,
            rho_c=decision.rho_c,
            min_s=decision.min_s,
            contributors=accounts(self.screened(), self.signals(), cohort, decision, {}),
            note="; ".join(filter(None, (note, decision.note))) or None,
            judgement=decision.judgement,
            measure=decision.measure,
        )
        return RoundRecord.from_json(record.to_json())

    def reasons(self, name: str) -> RoundReasons:
        return RoundReasons(self.record(name), self.dials)

    def _assessed(self) -> tuple[Cohort, str | None]:
        return assess(
            self.screened(),
            self.signals(),
            n_byzantine=self.settings.n_byzantine,
            example_weighting=self.settings.example_weighting,
        )


SHARE = st.sampled_from([0.1, 0.25, 0.4, 0.5, 0.8, 0.9, 1.0]) | st.floats(0, 1)


@st.composite
def columns(draw: Any, n: int, values: st.SearchStrategy[float]) -> NDArray[np.float64]:
    """Draw a number for each, or one for all."""
    if draw(st.integers(0, 3)) == 0:
        return np.full(n, draw(values))
    return np.array([draw(values) for _ in range(n)])


@st.composite
def sent(draw: Any, n: int) -> NDArray[np.float32]:
    """Draw updates: of few whole numbers, so that many are alike; or all different."""
    if draw(st.booleans()):
        whole = st.integers(-2, 2).map(float)
        return draw(arrays(np.float32, (n, SIZE), elements=whole, fill=st.just(1.0)))
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    common = rng.normal(size=SIZE)
    return (
        common + draw(st.sampled_from([0.1, 1.0, 3.0])) * rng.normal(size=(n, SIZE))
    ).astype(np.float32)


@st.composite
def rounds(draw: Any, least: int = 1, most: int = 7, **settings: Any) -> Given:
    """Draw a round."""
    n = draw(st.integers(least, most))
    chosen = {
        "alpha": draw(st.sampled_from([0.0, 0.3, 0.5, 1.0])),
        "tau": draw(st.sampled_from([0.05, 0.3, 1.0])),
        "fraction": draw(st.sampled_from([0.2, 0.5, 0.7, 1.0])),
        "tau_h": draw(st.sampled_from([0.0, 0.2, 0.35, 1.0])),
        "tau_c": draw(st.sampled_from([-1.0, 0.0, 0.3, 0.9])),
        "example_weighting": draw(st.booleans()),
        "n_byzantine": draw(st.sampled_from([None, None, 0, 1])),
    }
    return Given(
        draw(sent(n)),
        draw(columns(n, SHARE)),
        draw(columns(n, SHARE)),
        draw(columns(n, SHARE)),
        draw(columns(n, st.integers(1, 500).map(float))),
        Aggregation(**(chosen | settings)),
        refused=draw(st.sampled_from([{}, {"site-late": "no reply"}])),
    )


@dataclass(frozen=True)
class Rounds:
    """What tests draw from, and what they compare by."""

    drawn: Any
    given: Any
    root: Any

    @staticmethod
    def by_name(reasons: RoundReasons, decision: Decision) -> list[tuple[Any, int]]:
        """Pair each valid reply's reason with its row."""
        rows = {name: row for row, name in enumerate(reasons.numbers.names)}
        assert len(rows) == len(decision.weights)
        return [(reasons.of(name), row) for name, row in rows.items()]

    @staticmethod
    def adds_up(reasons: RoundReasons) -> None:
        """Each weight less an equal one is its parts' sum."""
        for reason in reasons.all():
            if reason.status in ("counted", "left out"):
                total = math.fsum(reason.parts.values())
                assert abs(total - (reason.weight - reason.equal)) < 1e-9


@pytest.fixture(scope="session")
def kit() -> Rounds:
    return Rounds(rounds, Given, root)
