"""Tables made by hand."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING

import numpy as np
import pytest

from anml_fl.datasets import prepare
from anml_fl.datasets.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def numbered(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Table]]:
    """A data set whose rows tell their number, in a last column that is an indicator.

    Columns: two normal ones far from standard, one constant, the row's number.
    """
    rng = np.random.default_rng(11)
    labels = rng.permutation(np.repeat([0, 1, 2], [100, 60, 40]))
    features = np.column_stack(
        [
            rng.normal(1000.0, 30.0, 200),
            rng.normal(-0.2, 0.001, 200) + labels,
            np.full(200, 7.0),
            np.arange(200.0),
        ]
    )
    table = Table(features, labels, 3, None, np.array([False, False, False, True]))
    monkeypatch.setattr(prepare, "load", lambda name: table)
    prepare._deal.cache_clear()
    yield lambda: table
    prepare._deal.cache_clear()


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Write a data set of the test's own."""
    monkeypatch.setenv("ANML_DATA_DIR", str(tmp_path))

    def write(name: str, **arrays: np.ndarray) -> Path:
        np.savez(tmp_path / name, **arrays)
        return tmp_path / name

    return write


@pytest.fixture
def crowd() -> dict[str, np.ndarray]:
    """Three annotators of six pictures; the last answered one alone, and wrongly."""
    rng = np.random.default_rng(0)
    answers = np.full((6, 3), -1, dtype=np.int8)
    answers[:, 0] = [0, 1, 2, 3, 4, 5]
    answers[:5, 1] = [0, 1, 7, 7, 7]
    answers[5, 2] = 6
    return {
        "X_train": rng.normal(size=(6, 4)).astype("f4"),
        "y_train": np.arange(6),
        "X_test": rng.normal(size=(8, 4)).astype("f4"),
        "y_test": np.arange(8),
        "answers": answers,
    }


@pytest.fixture(scope="session")
def everything_told() -> Callable[[BaseException], str]:
    """Tell the message, and whatever a log could print of an error and those before it."""

    def tell(error: BaseException | None) -> str:
        told = "".join(traceback.format_exception(error, chain=True))
        while error is not None:
            told += repr(error) + repr(vars(error)) + repr(error.args)
            told += repr(getattr(error, "object", "")) + repr(getattr(error, "doc", ""))
            error = error.__cause__ or error.__context__
        return told

    return tell
