from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from studies.reproduction.results import COLUMNS, load_results, paired

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def _table(**changed: list[Any]) -> pa.Table:
    plain: dict[str, list[Any]] = {
        "study": ["s", "s"], "dataset": ["wine"] * 2, "condition": ["c"] * 2,
        "method": ["krum"] * 2, "metric": ["error"] * 2, "value": [0.2, 0.1],
        "trial": [5, 3], "seed": [0, 0],
    }  # fmt: skip
    return pa.table({**plain, **changed})


def test_trials_are_put_in_order_and_those_without_a_number_left_out(tmp_path: Path) -> None:
    pq.write_table(_table(), tmp_path / "s.parquet")
    cell = load_results(tmp_path)["s"].find("wine", "c", "krum", "error")
    assert cell is not None
    assert (cell.trials.tolist(), cell.values.tolist()) == ([3, 5], [0.1, 0.2])
    pq.write_table(_table(value=[float("nan"), 0.1]), tmp_path / "s.parquet")
    cell = load_results(tmp_path)["s"].find("wine", "c", "krum", "error")
    assert cell is not None
    assert cell.trials.tolist() == [3]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"trial": [3, 3]}, "trial 3 twice"),
        ({"study": ["s", "t"]}, "row of study 't', expected 's'"),
        ({"value": [None, 0.1]}, "missing entry"),
        ({"method": ["krum", None]}, "missing entry"),
        ({"more": [1, 2]}, "columns"),
    ],
)
def test_files_that_are_not_tidy_are_refused(
    tmp_path: Path, changed: dict[str, list[Any]], message: str
) -> None:
    pq.write_table(_table(**changed), tmp_path / "s.parquet")
    with pytest.raises(ValueError, match=f"s.parquet.*{message}"):
        load_results(tmp_path)


def test_broken_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "s.parquet").write_bytes(b"no parquet")
    with pytest.raises(ValueError, match=r"s\.parquet is no Parquet file"):
        load_results(tmp_path)
    pq.write_table(_table(), tmp_path / "s.parquet")
    (tmp_path / "s.json").write_text("[]")
    with pytest.raises(ValueError, match=r"s\.json holds list, expected an object"):
        load_results(tmp_path)
    (tmp_path / "s.json").write_text("{")
    with pytest.raises(ValueError, match=r"s\.json is no JSON"):
        load_results(tmp_path)


def test_pairs_are_the_trials_that_both_have(made: Callable[..., Any]) -> None:
    nan = float("nan")
    study = made(s=[
        ("wine", "c", "krum", "error", [0.1, nan, 0.3, 0.4]),
        ("wine", "c", "q", "error", [nan, 0.6, 0.7, 0.8]),
    ])["s"]  # fmt: skip
    one, other = (study.find("wine", "c", m, "error") for m in ("krum", "q"))
    left, right = paired(one, other)
    assert (left.tolist(), right.tolist()) == ([0.3, 0.4], [0.7, 0.8])
    assert study.conditions == ("c",)
    assert study.metrics == ("error",)


def test_columns_are_those_of_the_tidy_table() -> None:
    assert COLUMNS == (
        "study", "dataset", "condition", "method", "metric", "value", "trial", "seed",
    )  # fmt: skip
