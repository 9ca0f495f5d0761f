"""The file of what sites claim: cut where a run goes on, and read line by line."""

from __future__ import annotations

import pytest

from anml_fl.run.claims import ClaimsRecord, append_claims, cut_claims, load_claims


def test_claims_are_cut_to_the_round_that_is_gone_on_from(tmp_path):
    for number in (1, 2, 3):
        append_claims(tmp_path, ClaimsRecord(number, {"a": 0.5}, {"a": 8}, {}))
    with (tmp_path / "claims.jsonl").open("a") as file:
        file.write('{"round":4,"val')
    cut_claims(tmp_path, 2)
    assert [one.round for one in load_claims(tmp_path)] == [1, 2]
    with pytest.raises(ValueError, match="no claims of each round up to 3"):
        cut_claims(tmp_path, 3)


def test_claims_that_are_none_are_told_by_their_line(tmp_path):
    append_claims(tmp_path, ClaimsRecord(1, {"a": 0.5}, {"a": 8}, {}))
    with (tmp_path / "claims.jsonl").open("a") as file:
        file.write('{"round":2,"values":{"a":"x"},"examples":{},"left_out":{}}\n')
    with pytest.raises(ValueError, match=r"claims\.jsonl line 2"):
        load_claims(tmp_path)


def test_where_some_rounds_have_no_claims_those_of_later_rounds_are_cut_off_all_the_same(
    tmp_path,
):
    for number in (2, 3, 7):
        append_claims(tmp_path, ClaimsRecord(number, {"a": 0.5}, {}, {}, "loss"))
    cut_claims(tmp_path, 6, of_each=False)
    assert [one.round for one in load_claims(tmp_path)] == [2, 3]
    cut_claims(tmp_path, 2, of_each=False)
    assert [one.round for one in load_claims(tmp_path)] == [2]
    cut_claims(tmp_path, 1, of_each=False)
    assert load_claims(tmp_path) == ()
