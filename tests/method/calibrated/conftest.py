"""Rounds of a small softmax regression, whose outputs are linear in its weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from anml_fl.method.calibrated.calibrate import Verdict, calibrate
from anml_fl.method.calibrated.memory import Memory
from anml_fl.method.calibrated.observed import Observed
from anml_fl.method.calibrated.root import Root

CLASSES, FEATURES = 4, 6
SHAPES = ((CLASSES, FEATURES), (CLASSES,))
Floats = NDArray[np.float64]


def logits(model: Floats, rows: Floats) -> Floats:
    weight = model[: CLASSES * FEATURES].reshape(CLASSES, FEATURES)
    return rows @ weight.T + model[CLASSES * FEATURES :]


def trained(model: Floats, rows: Floats, labels: NDArray[Any], steps: int = 5) -> Floats:
    """Give the update that steps of gradient descent make."""
    moved = model.copy()
    for _ in range(steps):
        said = np.exp(logits(moved, rows))
        error = said / said.sum(1, keepdims=True) - np.eye(CLASSES)[labels]
        error /= len(labels)
        moved -= 0.5 * np.concatenate([(error.T @ rows).ravel(), error.sum(0)])
    return moved - model


def drawn(
    rng: np.random.Generator, count: int, classes: NDArray[Any] | None = None
) -> tuple[Floats, NDArray[Any]]:
    """Draw rows around their class's corner; of some classes alone if they are given."""
    labels = rng.choice(np.arange(CLASSES) if classes is None else classes, count)
    return np.eye(CLASSES, FEATURES)[labels] * 1.5 + rng.normal(size=(count, FEATURES)), labels


@dataclass(frozen=True)
class Scene:
    """Updates of a round, and what they are judged by."""

    updates: Floats
    root: Root | None
    model: Floats
    examples: Floats
    names: tuple[str, ...]

    def but(self, **changes: Any) -> Scene:
        return replace(self, **changes)

    def observed(self) -> Observed:
        return Observed.of(self.names, self.updates, self.examples, SHAPES, self.root)

    def judged(
        self, v: Floats | None = None, r: Floats | None = None, memory: Memory | None = None
    ) -> tuple[Observed, Verdict]:
        observed = self.observed()
        half = np.full(len(self.updates), 0.5)
        found = calibrate(
            observed, half if v is None else v, half if r is None else r, memory or Memory()
        )
        return observed, found


def scene(
    seed: int,
    n: int,
    flipped: int = 0,
    *,
    rooted: bool = True,
    skewed: bool = False,
    started: bool = False,
) -> Scene:
    """Make a round in which the first `flipped` of n contributors learn wrong labels.

    Parameters
    ----------
    rooted : bool
        Whether there is a root set.
    skewed : bool
        Whether each has rows of one class or two alone.
    started : bool
        Whether the model has learned before.
    """
    rng = np.random.default_rng(seed)
    model = np.zeros(CLASSES * FEATURES + CLASSES)
    if started:
        model = model + trained(model, *drawn(rng, 400), steps=10)
    updates = []
    for i in range(n):
        owned = rng.choice(CLASSES, rng.integers(1, 3), replace=False) if skewed else None
        rows, labels = drawn(rng, 60, owned)
        wrong = (labels + 1) % CLASSES if i < flipped else labels
        updates.append(trained(model, rows, wrong))
    labels = np.repeat(np.arange(CLASSES), 10)
    rows = np.eye(CLASSES, FEATURES)[labels] * 1.5 + rng.normal(size=(40, FEATURES))
    root = Root(
        labels=labels,
        classes=CLASSES,
        # Finite, as the strategy makes them.
        outputs=lambda steps: np.nan_to_num(
            np.stack([logits(model + step, rows) for step in steps]), posinf=1e6, neginf=-1e6
        ),
        step=lambda: trained(model, rows, labels),
        about="40 rows",
    )
    names = tuple(f"c{i:03d}" for i in range(n))
    return Scene(np.stack(updates), root if rooted else None, model, np.ones(n), names)


@pytest.fixture(scope="session")
def make_scene() -> Callable[..., Scene]:
    """Make a round: see `scene`."""
    return scene


@pytest.fixture(scope="session")
def held_out_loss() -> Callable[[Floats], float]:
    """Cross-entropy of a model (d,) on 400 rows that nobody else has."""
    rows, labels = drawn(np.random.default_rng(10_000), 400)

    def loss(model: Floats) -> float:
        said = logits(model, rows)
        most = said.max(axis=1, keepdims=True)
        total = np.log(np.exp(said - most).sum(axis=1)) + most[:, 0]
        return float((total - said[np.arange(labels.size), labels]).mean())

    # Of the gradient of one row: |p - e_y| <= sqrt 2 beside the row's length and the bias's 1.
    loss.lipschitz = float(np.sqrt(2.0 * ((rows**2).sum(axis=1) + 1.0)).mean())  # type: ignore[attr-defined]
    return loss
