"""A round in a line: everybody who was asked stands in it once, and long lists are cut."""

from __future__ import annotations

from anml_fl.method.records import ContributorRecord, RoundRecord
from server.orchestration.round_told import round_told


def one(name, *, selected=False, reason=None):
    return ContributorRecord(name, 0.5, 1.0, 1.0, 1.0, 1.0, 0.1, selected, reason)


def of(*people, **more):
    return round_told(RoundRecord(7, "anml", None, 0.0, 0.0, people, **more))


def test_where_all_counted_nothing_else_is_said():
    assert of(*(one(str(n), selected=True) for n in range(3))) == "round 7: 3 of 3 counted"


def test_who_does_not_count_is_named_up_to_five():
    people = [one(f"site-{n}", reason="no reply in time") for n in range(7)]
    told = of(one("a", selected=True), *people)
    assert told.startswith("round 7: 1 of 8 counted; refused: site-0 (no reply in time), ")
    assert told.endswith("site-4 (no reply in time) and 2 more")


def test_where_nobody_counted_no_rule_is_blamed():
    assert of(one("a"), one("b")) == "round 7: 0 of 2 counted; without effect: a, b"


def test_names_and_reasons_of_strangers_are_spelled_out_and_cut():
    told = of(one("\x1b[31m" + "n" * 90), one("b", reason="x\n" * 90), refused=("nobody's",))
    assert told.isprintable()
    assert len(told) < 250
    assert told.endswith("; of nobody: 1")
