"""Two finished runs: one that an engine made, and one written by hand with all that is odd."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import pytest

from anml_fl import ContributorRecord, RoundRecord
from anml_fl.method.judgement import ContributorJudgement, RoundJudgement
from anml_fl.method.measure import Measure
from anml_fl.run.claims import ClaimsRecord
from anml_fl.settings.reading import from_flat
from clients.app import app
from server.engines.inline_grid import InlineGrid
from server.orchestration.federation import run_federation

if TYPE_CHECKING:
    from pathlib import Path

WINE = {
    "dataset": "wine",
    "contributors": "6",
    "rounds": 3,
    "local-epochs": 1,
    "strategies": "median,krum,anml,calibrated",
    "behaviours": {"label_flip": 1},
}


def carried_out(folder: Path, **changes: Any) -> Path:
    """Carry a small run out; its folder."""
    config = from_flat({**WINE, **changes})
    nodes = [{"partition-id": i, "num-partitions": 6} for i in range(6)]
    run_federation(InlineGrid(app, nodes, config.to_flat()), config, folder)
    return folder


@pytest.fixture(scope="session")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a run with its ledger."""
    return carried_out(tmp_path_factory.mktemp("real") / "wine")


@pytest.fixture(scope="session")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Make five runs that repeat each other."""
    folder = tmp_path_factory.mktemp("seeds")
    few = {"strategies": "fedavg,anml", "rounds": 2}
    return [carried_out(folder / f"s{seed}", seed=seed, **few) for seed in range(5)]


def judgement(**changes: Any) -> ContributorJudgement:
    usual: dict[str, Any] = {
        "evidence": {"company": 1.5, "output rows": -0.25},
        "l": 1.25,
        "worth": 0.5,
        "posterior": 0.75,
        "copies": 2.0,
        "norm": 3.5,
        "bound": 1.0,
    }
    return ContributorJudgement(**{**usual, **changes})


def write_odd(folder: Path) -> Path:
    """Write a run that has each field that few have, and lacks each that can be missing."""
    nan = math.nan
    one = ContributorRecord(
        "a", 0.5, 0.25, 0.75, 1.0, 0.1875, 0.5, True, None, ("not signed",), "ab" * 32,
        judgement(norm=math.inf), 12.0, 0.5,
    )  # fmt: skip
    two = ContributorRecord("b", nan, nan, nan, nan, nan, 0.0, False, "no reply in time")
    three = ContributorRecord(
        "c, =1+1 \N{SNOWMAN}", 0.0, 1.0, 1.0, 0.5, 0.5, 0.5, True,
        judgement=judgement(bound=math.inf, evidence={}), examples=1.5, measured=-2.0,
    )  # fmt: skip
    whole = RoundRecord(
        1, "calibrated", "blend", -0.5, 0.1875, (one, two, three), ("no nonce of this round",),
        "a note", 10, 20, 56.25, 0.125, buffers=("mean",), test_score=0.875,
        judgement=RoundJudgement(
            root="80 rows of the server's", base_rate=-1.0, c=2.0, slopes={"v": 0.5},
            cap=math.inf, damping=0.5,
        ),
        measure=Measure(name="length of its update", more=False),
    )  # fmt: skip
    nobody = RoundRecord(2, "calibrated", None, nan, nan, (two,))
    strange = [
        RoundRecord(1, "own", None, nan, nan, (ContributorRecord("a", *[nan] * 6, True),))
    ]
    summary = {
        "name": "odd",
        "engine": "inline",
        "dataset": "own",
        "seed": 7,
        "metric": "accuracy",
        "contributors": {"a": "honest", "b": "label_flip", three.contributor: "sign_flip"},
        "strategies": {"calibrated": {}, "own": {}},
        "holdings": {
            "a": {"samples": 9, "errors": {"calibrated": 0.25}, "scores": {"own": 0.5}}
        },
    }
    folder.mkdir(parents=True)
    (folder / "summary.json").write_text(json.dumps(summary))
    (folder / "config.toml").write_text("seed = 7\n")
    for name, records in (("calibrated", [whole, nobody]), ("own", strange)):
        (folder / name).mkdir()
        (folder / name / "rounds.jsonl").write_text(
            "".join(record.to_json() + "\n" for record in records), encoding="utf-8"
        )
    (folder / "calibrated" / "timings.jsonl").write_text('{"round": 1, "seconds": 0.5}\n')
    claims = ClaimsRecord(2, {"a": 0.5, "b": 1.0}, {"a": 1, "b": 2}, {})
    (folder / "own" / "claims.jsonl").write_text(claims.to_json() + "\n")
    claims = ClaimsRecord(1, {"a": 0.5, "b": 1.0}, {"a": 1, "b": 2}, {})
    (folder / "calibrated" / "claims.jsonl").write_text(claims.to_json() + "\n")
    return folder


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    """Write the run by hand."""
    return write_odd(tmp_path / "runs" / "odd")
