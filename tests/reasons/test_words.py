"""Every number in a reason's words is its own, and every direction is that of the numbers."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anml_fl.method.records import RoundRecord
from anml_fl.reasons.amounts import all_apart, apart, compact, fixed
from anml_fl.reasons.evidence_words import signed
from anml_fl.reasons.factor_words import clause
from anml_fl.reasons.reason import Reason
from anml_fl.reasons.round_reasons import RoundReasons
from anml_fl.reasons.words import because, sentences
from anml_fl.system.untrusted_text import visible

RULES = (
    "anml", "softmax_blend", "multiplicative", "q_only", "calibrated", "fedavg", "krum",
    "multikrum", "cge", "dnc", "median", "norm_clipping", "geometric_median", "foolsgold",
    "nnm+anml",
)  # fmt: skip
NUMBER = re.compile(r"[−+-]?\d[\d,]*(?:\.\d+)?(?:e[+-]\d+)?")
# What is said of a number that is less than the mean, and of one that is more.
LESS = ("farthest", "farther", "weaker", "weakest", "less fresh", "least", "fewer", "fewest")
MORE = (
    "nearest to",
    "nearer",
    "stronger",
    "strongest",
    "fresher",
    "freshest",
    "more ex",
    "most ",
)


def reads(text, number):
    """Whether a text is what a number is at the precision shown."""
    plain = text.replace(",", "").replace("−", "-")
    digits, _, power = plain.partition("e")
    decimals = len(digits.partition(".")[2])
    unit = 10.0 ** ((int(power) if power else 0) - decimals)
    return abs(float(plain) - number) <= 0.5 * unit * (1 + 1e-6)


def own_numbers(reasons, reason):
    """A reason's numbers, by how they are written: of all of it, percentages, and points."""
    record, gate = reasons.record, reasons.dials.gate
    shares = [reason.weight, reason.equal, reason.uncut]
    shares += [*reason.under.values(), reason.without.get(reason.decided_by)]
    others = [reason.value, reason.mean, reason.line, reason.missing]
    others += [record.rho_c, record.min_s, gate.tau_h, gate.tau_c]
    return (
        [number for number in others if number is not None],
        [100 * share for share in shares if share is not None],
        [100 * part for part in reason.parts.values()],
    )


def hold(reasons, reason):
    """Hold the words against the data."""
    said = sentences(reasons, reason.contributor)
    heading = f"{visible(reason.contributor, 40)}: "
    assert said.startswith(heading)
    text = said.removeprefix(heading)
    for quoted in (reason.told, reason.measure):
        text = text.replace(visible(quoted, 300), "…") if quoted else text
    assert not re.search(r"  |\.\.|\bnan\b|\binf\b|None|\( | \)", text)
    assert text.endswith(".")
    told = text.split(". ")
    assert all(sentence and sentence[:1] not in " .,;" for sentence in told)
    plain, percentages, points = own_numbers(reasons, reason)
    seen = 0
    for sentence in told:
        in_points = sentence.startswith("In percentage points")
        for match in NUMBER.finditer(sentence):
            shown = sentence[match.end() :].startswith("\xa0%")
            numbers = percentages if shown else points if in_points else plain
            assert any(reads(match[0], number) for number in numbers), (match[0], said)
            seen += 1
    assert seen >= (0 if reason.weight is None else 1)
    measure = reasons.record.measure
    directions(reason, less=bool(reason.measure and measure and not measure.more))


def directions(reason, *, less=False):
    """What decided lies on the side of the mean that the words say, and worked that way."""
    said = because(reason)
    if reason.decided_by in ("q", "credentials", "freshness", "examples"):
        words = said.partition("(")[0]
        low, high = (any(word in words for word in side) for side in (LESS, MORE))
        gained = reason.status == "counted" and reason.parts[reason.decided_by] > 0
        assert low + high + ("no less than others" in words) + ("no more than" in words) == 1
        if low:
            assert reason.value < reason.mean
            assert not gained
        elif high:
            assert reason.value > reason.mean
            assert gained
        else:
            assert ("no less than others" in words) == gained
            assert gained != (reason.value > reason.mean) or reads_alike(reason)
        if "est " in words:
            assert reason.at_an_end == (1 if high else -1)
    elif reason.value is not None and reason.decided_by not in ("measure", "copies", "rule"):
        signs(reason, said)
    if reason.line is not None:
        assert reason.line < reason.value if less else reason.line > reason.value
        assert "nearest that was kept has" in said


def reads_alike(reason, digits=2):
    """Whether value and mean lie within a rounding of each other."""
    return abs(reason.value - reason.mean) <= 10.0**-digits


def signs(reason, said):
    """Words on evidence agree with the part's sign and with the value against the mean."""
    part, value = reason.parts.get(reason.decided_by, 0.0), reason.value
    gained = reason.status == "counted" and part > 0
    above = value > reason.mean
    if "no less than others" in said:
        assert gained
        assert not above or reads_alike(reason, 1)
    elif "no more than others" in said:
        assert not gained
        assert above or reads_alike(reason, 1)
    elif "speaks less for it" in said:
        assert value > 0
        assert not gained
        assert not above
    elif "speaks less against it" in said:
        assert value < 0
        assert gained
        assert above
    elif "speaks for others" in said or "speaks against others" in said:
        assert abs(value) < 0.05001
        assert gained == above == ("against others" in said)
    else:
        assert gained == (value > 0) == above


@given(st.data())
@settings(max_examples=15)
@pytest.mark.parametrize("name", RULES)
def test_every_number_is_the_reasons_own_and_every_direction_that_of_the_numbers(
    kit, name, data
):
    one = data.draw(kit.drawn())
    if name == "calibrated" and data.draw(st.booleans()):
        one = replace(one, root=kit.root())
    reasons = one.reasons(name)
    for reason in reasons.all():
        hold(reasons, reason)


@given(
    decided=st.sampled_from(
        ["q", "credentials", "freshness", "examples", "company", "root direction", "worth"]
    ),
    value=st.floats(-1, 1),
    mean=st.floats(-1, 1),
    part=st.floats(-1, 1),
    out=st.booleans(),
)
def test_directions_are_those_of_the_numbers_whatever_they_are(
    decided, value, mean, part, out
):
    low = value < mean
    reason = Reason(
        contributor="a", strategy="anml", round=1, status="left out" if out else "counted",
        weight=0.0 if out else 0.5, equal=0.5, replies=2, decided_by=decided, value=value,
        mean=mean, at_an_end=-1 if low else int(value > mean), parts={decided: part},
    )  # fmt: skip
    directions(reason)


@pytest.mark.parametrize(
    ("kind", "value", "mean", "part", "said"),
    [
        (
            "company",
            2.0,
            1.0,
            0.1,
            "does better on the trusted rows (company +2.0, on average",
        ),
        (
            "company",
            -2.0,
            1.0,
            -0.1,
            "does worse on the trusted rows (company −2.0, on average",
        ),
        (
            "company",
            -2.0,
            -3.0,
            0.1,
            "“company” speaks less against it than against others (−2.0,",
        ),
        ("company", 2.0, 3.0, -0.1, "“company” speaks less for it than for others (+2.0,"),
        (
            "company",
            0.04,
            -3.0,
            0.1,
            "“company” speaks against others, and not against it (0.0,",
        ),
        ("company", 2.0, 1.0, -0.1, "by “company” it would count no more than others (+2.0,"),
        ("company", -2.0, -1.0, 0.1, "by “company” it would count no less than others (−2.0,"),
        ("worth", 1.5, 0.0, 0.1, "its v and r speak for it (worth +1.5, on average 0.0)"),
        (
            "worth",
            -1.5,
            0.0,
            -0.1,
            "its v and r speak against it (worth −1.5, on average 0.0)",
        ),
        ("worth", None, None, 0.1, "“worth” decided"),
        ("copies", 3.0, 1.5, -0.1, "of its update there are 3.0, on average 1.5"),
        (
            "copies",
            1.0,
            1.5,
            0.1,
            "copies share one weight, and of its update there are 1.0, on",
        ),
    ],
)
def test_evidence_is_said_to_speak_as_it_does(kind, value, mean, part, said):
    reason = Reason(
        contributor="a", strategy="calibrated", round=1, status="counted", weight=0.5,
        equal=0.4, replies=3, decided_by=kind, value=value, mean=mean, parts={kind: part},
    )  # fmt: skip
    assert said in clause(reason)


HOSTILE = ("</b><script>", "a\u202eb", "a\nb", "\x1b[31mred", "x" * 60, "\ud800", "é" * 39)


@pytest.mark.parametrize("name", HOSTILE)
def test_names_that_hide_or_reorder_are_spelled_out(kit, name):
    rng = np.random.default_rng(0)
    one = kit.given(
        rng.normal(size=(5, 12)).astype(np.float32), *np.full((3, 5), 0.5), np.full(5, 9.0)
    )
    record = one.record("anml")
    people = (replace(record.contributors[0], contributor=name), *record.contributors[1:])
    late = replace(people[1], contributor="late", reason=name, q=math.nan, weight=0.0)
    hostile = replace(record, strategy=name, note=name, contributors=(*people, late))
    reasons = RoundReasons(hostile, one.dials)
    for reason in reasons.all():
        said = sentences(reasons, reason.contributor)
        assert said.replace("\xa0", " ").isprintable()
        assert len(because(reason)) < 400
    assert sentences(reasons, name).startswith(f"{visible(name, 40)}: ")
    said = f"late: 0.0\xa0%. No valid reply: {visible(name, 300)}."
    assert sentences(reasons, "late") == said


def test_who_was_refused_is_told_why_and_nothing_else(kit):
    rng = np.random.default_rng(0)
    one = kit.given(
        rng.normal(size=(4, 12)).astype(np.float32),
        *np.full((3, 4), 0.5),
        np.full(4, 9.0),
        refused={"site-z": "num-examples must lie in [1, 1000000000], got 0"},
    )
    reasons = one.reasons("anml")
    said = sentences(reasons, "site-z").replace("\xa0", " ")
    assert said == (
        "site-z: 0.0 %. No valid reply: num-examples must lie in [1, 1000000000], got 0."
    )
    refused = reasons.of("site-z")
    assert (refused.status, refused.place, refused.equal) == ("refused", None, None)
    assert reasons.of("site-a").replies == 4


def test_where_nobodys_update_was_used_the_note_says_why(kit):
    one = kit.given(
        np.ones((2, 12), np.float32), *np.full((3, 2), 0.5), np.full(2, 9.0),
        refused={"site-z": "no reply"},
    )  # fmt: skip
    record = one.record("anml")
    few = "2 valid replies, fewer than 3: the model stays as it is"
    nobody = replace(
        record,
        note=few,
        branch=None,
        contributors=tuple(
            replace(person, weight=0.0, selected=False) for person in record.contributors
        ),
    )
    reasons = RoundReasons(RoundRecord.from_json(nobody.to_json()), one.dials)
    assert [reason.status for reason in reasons.all()] == [*["no new model"] * 2, "refused"]
    said = sentences(reasons, "site-a").replace("\xa0", " ")
    assert said == f"site-a: 0.0 %. Nobody's update was used: {few}."


@given(st.floats(-10, 10), st.floats(-10, 10))
def test_numbers_that_differ_read_differently_as_far_as_digits_go(one, other):
    said, other_said = apart(one, other)
    assert reads(said, one)
    assert reads(other_said, other)
    if abs(one - other) > 1e-6:
        assert said != other_said


@given(st.floats(-1e20, 1e20))
def test_a_number_of_any_size_reads_as_itself(value):
    for write, digits in ((compact, 3), (compact, 5), (fixed, 2), (signed, 1)):
        assert reads(write(value, digits), value)
    assert all_apart(compact, (value, value), 3) == (compact(value),) * 2


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (999.5, "1,000"),
        (999.4, "999"),
        (602.5, "602"),
        (0.0, "0"),
        (-0.0, "0"),
        (1e15, "1e+15"),
    ],
)
def test_counts_are_written_out(value, said):
    assert compact(value) == said


def test_an_unknown_contributor_is_an_error(kit):
    one = kit.given(np.ones((2, 12), np.float32), *np.full((3, 2), 0.5), np.full(2, 9.0))
    with pytest.raises(KeyError, match="nobody"):
        sentences(one.reasons("anml"), "nobody")
