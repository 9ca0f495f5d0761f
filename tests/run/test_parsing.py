"""Rounds are parsed once; what was altered meanwhile is seen all the same."""

from __future__ import annotations

import math

import pytest

from anml_fl.method.records import RoundRecord
from anml_fl.run.parsing import parsed_once
from anml_fl.run.strategy_folder import StrategyFolder


@pytest.fixture
def folder(tmp_path):
    records = [RoundRecord(n, "anml", "krum", 0.1, 0.2, ()) for n in (1, 2)]
    text = "".join(record.to_json() + "\n" for record in records)
    (tmp_path / "rounds.jsonl").write_text(text)
    return tmp_path


def test_two_readers_share_their_records(folder):
    parse = parsed_once()
    first, second = (StrategyFolder(folder, parse).records() for _ in range(2))
    assert [*map(id, first)] == [*map(id, second)]
    assert [*map(id, first)] != [*map(id, StrategyFolder(folder).records())]


def test_a_line_that_was_altered_meanwhile_is_read_anew(folder):
    parse = parsed_once()
    before = StrategyFolder(folder, parse).records()
    path = folder / "rounds.jsonl"
    path.write_text(path.read_text().replace('"rho_c":0.1', '"rho_c":null', 1))
    one, two = StrategyFolder(folder, parse).records()
    assert math.isnan(one.rho_c)
    assert before[0].rho_c == 0.1
    assert two is before[1]


def test_a_damaged_line_is_damaged_each_time(folder):
    parse = parsed_once()
    for _ in range(2):
        with pytest.raises(ValueError, match="not a round record"):
            parse('{"round":1}')
