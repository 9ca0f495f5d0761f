"""Whom evidence left out comes back slowly; whoever turns is doubted in that round."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anml_fl.method.calibrated.earlier_doubt import EARLIER_DOUBT, doubt, earlier_doubt
from anml_fl.method.calibrated.memory import Memory

# Where a posterior is .3 if eight of ten are honest.
LINE = math.log(0.3 / 0.7) - math.log(0.8 / 0.2)
C = math.log(9)
NATS = st.floats(-40, 40)


@given(st.lists(st.tuples(NATS, st.floats(-4, 0)), min_size=1, max_size=8))
def test_nobody_gains_by_it_and_no_more_is_taken_than_what_came_too_soon(pairs):
    total, doubted = np.array(pairs).T
    taken = earlier_doubt(total, doubted)
    for amount, before, found in zip(total, doubted, taken, strict=True):
        most = LINE + before + 0.25 if before < 0 else math.inf
        assert found <= 0
        assert amount + found == pytest.approx(min(amount, most))


def rounds_out(amounts):
    """Count rounds below the line, of a contributor whose evidence would be some amounts."""
    doubted, out = np.zeros(1), 0
    for amount in amounts:
        total = np.array([float(amount)])
        llr = np.clip(total + earlier_doubt(total, doubted), -6, 6)
        out += bool(llr[0] <= LINE)
        doubted = doubt(llr, doubted)
    return out


def test_it_takes_as_many_rounds_to_come_back_as_quarters_of_a_nat_were_missing():
    # From -6, the most that is ever against somebody, 3.77 are missing; and round 1 itself.
    assert rounds_out([-6] + [6] * 30) == 1 + math.floor((LINE + 6) / 0.25)
    assert rounds_out([-1e9] + [6] * 30) == 1 + math.floor((LINE + 6) / 0.25)
    assert rounds_out([LINE - C - 0.01, *[6] * 30]) == 1 + math.floor((C + 0.01) / 0.25)


def test_whom_a_little_speaks_against_comes_back_at_once():
    assert rounds_out([LINE - C + 0.01, 6, 6]) == 1
    # Nine rounds are held back, in the tenth it is the little that speaks against it.
    assert rounds_out([LINE - C - 0.01, *[LINE - 0.1] * 9, 6, 6]) == 10


def test_trust_has_no_memory():
    assert rounds_out([6] * 20 + [-3]) == 1


def outcome(make_scene, rooted, flips):
    """Judge a contributor that flips its labels in some rounds, and count it in evidence."""
    memory, kept, kinds = Memory(), [], set()
    for number, flipped in enumerate(flips):
        scene = make_scene(number, 6, flipped=int(flipped), rooted=rooted)
        _, found = scene.judged(memory=memory)
        memory = found.memory
        kept.append(bool(found.kept[0]))
        kinds |= found.contributors[0].evidence.keys()
        for one in found.contributors:
            total = sum(one.evidence.values())
            assert one.l == pytest.approx(min(max(total, -6), 6))
    return kept, kinds


def test_who_flipped_labels_is_still_out_when_its_labels_are_right_again(make_scene):
    kept, kinds = outcome(make_scene, rooted=True, flips=[1, 1, 0, 0, 0, 0, 0, 0])
    assert not any(kept)
    assert EARLIER_DOUBT in kinds
    kept, kinds = outcome(make_scene, rooted=True, flips=[0] * 8)
    assert all(kept)
    assert EARLIER_DOUBT not in kinds


def test_without_rows_that_somebody_vouches_for_nothing_is_held_against_anybody(make_scene):
    _, kinds = outcome(make_scene, rooted=False, flips=[1, 1, 0, 0])
    assert EARLIER_DOUBT not in kinds


def test_it_is_remembered_across_a_checkpoint(make_scene):
    _, found = make_scene(0, 6, flipped=1).judged()
    again = Memory.of_state(found.memory.to_state())
    scene = make_scene(1, 6)
    before, after = (scene.judged(memory=memory)[1] for memory in (found.memory, again))
    assert before.contributors[0].evidence[EARLIER_DOUBT] < 0
    assert after.contributors[0].l == pytest.approx(before.contributors[0].l, abs=1e-6)
