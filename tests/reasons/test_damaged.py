"""Records that no run writes now, or ever wrote: nothing is claimed of them, nothing fails."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anml_fl.method.judgement import ContributorJudgement, RoundJudgement
from anml_fl.method.measure import Measure
from anml_fl.method.records import ContributorRecord, RoundRecord
from anml_fl.reasons.round_reasons import RoundReasons
from anml_fl.reasons.round_words import decision
from anml_fl.reasons.schemes import Dials
from anml_fl.reasons.words import because, sentences
from anml_fl.system.untrusted_text import visible

NUMBERS = (
    st.floats(0, 1)
    | st.floats()
    | st.sampled_from([0.0, 1.0, -1.0, 1.5, 1e308, -1e308, math.nan, math.inf, -math.inf])
)
FINITE = st.floats(-1e3, 1e3) | st.sampled_from([1e308, -1e308, 0.0])
JUDGED = st.builds(
    ContributorJudgement,
    evidence=st.dictionaries(st.sampled_from(["company", "q", "worth", "tea"]), FINITE),
    l=FINITE,
    worth=FINITE,
    posterior=st.floats(0, 1),
    copies=st.floats(1, 1e308),
    norm=st.just(1.0),
    bound=st.just(1.0),
)


@st.composite
def damaged(draw):
    """Whatever a record's types allow."""
    judged, measured = draw(st.booleans()), draw(st.booleans())
    people = st.builds(
        ContributorRecord,
        contributor=st.sampled_from(["a", "b", "a\n", "<b>", "\u202e", "nan"])
        | st.text(max_size=5),
        q=NUMBERS,
        v=NUMBERS,
        r=NUMBERS,
        T=NUMBERS,
        s=NUMBERS,
        weight=NUMBERS,
        selected=st.booleans(),
        reason=st.none() | st.sampled_from(["no reply", ""]),
        judgement=JUDGED if judged else st.none(),
        examples=st.none() | NUMBERS,
        measured=st.none() | NUMBERS if measured else st.none(),
    )
    return RoundRecord(
        round=1,
        strategy=draw(
            st.sampled_from(
                ["anml", "calibrated", "krum", "median", "norm_clipping", "q_only"]
            )
            | st.sampled_from(["fedavg", "geometric_median", "nnm+anml", "mine:rule", "flare"])
        ),
        branch=draw(
            st.sampled_from([None, "uniform", "blend", "krum", "multiplicative", "x"])
        ),
        rho_c=draw(NUMBERS),
        min_s=draw(NUMBERS),
        contributors=tuple(draw(st.lists(people, max_size=5))),
        note=draw(st.none() | st.just("a note")),
        judgement=RoundJudgement(root="none", base_rate=1.0, c=2.0, cap=1.0)
        if judged
        else None,
        measure=Measure(name="length of its update", more=draw(st.booleans()))
        if measured
        else None,
    )


@given(damaged(), st.booleans())
@settings(max_examples=300)
def test_nothing_fails_and_nothing_reads_as_no_number(record, read_back):
    if read_back:
        names = {one.contributor for one in record.contributors}
        if record.judgement and not names:
            return  # which no line of a file can be
        record = RoundRecord.from_json(record.to_json())
    reasons = RoundReasons(record, Dials())
    for reason in reasons.all():
        said = sentences(reasons, reason.contributor)
        said = said.removeprefix(visible(reason.contributor, 40))
        assert not re.search(r"  |None|\b(nan|inf)\b", said)
        assert because(reason)
        json.loads(reason.to_json())
        if not reasons.reproduced:
            assert reason.without == {}
            assert set(reason.parts) <= {"rule", "measure"}
            assert reason.uncut is None
            assert reason.missing is None or record.strategy == "calibrated"


def one_round(kit, n=5, **changes):
    rng = np.random.default_rng(n)
    counts = rng.integers(10, 90, n).astype(float)
    given_round = kit.given(
        rng.normal(size=(n, 12)).astype(np.float32), *rng.uniform(0.3, 0.9, (3, n)), counts
    )
    return given_round.but(**changes)


OLD = ("anml", "softmax_blend", "multiplicative", "q_only", "calibrated", "fedavg", "krum")


def before(record):
    """The record as it was written before it had examples."""
    people = tuple(replace(p, examples=None, measured=None) for p in record.contributors)
    return RoundRecord.from_json(replace(record, contributors=people, measure=None).to_json())


@pytest.mark.parametrize("name", OLD)
def test_records_from_before_have_no_examples_and_are_told_without_counterfactuals(kit, name):
    one = one_round(kit)
    old = before(one.record(name))
    reasons = RoundReasons(old, one.dials)
    assert not reasons.reproduced
    # Nothing shows that they are not the method's.
    assert "not those that" not in decision(reasons)
    assert ("does not say how many examples" in decision(reasons)) == (old.branch is not None)
    for reason, person in zip(reasons.all(), old.contributors, strict=True):
        assert (reason.under, reason.without, reason.uncut) == ({}, {}, None)
        assert reason.parts == pytest.approx({"rule": person.weight - 0.2})
        if name == "calibrated" and not person.selected:
            continue
        assert (reason.decided_by, reason.missing) == ("rule", None)
        left_out = f"it was left out by {name}"
        made = f"this is what {name} made of the updates"
        assert because(reason) == (made if person.selected else left_out)


def test_whom_evidence_left_out_is_told_so_without_examples_too(kit):
    rng = np.random.default_rng(5)
    updates = kit.root().step() + 0.05 * rng.normal(size=(6, 12)).astype(np.float32)
    updates[1:3] *= -4
    signals = np.stack([*rng.uniform(0.2, 0.9, (2, 6)), np.ones(6)])
    one = kit.given(updates.astype(np.float32), *signals, np.full(6, 20.0), root=kit.root())
    record = one.record("calibrated")
    now, then = (RoundReasons(found, one.dials) for found in (record, before(record)))
    out = [person for person in record.contributors if not person.selected]
    assert [person.contributor for person in out] == ["site-b", "site-c"]
    for person in out:
        reason = then.of(person.contributor)
        speaks = {**person.judgement.evidence, "worth": person.judgement.worth}
        assert reason.decided_by == min(speaks, key=speaks.get)
        assert reason.value == speaks[reason.decided_by]
        assert reason.missing == now.of(person.contributor).missing > 0
    # Not so where it does not follow from the evidence.
    people = tuple(replace(person, selected=True) for person in record.contributors[:-1])
    other = replace(record, contributors=(*people, replace(out[0], contributor="site-f")))
    left = RoundReasons(before(other), one.dials).of("site-f")
    assert (left.decided_by, left.missing) == ("rule", None)


@pytest.mark.parametrize("name", OLD)
@pytest.mark.parametrize(
    ("field", "value"),
    [("q", 1.5), ("v", -0.1), ("T", 1.01), ("s", 0.99), ("examples", 0.0), ("examples", -3.0)],
)
def test_signals_that_the_method_cannot_have_had_are_nobodys_reason(kit, name, field, value):
    one = one_round(kit)
    record = one.record(name)
    first, *rest = record.contributors
    broken = replace(record, contributors=(replace(first, **{field: value}), *rest))
    reasons = RoundReasons(broken, one.dials)
    assert not reasons.reproduced
    assert {tuple(reason.under) for reason in reasons.all()} == {()}


@pytest.mark.parametrize("name", [*OLD, "norm_clipping"])
def test_weights_that_are_not_the_methods_are_not_explained_by_it(kit, name):
    one = one_round(kit)
    record = one.record(name)
    first, *rest = record.contributors
    for weight in (first.weight + 1e-6, math.nan):
        people = (replace(first, weight=weight), *rest)
        reasons = RoundReasons(replace(record, contributors=people), one.dials)
        assert not reasons.reproduced
        assert all(not reason.without for reason in reasons.all())
    # Places are among the weights that are numbers.
    assert reasons.all()[0].place is None
    weights = [person.weight for person in rest]
    assert [reason.place for reason in reasons.all()[1:]] == [
        1 + sum(other > weight for other in weights) for weight in weights
    ]


@pytest.mark.parametrize("wrong", [{"fraction": 0.4}, {"alpha": 0.9}, {"tau": 0.1}])
def test_other_settings_than_the_runs_explain_nothing(kit, wrong):
    one = one_round(kit, tau_h=1.0, tau_c=-1.0)
    assert one.reasons("anml").reproduced
    reasons = RoundReasons(one.record("anml"), one.but(**wrong).dials)
    assert not reasons.reproduced
    assert all(not reason.under for reason in reasons.all())


def test_kinds_of_evidence_that_are_called_as_a_factor_is_explain_nothing(kit):
    one = one_round(kit)
    record = one.record("calibrated")
    people = tuple(
        replace(p, judgement=replace(p.judgement, evidence={"examples": p.judgement.l}))
        for p in record.contributors
    )
    reasons = RoundReasons(replace(record, contributors=people), one.dials)
    assert not reasons.reproduced
