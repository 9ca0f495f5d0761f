"""A registered node that signs its reply with another's id, over real HTTP and TLS."""

from __future__ import annotations

import json

import pytest

from anml_fl.ledger.verify import verify_file
from anml_fl.registry.keys import public_key

HONEST, VICTIM, FORGER = (f"contributor-{i:04d}" for i in range(3))

pytestmark = pytest.mark.slow


def test_the_forger_did_forge(siege):
    assert "FORGED" in siege.logs[FORGER]


def test_its_replies_are_refused_and_recorded(siege):
    told = f"metadata do not belong to the nonce, which was sent to {FORGER}"
    assert any(told in record.refused for record in siege.records)
    for seen in siege.seen(FORGER):
        assert seen.reason is not None
        assert not seen.selected
        assert seen.weight == 0


def test_its_victim_keeps_its_own_place(siege):
    for seen in siege.seen(VICTIM):
        assert seen.reason is None
    assert any(seen.weight > 0 for seen in siege.seen(VICTIM) + siege.seen(HONEST))


def test_rounds_go_on(siege):
    assert siege.status == "completed"
    assert [record.round for record in siege.records] == [1, 2, 3]
    assert not any("model stays" in (record.note or "") for record in siege.records)


def test_the_ledger_verifies_and_pays_the_forger_nothing(siege):
    path = siege.out / "ledger.jsonl"
    assert verify_file(path, public_key(siege.out / "ledger.pub")).ok
    entries = [json.loads(line) for line in path.read_text().splitlines()]
    rounds = [entry for entry in entries if entry["kind"] == "round"]
    assert [entry["round"] for entry in rounds] == [1, 2, 3]
    for entry in rounds:
        paid = {one["contributor"]: one["payout"] for one in entry["contributors"]}
        assert paid[FORGER] == 0
        assert paid[VICTIM] + paid[HONEST] > 0
