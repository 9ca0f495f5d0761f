"""The same seed, the same round records: inline, on Flower's simulation, over HTTP and TLS."""

from __future__ import annotations

import numpy as np
import pytest

from anml_fl.federation.contributors import behaviours_of
from anml_fl.settings.reading import from_flat
from clients.app import app
from server.deployment.state import State
from server.engines.inline_grid import InlineGrid
from server.engines.simulation import run_simulation
from server.orchestration.federation import run_federation
from server.orchestration.run_folder import open_run

NUMBERS = ("rho_c", "min_s", "test_error", "bytes_sent", "bytes_received")


@pytest.mark.slow
def test_engines_give_the_same_records(beset, tmp_path, rounds_of):
    assert beset.status == 0, beset.command.said
    deployed = State(beset.state).config()
    records = {"deployment": rounds_of(beset.out / "anml")}
    roles = ",".join(behaviours_of(deployed).values())
    for engine in ("inline", "simulation"):
        flat = {**deployed.to_flat(), "engine": engine, "simulated": False, "roles": roles}
        config, out = from_flat(flat), tmp_path / engine
        if engine == "inline":
            nodes = [{"partition-id": i, "num-partitions": 3} for i in range(3)]
            run_federation(InlineGrid(app, nodes, config.to_flat()), config, out)
        else:
            open_run(out, config)
            run_simulation(config, out)
        records[engine] = rounds_of(out / "anml")
    for engine in ("simulation", "deployment"):
        assert len(records[engine]) == len(records["inline"]) == 2
        for mine, theirs in zip(records["inline"], records[engine], strict=True):
            same(mine, theirs)
            assert all(one.reason is None for one in theirs.contributors)


def same(one, other):
    """Every number to 1e-6, everything else exactly."""
    for field in ("round", "strategy", "branch", "refused", "note"):
        assert getattr(one, field) == getattr(other, field), field
    close(one, other, NUMBERS)
    assert len(one.contributors) == len(other.contributors) == 3
    for mine, theirs in zip(one.contributors, other.contributors, strict=True):
        for field in ("contributor", "selected", "reason", "refused_credentials"):
            assert getattr(mine, field) == getattr(theirs, field), field
        close(mine, theirs, (*"qvrTs", "weight"))


def close(one, other, fields):
    """Numbers to 1e-6."""
    for field in fields:
        pair = [getattr(record, field) for record in (one, other)]
        pair = [np.nan if value is None else value for value in pair]
        np.testing.assert_allclose(*pair, atol=1e-6, rtol=0, err_msg=field)
