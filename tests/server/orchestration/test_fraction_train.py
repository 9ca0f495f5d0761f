"""Rounds that ask some of the contributors: who they are, and what the others cost."""

from __future__ import annotations

import json

import numpy as np
import pytest

from anml_fl.ledger.verify import verify_file
from anml_fl.registry import memory
from anml_fl.registry.keys import public_key
from anml_fl.run.strategy_folder import StrategyFolder
from anml_fl.seeding import stream
from anml_fl.settings.reading import from_flat
from anml_fl.settings.section import ConfigError

NAMES = [f"contributor-{i:04d}" for i in range(6)]


def asked(folder):
    return [
        [one.contributor for one in record.contributors]
        for record in StrategyFolder(folder).records()
    ]


def drawn(seed, number, size):
    places = stream(seed, "sampling", number).choice(len(NAMES), size, replace=False)
    return [NAMES[place] for place in sorted(places)]


def test_each_round_asks_those_whom_the_runs_seed_draws_whatever_the_strategy(
    small, run, tmp_path
):
    config = small(strategies="fedavg,anml", fraction_train=0.5)
    run(config, tmp_path)
    wanted = [drawn(config.seed, number, 3) for number in (1, 2, 3)]
    assert asked(tmp_path / "anml") == asked(tmp_path / "fedavg") == wanted
    assert len({tuple(one) for one in wanted}) > 1
    for record, who in zip(StrategyFolder(tmp_path / "anml").records(), wanted, strict=True):
        left = ", ".join(name for name in NAMES if name not in who)
        assert f"not drawn: {left}" in record.note
    assert verify_file(tmp_path / "ledger.jsonl", public_key(tmp_path / "ledger.pub")).ok


def test_whoever_is_not_drawn_is_paid_nothing_and_keeps_its_reputation(
    small, run, tmp_path, monkeypatch
):
    seen = []
    moved = memory.Standing.moved
    monkeypatch.setattr(
        memory.Standing, "moved", lambda one, *given: (seen.append(one), moved(one, *given))[1]
    )
    config = small(strategies="anml", fraction_train=0.34, rounds=1, reputation=True)
    run(config, tmp_path)
    who = drawn(config.seed, 1, 2)
    assert len(seen) == 2
    *_, closed = map(json.loads, (tmp_path / "ledger.jsonl").read_text().splitlines())
    assert sorted(closed["totals"]) == who


def test_an_interrupted_run_draws_whom_it_would_have_drawn(
    interrupt_after, small, run, tmp_path
):
    config = small(strategies="anml", fraction_train=0.5, reputation=True)
    run(config, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        run(config, tmp_path / "cut", interrupt_after(6 + 3 + 1))
    run(config, tmp_path / "cut")
    for name in ("anml/rounds.jsonl", "anml/model.safetensors", "ledger.jsonl"):
        there = (tmp_path / "cut" / name).read_bytes()
        assert there == (tmp_path / "whole" / name).read_bytes()


def test_a_share_of_all_is_everybody(small, run, tmp_path):
    run(small(strategies="anml", fraction_train=1.0, rounds=1), tmp_path)
    assert asked(tmp_path / "anml") == [NAMES]
    (record,) = StrategyFolder(tmp_path / "anml").records()
    assert "not drawn" not in (record.note or "")


@pytest.mark.parametrize(
    ("contributors", "share"), [(6, 0.1), (10, 0.0999), (1_000_000, 1e-7)]
)
def test_a_share_that_asks_nobody_is_refused(contributors, share):
    given = {"contributors": contributors, "fraction-train": share, "behaviours": ""}
    with pytest.raises(ConfigError, match=f"of {contributors} contributors .* is nobody"):
        from_flat(given)


def test_beside_a_table_it_is_said_how_to_tell_their_number():
    table = {"data": "t.csv", "label": "y", "by": "site", "behaviours": ""}
    with pytest.raises(ConfigError, match="say by --contributors how many the table has"):
        from_flat({**table, "fraction-train": 0.01})


@pytest.mark.parametrize("share", [0.0, -0.1, np.nextafter(1, 2), float("nan")])
def test_no_share_is_refused(share):
    with pytest.raises(ConfigError, match="fraction"):
        from_flat({"fraction-train": share})
