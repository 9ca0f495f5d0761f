"""Judgements in records: every number comes back, and what cannot be meant is refused."""

from __future__ import annotations

import dataclasses
import json
import math
from types import MappingProxyType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anml_fl.method.judgement import (
    LONGEST_KIND,
    LONGEST_ROOT,
    MOST_KINDS,
    ContributorJudgement,
    RoundJudgement,
)
from anml_fl.method.records import ContributorRecord, RoundRecord

nats = st.floats(allow_nan=False, allow_infinity=False)
length = st.floats(min_value=0)
text = st.text(st.characters(categories=("L", "N", "P")), min_size=1, max_size=LONGEST_KIND)
named = st.dictionaries(text, nats, max_size=MOST_KINDS)
of_one = st.builds(
    ContributorJudgement,
    evidence=named,
    l=nats,
    worth=nats,
    posterior=st.floats(0, 1),
    copies=st.floats(1, 1e6),
    norm=length,
    bound=length,
)
of_all = st.builds(
    RoundJudgement,
    root=text,
    base_rate=nats,
    c=st.floats(0, 1e6),
    slopes=st.dictionaries(text, st.floats(0, 1e6), max_size=MOST_KINDS),
    cap=length,
    damping=st.floats(0, 1),
)

ONE = ContributorJudgement(
    evidence={"company": -2.8, "root function": 0.25},
    l=-2.55,
    worth=0.5,
    posterior=0.125,
    copies=1.0,
    norm=2.0,
    bound=math.inf,
)
ALL = RoundJudgement(
    root="80 rows of the server's", base_rate=1.5, c=2.2, slopes={"v": 0.7}, cap=3.0
)


def record(people, whole):
    return RoundRecord(
        round=1,
        strategy="calibrated",
        branch=None,
        rho_c=math.nan,
        min_s=math.nan,
        contributors=tuple(
            ContributorRecord(f"c{i}", 1.0, 0.5, 0.5, 1.0, 0.25, 0.5, True, judgement=one)
            for i, one in enumerate(people)
        ),
        judgement=whole,
    )


@given(st.lists(of_one, min_size=1, max_size=4), of_all)
def test_every_number_comes_back(people, whole):
    written = record(people, whole)
    back = RoundRecord.from_json(written.to_json())
    assert back.judgement == whole
    assert [one.judgement for one in back.contributors] == people
    assert back.to_json() == written.to_json()


def test_no_bound_is_null_and_the_line_is_plain_json():
    def refuse(constant):
        raise AssertionError(constant)

    line = record([ONE], ALL).to_json()
    assert json.loads(line, parse_constant=refuse)["contributors"][0]["judgement"] == {
        "evidence": {"company": -2.8, "root function": 0.25},
        "l": -2.55,
        "worth": 0.5,
        "posterior": 0.125,
        "copies": 1.0,
        "norm": 2.0,
        "bound": None,
    }


def test_a_record_without_judgements_does_not_speak_of_them():
    assert "judgement" not in record([None, None], None).to_json()


def test_numbers_of_numpy_and_a_rules_own_mapping_become_pythons():
    mine = {"company": np.float32(0.5)}
    one = dataclasses.replace(ONE, evidence=MappingProxyType(mine), l=np.float64(2), copies=2)
    mine["company"] = np.float32(9)
    assert one.evidence == {"company": 0.5}
    assert [type(x) for x in (one.evidence["company"], one.l, one.copies)] == [float] * 3
    assert RoundRecord.from_json(record([one], ALL).to_json()).contributors[0].judgement == one


ILL = [
    ({"posterior": 1.5}, r"posterior must be a number in \[0, 1\], got 1.5"),
    ({"posterior": -0.1}, "posterior"),
    ({"posterior": math.nan}, "posterior"),
    ({"posterior": True}, "posterior must .* got True"),
    ({"posterior": "0.5"}, "posterior must .* got '0.5'"),
    ({"l": math.inf}, "l must be a finite number, got inf"),
    ({"worth": None}, "worth must be a finite number, got None"),
    ({"worth": 10**400}, "worth must be a finite number, got 1000"),
    ({"copies": 0.5}, "copies must be a finite number >= 1, got 0.5"),
    ({"bound": -1e-9}, "bound must be a number >= 0, got -1e-09"),
    ({"bound": math.nan}, "bound must be a number >= 0, got nan"),
    ({"norm": -2.0}, "norm"),
    ({"evidence": [1.0]}, "evidence must be a mapping from names to numbers, got list"),
    ({"evidence": {"company": math.nan}}, r"evidence\['company'\] must be a finite number"),
    ({"evidence": {"company": {}}}, r"evidence\['company'\] must be a finite number, got {}"),
    ({"evidence": {"": 1.0}}, "a name in evidence must be printable text of 1 to 40 letters"),
    ({"evidence": {"a\nb": 1.0}}, r"got 'a\\nb'"),
    ({"evidence": {"\u202eevil": 1.0}}, r"got '\\u202eevil'"),
    ({"evidence": {"x" * 41: 1.0}}, "a name in evidence"),
    ({"evidence": {str(i): 1.0 for i in range(17)}}, "at most 16 names, got 17"),
]
ILL_OF_ALL = [
    ({"root": ""}, "root must be printable text of 1 to 200 letters, got ''"),
    ({"root": "a\tb"}, "root"),
    ({"root": 80}, "root must .* got int"),
    ({"root": "x" * (LONGEST_ROOT + 1)}, "root"),
    ({"base_rate": math.inf}, "base_rate must be a finite number"),
    ({"c": -1.0}, "c must be a finite number >= 0, got -1"),
    ({"slopes": {"v": -0.1}}, r"slopes\['v'\] must be a finite number >= 0"),
    ({"slopes": 3}, "slopes must be a mapping"),
    ({"cap": -1.0}, "cap must be a number >= 0"),
    ({"damping": 1.01}, r"damping must be a number in \[0, 1\]"),
]


@pytest.mark.parametrize(("changes", "said"), ILL, ids=[str(c)[:40] for c, _ in ILL])
def test_what_cannot_be_meant_of_one_is_refused(changes, said):
    with pytest.raises(ValueError, match=said):
        dataclasses.replace(ONE, **changes)


@pytest.mark.parametrize(
    ("changes", "said"), ILL_OF_ALL, ids=[str(c)[:40] for c, _ in ILL_OF_ALL]
)
def test_what_cannot_be_meant_of_all_is_refused(changes, said):
    with pytest.raises(ValueError, match=said):
        dataclasses.replace(ALL, **changes)


def edited(change):
    fields = json.loads(record([ONE], ALL).to_json())
    change(fields, fields["contributors"][0])
    return json.dumps(fields)


HOSTILE = {
    "an unknown name": lambda _, one: one["judgement"].update(surprise=1),
    "an unknown name of the round": lambda all_, _: all_["judgement"].update(surprise=1),
    "a missing name": lambda _, one: one["judgement"].pop("bound"),
    "a missing name of the round": lambda all_, _: all_["judgement"].pop("cap"),
    "a list": lambda _, one: one.update(judgement=[1]),
    "a number": lambda _, one: one.update(judgement=1),
    "a text": lambda all_, _: all_.update(judgement="none"),
    "null where nothing may be": lambda _, one: one["judgement"].update(l=None),
    "a nested mapping": lambda _, one: one["judgement"].update(evidence={"a": {"b": 1}}),
    "an integer beyond float64": lambda _, one: one["judgement"].update(norm=10**400),
    "a posterior above 1": lambda _, one: one["judgement"].update(posterior=2),
    "a contributor's alone": lambda all_, _: all_.pop("judgement"),
    "the round's alone": lambda _, one: one.pop("judgement"),
}


@pytest.mark.parametrize("change", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_line_is_refused_as_no_record(change):
    with pytest.raises(ValueError, match=r"must|not a round record"):
        RoundRecord.from_json(edited(change))


def test_judgements_cannot_be_changed():
    for one, name in ((ONE, "posterior"), (ALL, "cap")):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(one, name, 0.5)
