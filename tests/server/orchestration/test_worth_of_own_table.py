"""Is joining worth it, for the sites of a table that a program gives?"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from anml_fl.execution import federate

if TYPE_CHECKING:
    from pathlib import Path


def told(out: Path) -> dict[str, Any]:
    return {
        one["contributor"]: one
        for one in json.loads((out / "worth.json").read_text())["sites"]
    }


@pytest.fixture
def table() -> tuple[Any, Any, list[str]]:
    """Make rows of four sites, one of which has the labels the other way round."""
    rng = np.random.default_rng(0)
    features, sites = rng.normal(size=(240, 2)), np.repeat(list("abcd"), 60)
    labels = (features[:, 0] > 0) ^ (sites == "d")
    return features, labels.astype(int), sites.tolist()


def test_a_table_of_a_program_is_split_again_and_patience_is_as_in_the_run(
    table, tmp_path: Path
) -> None:
    features, labels, sites = table
    run = federate(
        features,
        labels,
        by=sites,
        out=tmp_path,
        strategies="fedavg",
        rounds=8,
        patience=2,
        worth=True,
        repeats=3,
    )
    sites = told(tmp_path)
    for name, one in sites.items():
        assert one["joined"]["own"][0] == run.summary.holdings[name].errors["fedavg"]
    assert sites["d"]["verdict"] == "joining costs"
    # It was over before its last round, so that the best round's model is not the last one's.
    assert len(run.strategies[0].records) < 8


def test_sites_that_were_drawn_stay_in_every_repeat(table, tmp_path: Path) -> None:
    features, labels, sites = table
    few = {"contributors": 2, "behaviours": "honest=2", "strategies": "fedavg", "rounds": 1}
    run = federate(features, labels, by=sites, out=tmp_path, worth=True, repeats=6, **few)
    found = json.loads((tmp_path / "worth.json").read_text())
    assert [one["contributor"] for one in found["sites"]] == sorted(run.summary.contributors)
    assert found["left_out"] == []
