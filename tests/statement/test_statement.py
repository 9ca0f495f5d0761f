"""A statement's numbers are the contributor's own, and those that the ledger paid."""

from __future__ import annotations

import json
import math
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anml_fl.method.judgement import ContributorJudgement, RoundJudgement
from anml_fl.method.measure import Measure
from anml_fl.method.records import RoundRecord
from anml_fl.reasons.round_reasons import RoundReasons
from anml_fl.reasons.schemes import Dials
from anml_fl.statement.making import settled_run
from anml_fl.statement.page import page


def test_each_round_that_asked_is_stated_as_the_entry_has_it(made, pool):
    found = made.statement("ann")
    assert [one.round for one in found.rounds] == [1, 2, 3]
    assert [one.entry for one in found.rounds] == [1, 2, 3]
    assert [one.weight for one in found.rounds] == [0.1, 0.25, 0]
    assert [one.examples for one in found.rounds] == [10, 20, 10]
    assert [one.status for one in found.rounds] == ["counted", "counted", "no new model"]
    # A tenth and a quarter of 1,000,003, whose remainders of .3 and .75 lose and win a unit.
    assert [one.payout for one in found.rounds] == [100_000, 250_001, 0]
    assert [one.pool for one in found.rounds] == [pool, pool, 0]
    assert found.payout == 350_001
    assert (found.settled, found.entries, found.closed) == (4, 6, True)
    assert found.shared == 3 * pool
    assert found.rounds[2].refused_credentials == ("expired", "expired")


def test_a_refusal_is_stated_with_its_reason(made, pool):
    found = made.statement("eve")
    second = found.rounds[1]
    assert (second.status, second.valid, second.reason) == (
        "refused",
        False,
        "no reply in time",
    )
    assert (second.examples, second.payout, second.q) == (None, 0, None)
    totals = found.fields()["totals"]
    assert totals == {
        "rounds": 4,
        "asked": 3,
        "valid": 2,
        "statuses": {"counted": 2, "left out": 0, "refused": 1, "no new model": 0},
        "payout": found.payout,
        "shared": 3 * pool,
    }


def test_all_statements_add_up_to_what_the_ledger_paid(made, server):
    run = settled_run(made.folder, server.public_key())
    assert run.contributors == ("ann", "ben", "eve")
    totals = made.entries()[-1]["totals"]
    assert {name: run.statement(name).payout for name in run.contributors} == totals


def test_why_adds_up_over_the_rounds(made):
    """Under fedavg examples alone decide: a tenth where a third were equal, and so on."""
    found = made.statement("ann")
    first, second, third = (one.why for one in found.rounds)
    assert (first.decided_by, first.value, first.mean) == (
        "examples",
        10,
        pytest.approx(100 / 3),
    )
    assert first.parts["examples"] == pytest.approx(1 / 10 - 1 / 3)
    assert second.parts["examples"] == pytest.approx(1 / 4 - 1 / 2)
    assert third.decided_by is None
    assert found.over.weight == pytest.approx((1 / 10 + 1 / 4) / 2)
    assert found.over.equal == pytest.approx((1 / 3 + 1 / 2) / 2)
    assert (found.over.rounds, found.over.new_models, found.over.counted) == (3, 2, 2)


def test_whoever_is_refused_has_its_equal_share_among_those_who_replied_and_itself(made):
    over = made.statement("eve").over
    assert over.refused == {"no reply in time": 1}
    assert over.equal == pytest.approx((1 / 3 + 1 / 3 + 1 / 2) / 3)


def test_of_others_it_has_means_and_no_number_of_one_alone(make, person, refused):
    """Whom the round asked beside is not named, nor is any of their numbers there."""
    people = (
        person("ann", 30.5, 0.0, measured=9.5),
        person("brunhild", 20.25, 0.25, measured=1.25),
        person("caspar", 61.5, 0.75, measured=2.75),
        refused("dorothea", "the update of dorothea is not finite"),
    )
    measure = Measure(name="distance", more=False)
    note = "not drawn: emil"
    record = RoundRecord(1, "mine", None, 0.1, 0.1, people, note=note, measure=measure)
    # The nearest that was kept: a reason among those who run a federation tells it.
    assert RoundReasons(record, Dials()).of("ann").line == 2.75
    made = make([record])
    content = made.content("ann")
    shown = page(made.statement("ann"), content, "a.json", signed=True)
    words = ("brunhild", "caspar", "dorothea", "emil", "not finite", "not drawn")
    for text in (content.decode(), shown):
        assert not [word for word in words if word in text]
    assert "2.75" not in shown
    own = _numbers(json.loads(content))
    for other in people[1:3]:
        theirs = {other.q, other.r, other.weight, other.examples, other.s, other.measured}
        assert not theirs & own
    why = json.loads(content)["rounds"][0]["why"]
    assert "line" not in why
    assert why["mean"] == pytest.approx((9.5 + 1.25 + 2.75) / 3)


# Base rate .8, kept from .3 on: below -2.23 nats, unless it has the median's.
@pytest.mark.parametrize(
    ("root", "out", "nats", "told"),
    [("none", 2, 2.0, False), ("80 rows", 3, 5 + math.log(0.3 / 0.7) - math.log(4), True)],
)
def test_what_was_missing_is_not_told_where_it_may_end_at_anothers_evidence(
    make, person, root, out, nats, told
):
    people = tuple(
        person(
            name,
            10.0,
            0.0 if place < out else 1 / (5 - out),
            judgement=ContributorJudgement(
                evidence={"output rows": place - 5.0}, l=place - 5.0, worth=0.0,
                posterior=0.5, copies=1.0, norm=1.0, bound=1.0,
            ),
        )
        for place, name in enumerate("abcde")
    )  # fmt: skip
    judgement = RoundJudgement(
        root=root, base_rate=1.4, c=2.2, slopes={"v": 0.0, "r": 0.0}, cap=1.0, damping=1.0
    )
    record = RoundRecord(1, "calibrated", None, 0.1, 0.1, people, judgement=judgement)
    # Without trusted rows it ends at c's evidence: its own -5 and 2 nats more.
    assert RoundReasons(record, Dials()).of("a").missing == pytest.approx(nats)
    why = make([record]).statement("a").rounds[0].why
    assert why.missing == (pytest.approx(nats) if told else None)


def _numbers(value):
    if isinstance(value, dict):
        return set().union(*map(_numbers, value.values()))
    if isinstance(value, list):
        return set().union(*map(_numbers, value))
    return {value} if type(value) in (int, float) else set()


def test_the_note_of_a_round_without_a_new_model_is_not_told(made, rounds):
    assert "not drawn" in rounds[2].note
    assert b"not drawn" not in made.content("ann")


def test_names_that_no_utf_8_has_are_spelled_out(make, server, by_examples):
    name = 'a\ud800"\u202e</script>'
    made = make([by_examples(1, {name: 1.0, "ben": 3.0})])
    run = settled_run(made.folder, server.public_key())
    (spelled,) = set(run.contributors) - {"ben"}
    assert spelled == name.replace("\ud800", "\\ud800")
    assert json.loads(made.content(spelled))["contributor"] == spelled
    assert run.statement(spelled).rounds[0].examples == 1


def test_a_run_that_goes_on_is_stated_up_to_the_last_round_that_is_written(make, rounds):
    made = make(rounds[:3], closed=False)
    assert made.statement("ann").closed is False
    assert made.statement("ann").settled == 3
    # The entry is written first, then the record.
    lines = made.rounds.read_bytes().splitlines(keepends=True)
    made.rounds.write_bytes(b"".join(lines[:2]) + lines[2][:40])
    found = made.statement("ann")
    assert (found.settled, found.entries, len(found.rounds)) == (2, 3, 2)
    assert found.head == made.entries()[3]["previous"]


def test_hashes_are_those_of_the_lines(made):
    lines = made.ledger.read_bytes().splitlines()
    found = made.statement("ben")
    assert found.head == sha256(lines[-1]).hexdigest()
    for one in found.rounds:
        assert one.line == f"sha256:{sha256(lines[one.entry]).hexdigest()}"
        record = made.rounds.read_bytes().split(b"\n")[one.round - 1]
        assert one.record == f"sha256:{sha256(record).hexdigest()}"


@settings(max_examples=25, deadline=None)
@given(
    asked=st.lists(
        st.dictionaries(
            st.sampled_from(["ann", "ben", "eve", "kim"]),
            st.one_of(st.integers(1, 10**6).map(float), st.just(math.nan)),
            min_size=1,
        ),
        min_size=1,
        max_size=6,
    )
)
def test_statuses_and_payouts_of_any_run_are_those_of_its_reasons_and_totals(
    make, server, by_examples, refused, asked
):
    records = [
        by_examples(
            number,
            {name: count for name, count in people.items() if not math.isnan(count)},
            others=tuple(
                refused(name, "late") for name, count in people.items() if math.isnan(count)
            ),
        )
        for number, people in enumerate(asked, start=1)
    ]
    made = make(records)
    run = settled_run(made.folder, server.public_key())
    totals = made.entries()[-1]["totals"]
    for name in run.contributors:
        found = run.statement(name)
        assert found.payout == totals[name]
        assert len(found.rounds) == sum(name in people for people in asked)
        for one in found.rounds:
            # The entry alone tells the status: the reason has it from the record.
            assert one.status == one.why.status
            assert one.valid == (one.examples is not None)


def test_an_older_ledger_has_no_hash_of_records(make, rounds):
    made = make(rounds, bound=False)
    assert "settings" not in made.entries()[0]
    assert [one.record for one in made.statement("ann").rounds] == [None] * 3


def test_nothing_is_stated_before_the_first_round(make):
    made = make([], closed=False)
    with pytest.raises(FileNotFoundError, match="has settled no round yet"):
        made.statement("ann")
