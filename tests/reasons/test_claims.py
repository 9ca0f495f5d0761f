"""What words claim of a round is so: each claim against a computation of its own."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anml_fl.reasons.gate_words import since
from anml_fl.reasons.round_reasons import RoundReasons
from anml_fl.reasons.words import because, sentences


def numbers(rng, n):
    return rng.normal(size=(n, 12)).astype(np.float32), *rng.uniform(0.3, 0.9, (3, n))


def correlation(q, s):
    """Pearson's, by NumPy; of numbers within [0, 1], whose squares it can hold."""
    with np.errstate(all="ignore"):
        spread = [(column - column.min()) / np.ptp(column) for column in (q, s)]
        return float(np.corrcoef(*spread)[0, 1])


@given(st.data())
@settings(max_examples=120)
def test_what_is_said_of_the_gate_is_so(kit, data):
    one = data.draw(kit.drawn())
    cohort, chosen = one.cohort(), one.settings
    q, s, fresh = cohort.q, cohort.signals.s, cohort.signals.T
    reasons = one.reasons("anml")
    said = since(reasons)
    constant = np.ptp(q) == 0 or np.ptp(s) == 0
    if said.startswith("every weight"):
        assert "every weight is zero" in reasons.record.note
        raw = {"uniform": fresh, "krum": q * fresh}.get(reasons.record.branch, fresh)
        assert raw.max() == 0
    elif said.startswith("nobody was doubted"):
        assert s.min() > chosen.tau_h
    elif "counted too" in said:
        assert s.min() <= chosen.tau_h
        assert correlation(q, s) > chosen.tau_c - 1e-9
    else:
        assert said.startswith("outside signals")
        assert "did not count" in said
        assert s.min() <= chosen.tau_h
        assert ("same for all" in said) == constant
        if "(v · r)" in said:
            assert np.ptp(s) == 0
        elif constant:
            assert np.ptp(q) == 0
        else:
            assert correlation(q, s) <= chosen.tau_c + 1e-9
    # What does not count makes no difference, whatever it is.
    if "did not count" in said and not reasons.record.note:
        assert all("credentials" not in reason.parts for reason in reasons.all())


@given(st.data())
@settings(max_examples=40)
@pytest.mark.parametrize("name", ["anml", "softmax_blend", "calibrated", "q_only"])
def test_who_is_left_out_is_so_by_what_decides_that(kit, name, data):
    """Examples and copies weigh those who were kept, and keep nobody."""
    one = data.draw(kit.drawn())
    reasons = one.reasons(name)
    for reason in reasons.all():
        if reason.status == "left out":
            assert reason.decided_by not in (None, "examples", "copies", "rule")
            if reason.decided_by == "order":
                others = [other for other in reasons.all() if other.status == "counted"]
                # Without examples somebody before it by name has no more than it has.
                alike = replace(one.but(example_weighting=False, fraction=1.0)).decide(name)
                weights = dict(zip(one.names, alike.weights, strict=True))
                assert any(
                    weights[other.contributor] == pytest.approx(weights[reason.contributor])
                    and other.contributor < reason.contributor
                    for other in others
                )


def test_who_is_of_few_examples_is_left_out_by_what_leaves_it_out(kit):
    # By q alone, and by s alone, the first two would be kept; by both it is the others.
    q, s = np.array([0.4, 1.0, 0.1, 0.0]), np.array([0.4, 0.3, 1.0, 0.1])
    one = kit.given(
        np.ones((4, 12), np.float32), s, *np.ones((2, 4)), np.array([1.0, 90.0, 90.0, 90.0])
    ).but(fraction=0.5, alpha=0.5, tau=1.0)
    decision = one.decide("softmax_blend", replace(one.cohort(), q=q))
    assert decision.selected.tolist() == [False, True, True, False]
    record = one.record("softmax_blend", decision)
    people = tuple(
        replace(person, q=own) for person, own in zip(record.contributors, q, strict=True)
    )
    reasons = RoundReasons(replace(record, contributors=people), one.dials)
    assert reasons.reproduced
    reason = reasons.of("site-a")
    assert min(reason.parts, key=reason.parts.get) == "examples"
    assert reason.decided_by == min(("q", "credentials"), key=reason.parts.get)


def test_where_a_weight_is_nothing_no_place_by_name_decides(kit):
    # Two agree, and three: the two have the worst score; of the best 70 % one is among them.
    updates = np.ones((5, 12), np.float32)
    updates[:2, 0] = 0
    alike = np.full(5, 0.1)
    one = kit.given(updates, alike, alike, alike, np.ones(5)).but(fraction=0.7)
    assert one.decide("q_only").selected.tolist() == [True, False, True, True, True]
    assert [reason.decided_by for reason in one.reasons("q_only").all()] == ["q"] * 5


def test_whom_freshness_of_nothing_leaves_out_is_told_so_in_every_branch(kit):
    rng = np.random.default_rng(1)
    one = replace(kit.given(*numbers(rng, 5), np.full(5, 9.0)), T=np.array([1, 1, 0, 1, 1.0]))
    for chosen in ({"tau_h": 0.0}, {"tau_h": 1.0, "tau_c": -1.0}):
        reason = one.but(fraction=1.0, **chosen).reasons("anml").of("site-c")
        assert (reason.status, reason.decided_by, reason.at_an_end) == (
            "left out", "freshness", -1,
        )  # fmt: skip


def test_where_every_weight_came_out_as_zero_nothing_is_said_to_have_counted(kit):
    rng = np.random.default_rng(1)
    one = replace(kit.given(*numbers(rng, 5), np.full(5, 9.0)), T=np.zeros(5))
    for name in ("anml", "softmax_blend", "multiplicative"):
        said = since(one.reasons(name))
        assert said == "every weight came out as zero, so that all count the same instead"


def test_a_measure_by_which_a_worse_one_was_kept_did_not_decide(kit):
    one = kit.given(*numbers(np.random.default_rng(1), 6), np.full(6, 9.0))
    record = one.record("multikrum")
    out = [person for person in record.contributors if not person.selected]
    assert {
        r.decided_by for r in one.reasons("multikrum").all() if r.status == "left out"
    } == {"measure"}
    for odd in (0.0, None):
        people = tuple(
            person if person.selected else replace(person, measured=odd)
            for person in record.contributors
        )
        reasons = RoundReasons(replace(record, contributors=people), one.dials)
        for person in out:
            reason = reasons.of(person.contributor)
            assert (reason.decided_by, reason.value) == ("rule", None)
            assert because(reason) == "it was left out by multikrum"


def test_a_mean_beyond_all_numbers_is_not_told(kit):
    one = kit.given(*numbers(np.random.default_rng(1), 6), np.full(6, 9.0))
    record = one.record("cge")
    people = tuple(
        replace(person, measured=1e308 if person.selected else 1.5e308)
        for person in record.contributors
    )
    reasons = RoundReasons(replace(record, contributors=people), one.dials)
    out = [reason for reason in reasons.all() if reason.status == "left out"]
    assert out
    assert {because(reason) for reason in out} == {"it was left out by cge"}


def test_had_q_been_the_same_is_said_with_the_branch_that_it_would_have_changed(kit):
    rng = np.random.default_rng(1)
    one = kit.given(*numbers(rng, 6), np.full(6, 9.0)).but(tau_h=1.0, fraction=1.0)
    for factor, alpha in (("q", 0.9), ("credentials", 0.1)):
        blend = one.but(tau_c=-1.0, alpha=alpha).reasons("anml")
        assert blend.record.branch == "blend"
        told = {r.decided_by: sentences(blend, r.contributor) for r in blend.all()}
        assert ", and outside signals counted all the same: " in told[factor]
    # Neither what the blend alone does nor the gate's fall back on q depends on a branch.
    for other in (one.but(tau_c=1.0).reasons("anml"), one.reasons("softmax_blend")):
        assert all("all the same" not in sentences(other, r.contributor) for r in other.all())


def test_three_are_told_that_q_says_nothing_and_the_last_that_its_name_decided(kit):
    rng = np.random.default_rng(1)
    one = kit.given(*numbers(rng, 3), np.array([10.0, 20.0, 30.0]))
    one = replace(one, T=np.ones(3)).but(tau_h=1.0)
    reasons = one.reasons("anml")
    assert [sentences(reasons, name).replace("\xa0", " ") for name in one.names[1:]] == [
        "site-b: 66.7 %; equal shares would be 33.3 %. Its place by name decided: others weigh"
        " as much, and not all are selected. Outside signals did not count: q is the"
        " same for all, so that nothing shows whether they go along with it."
        f" {under(one, 1)} The round's note: 3 valid replies, fewer than 4: q = 1 for all.",
        "site-c: 0.0 %; equal shares would be 33.3 %. Its place by name decided: others weigh"
        " as much, and not all are selected. In percentage points from an equal share: order"
        " −50.0 and examples +16.7. Outside signals did not count: q is the same for all, so"
        " that nothing shows whether they go along with it. Only the heaviest are selected:"
        f" with all of them 50.0 %. {under(one, 2)} The round's note: 3 valid replies, fewer"
        " than 4: q = 1 for all.",
    ]


def under(one, row):
    """Say by the real rules what the share would be where it differs."""
    told = {}
    for name in ("fedavg", "softmax_blend", "multiplicative", "q_only"):
        share = f"{100 * one.decide(name).weights[row]:.1f} %"
        told.setdefault(share, []).append(name)
    own = f"{100 * one.decide('anml').weights[row]:.1f} %"
    parts = [
        f"{share} under {' and '.join(filter(None, [', '.join(names[:-1]), names[-1]]))}"
        for share, names in told.items()
        if share != own
    ]
    return f"It would be {', '.join(parts)}."


def test_one_that_is_alone_is_told_so(kit):
    one = kit.given(*numbers(np.random.default_rng(1), 1), np.full(1, 9.0))
    for name in ("anml", "calibrated", "krum"):
        reasons = one.reasons(name)
        assert because(reasons.of("site-a")) == "it alone sent a valid reply"
        assert "equal shares would be 100.0" in sentences(reasons, "site-a")


def test_under_a_coordinate_wise_rule_nobody_has_a_share(kit):
    one = kit.given(*numbers(np.random.default_rng(1), 7), np.full(7, 9.0))
    reasons = one.reasons("median")
    said = sentences(reasons, "site-a")
    assert said.startswith(
        "site-a: no share of its own. No contributor has a share under median. It would be "
    )
    bulyan = one.but(n_byzantine=1).reasons("bulyan")
    out = [reason for reason in bulyan.all() if reason.status == "left out"]
    assert {because(reason) for reason in out} == {"it was left out by bulyan"}


def test_an_estimated_q_is_told_with_how_well_it_is(kit):
    one = kit.given(*numbers(np.random.default_rng(1), 7), np.full(7, 9.0)).but(tau_h=1.0)
    note = "q by 4 landmarks of 7 contributors: over the landmarks its rank correlation is .9"
    reasons = RoundReasons(replace(one.record("anml"), note=note), one.dials)
    assert all(
        sentences(reasons, name).endswith(f"The round's note: {note}.") for name in one.names
    )


@pytest.mark.parametrize("field", ["rho_c", "min_s", "branch"])
def test_of_a_gate_that_says_otherwise_now_nothing_is_said(kit, field):
    one = kit.given(*numbers(np.random.default_rng(1), 6), np.full(6, 9.0)).but(tau_h=1.0)
    record = one.record("anml")
    assert since(RoundReasons(record, one.dials))
    other = {"rho_c": 0.95, "min_s": 0.01, "branch": "multiplicative"}[field]
    assert not since(RoundReasons(replace(record, **{field: other}), one.dials))
    assert not since(RoundReasons(record, one.but(tau_h=0.1).dials))


@pytest.mark.parametrize("name", ["q_only", "softmax_blend", "fedavg", "krum", "calibrated"])
def test_rules_without_a_gate_are_told_nothing_of_one(kit, name):
    one = kit.given(*numbers(np.random.default_rng(1), 6), np.full(6, 9.0))
    assert since(one.reasons(name)) == ""
    assert not re.search("rho_c|doubted|counted too", sentences(one.reasons(name), "site-a"))
