"""Four hospitals share a model, and the largest has no weight: it is told why."""

from __future__ import annotations

import math

import pytest

from anml_fl.method.records import RoundRecord
from anml_fl.reasons.round_reasons import RoundReasons
from anml_fl.reasons.schemes import Dials
from anml_fl.reasons.words import because, sentences

# The first round of the preset "hospitals" with seed 1 and 10 local epochs.
LINE = """
{"contributors": [
 {"contributor": "cleveland", "examples": 242.0, "q": 0.0, "selected": false,
  "T": 1.0, "r": 0.4, "s": 0.1, "v": 0.25, "weight": 0.0,
  "reason": null, "refused_credentials": []},
 {"contributor": "hungarian", "examples": 235.0, "q": 0.03967966090396924, "selected": true,
  "T": 1.0, "r": 0.4, "s": 0.1, "v": 0.25, "weight": 0.042281377874905005,
  "reason": null, "refused_credentials": []},
 {"contributor": "switzerland", "examples": 99.0, "q": 0.5173225303108423, "selected": true,
  "T": 1.0, "r": 0.4, "s": 0.1, "v": 0.25, "weight": 0.23222549918767973,
  "reason": null, "refused_credentials": []},
 {"contributor": "va", "examples": 160.0, "q": 1.0, "selected": true,
  "T": 1.0, "r": 0.4, "s": 0.1, "v": 0.25, "weight": 0.7254931229374152,
  "reason": null, "refused_credentials": []}],
 "at": 0.0, "branch": "krum", "bytes_received": 64032, "bytes_sent": 64032,
 "min_s": 0.1, "note": null, "refused": [], "rho_c": null, "round": 1,
 "strategy": "anml", "test_error": 0.44021739130434784}
"""
EXAMPLES = {"cleveland": 242, "hungarian": 235, "switzerland": 99, "va": 160}


@pytest.fixture(scope="module")
def reasons():
    return RoundReasons(RoundRecord.from_json(LINE), Dials())


def test_the_hospital_of_the_most_patients_is_told_why_it_has_no_weight(reasons):
    assert reasons.reproduced
    assert sentences(reasons, "cleveland").replace("\xa0", " ") == (
        "cleveland: 0.0 %; equal shares would be 25.0 %. Its update lay farthest from the"
        " others' (q = 0.00, on average 0.39; the nearest that was kept has 0.04). In"
        " percentage points from an equal share: q −28.9 and examples +3.9. Outside signals"
        " (v · r) did not count: they are the same for all. Only the heaviest are selected:"
        " with all of them 0.0 %. Had q been the same for all: 32.9 %. It would be 32.9 %"
        " under fedavg."
    )
    assert because(reasons.of("va")).startswith("its update lay nearest to the others'")


def test_its_numbers_are_those_that_are_worked_out_by_hand(reasons):
    cleveland = reasons.of("cleveland")
    fedavg = 242 / sum(EXAMPLES.values())
    # By q alone it has nothing, by examples alone fedavg's share, by neither a quarter.
    assert cleveland.parts == pytest.approx(
        {
            "q": ((0 - 0.25) + (0 - fedavg)) / 2,
            "examples": ((fedavg - 0.25) + (0 - 0)) / 2,
        }
    )
    assert cleveland.without == pytest.approx({"q": fedavg, "examples": 0.0})
    assert (cleveland.place, cleveland.uncut, cleveland.line) == (4, 0.0, 0.03967966090396924)
    # The blend, whose three heaviest are cleveland's last: exp(q) and a constant.
    q = {name: reasons.record.contributors[i].q for i, name in enumerate(EXAMPLES)}
    total = math.fsum(math.exp(value) for value in q.values())
    blend = {name: 0.5 * math.exp(q[name]) / total + 0.125 for name in q}
    kept = {name: blend[name] * EXAMPLES[name] for name in sorted(blend, key=blend.get)[1:]}
    assert "cleveland" not in kept
    assert cleveland.under["softmax_blend"] == 0.0
    assert reasons.of("va").under["softmax_blend"] == pytest.approx(
        kept["va"] / math.fsum(kept.values())
    )


def test_what_each_has_is_the_product_of_its_q_and_its_examples(reasons):
    q = {one.contributor: one.q for one in reasons.record.contributors}
    total = math.fsum(q[name] * EXAMPLES[name] for name in q)
    for reason in reasons.all():
        name = reason.contributor
        assert reason.weight == pytest.approx(q[name] * EXAMPLES[name] / total)
    assert math.fsum(reason.weight for reason in reasons.all()) == pytest.approx(1.0)
