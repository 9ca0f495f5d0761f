"""Rounds that somebody made to break the rule, and who comes, goes and returns."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anml_fl.method.calibrated.memory import Memory
from anml_fl.method.calibrated.root import Root

HUGE = float(np.finfo(np.float32).max)


def checked(scene, memory=None, v=None, r=None):
    """Judge a round as a strategy does; everything in it must be a number."""
    with np.errstate(over="ignore", invalid="ignore"):
        observed, found = scene.judged(v, r, memory)
    assert np.isfinite(found.shares).all()
    assert (found.shares >= 0).all()
    assert found.shares.sum() == pytest.approx(1.0 if found.kept.any() else 0.0)
    assert 0 <= found.round.damping <= 1
    for one in found.contributors:
        numbers = [*one.evidence.values(), one.l, one.worth, one.posterior, one.copies]
        assert np.isfinite(numbers).all()
        assert not np.isnan(one.bound)
    assert np.isfinite(found.round.base_rate)
    assert all(np.isfinite(kept).all() for kept in found.memory.sums.values())
    return observed, found


@pytest.mark.parametrize("rooted", [True, False])
@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_few_are_judged(make_scene, n, rooted):
    _, found = checked(make_scene(0, n, rooted=rooted))
    assert found.kept.all()
    np.testing.assert_allclose(found.shares, 1 / n, atol=0.12)


@pytest.mark.parametrize("rooted", [True, False])
def test_updates_of_nothing_move_nothing(make_scene, rooted):
    scene = make_scene(0, 6, rooted=rooted)
    observed, found = checked(scene.but(updates=np.zeros_like(scene.updates)))
    assert observed.cap == 0
    assert all(one.bound == 0 for one in found.contributors)


@pytest.mark.parametrize("rooted", [True, False])
def test_one_among_updates_of_nothing_is_cut_off(make_scene, rooted):
    scene = make_scene(0, 6, rooted=rooted)
    updates = np.zeros_like(scene.updates)
    updates[2] = scene.updates[2]
    observed, found = checked(scene.but(updates=updates))
    assert not ((found.shares * observed.scales) @ updates).any()


@pytest.mark.parametrize("rooted", [True, False])
def test_all_the_same_share_alike(make_scene, rooted):
    scene = make_scene(0, 6, rooted=rooted)
    updates = np.tile(scene.updates[:1], (6, 1))
    _, found = checked(scene.but(updates=updates))
    np.testing.assert_allclose(found.shares, 1 / 6)


@pytest.mark.parametrize("rooted", [True, False])
@pytest.mark.parametrize("length", [1e-200, 1e-30, 1e30, 1e200])
def test_a_length_beyond_reason_is_cut_off(make_scene, rooted, length):
    scene = make_scene(0, 6, rooted=rooted)
    updates = scene.updates.copy()
    updates[0] *= length
    observed, found = checked(scene.but(updates=updates))
    part = np.linalg.norm(found.shares[0] * observed.scales[0] * updates[0])
    assert part <= found.contributors[0].bound
    assert observed.cap <= 2 * np.linalg.norm(updates[1:], axis=1).max()
    assert found.kept[1:].all()


@pytest.mark.parametrize("rooted", [True, False])
def test_the_largest_numbers_of_float32_are_cut_off(make_scene, rooted):
    scene = make_scene(0, 6, rooted=rooted)
    updates = scene.updates.astype(np.float32)
    updates[0] = HUGE
    _, found = checked(scene.but(updates=updates))
    assert found.kept[1:].all()
    checked(scene.but(updates=np.full_like(updates, HUGE)))


@pytest.mark.parametrize("copies", [2, 3])
def test_copies_of_one_count_once(make_scene, copies):
    scene = make_scene(0, 8, rooted=True)
    updates = scene.updates.copy()
    updates[:copies] = updates[0]
    _, found = checked(scene.but(updates=updates))
    alone = found.shares[copies:].mean()
    assert found.shares[:copies].sum() == pytest.approx(alone, rel=0.1)


def test_a_root_set_of_one_class_tells_nobody_apart_by_error(make_scene):
    scene = make_scene(0, 6)
    root = replace(scene.root, labels=np.zeros(40, np.int64))
    checked(scene.but(root=root))


def test_a_model_of_values_is_judged(make_scene):
    scene = make_scene(0, 6)
    x = np.linspace(-1, 1, 12)

    def outputs(steps):
        return np.stack([(x * step[0] + step[1])[:, None] for step in steps])

    root = Root(x, 1, outputs, lambda: scene.updates.mean(axis=0), "12 rows")
    checked(scene.but(root=root))


def test_outputs_at_their_ends_are_judged(make_scene):
    scene = make_scene(0, 6)
    root = replace(
        scene.root, outputs=lambda s: np.full((len(s), 40, 4), 1e6) * np.sign(s.sum() + 1e-9)
    )
    checked(scene.but(root=root))


@given(
    seed=st.integers(0, 1000),
    rooted=st.booleans(),
    present=st.lists(st.sets(st.integers(0, 6), min_size=1), min_size=1, max_size=5),
)
@settings(max_examples=40, deadline=None)
def test_who_comes_and_goes_is_judged_and_kept_in_mind(make_scene, seed, rooted, present):
    memory, seen = Memory(), set()
    for number, who in enumerate(present):
        scene = make_scene(seed + number, 7, 2, rooted=rooted)
        chosen = sorted(who)
        part = scene.but(
            updates=scene.updates[chosen],
            examples=scene.examples[chosen],
            names=tuple(scene.names[i] for i in chosen),
        )
        found = checked(part, memory)[1]
        seen |= {*part.names}
        # As between two rounds, and after a restart.
        memory = Memory.of_state(found.memory.to_state())
        assert seen == {*memory.contributors} - {""}
    absent = make_scene(seed, 7).names[0]
    alone = make_scene(seed + 99, 7, rooted=rooted)
    later = checked(alone.but(updates=alone.updates[1:], examples=np.ones(6),
                              names=alone.names[1:]), memory)[1].memory  # fmt: skip
    for name, kept in memory.sums.items():
        if name != "age":
            shape = kept.shape[1:]
            np.testing.assert_allclose(
                later.of(name, (absent,), shape), memory.of(name, (absent,), shape)
            )


def test_memory_is_the_decayed_sum_of_the_rounds_that_each_took_part_in():
    rng = np.random.default_rng(0)
    memory, history = Memory(), {name: [] for name in "abcd"}
    for _ in range(12):
        who = [name for name in "abcd" if rng.uniform() < 0.6] or ["a"]
        values = rng.normal(size=(len(who), 3))
        memory = memory.added("x", who, values, 0.8)
        for name, value in zip(who, values, strict=True):
            history[name].append(value)
    for name, values in history.items():
        expected = sum(0.8**age * value for age, value in enumerate(reversed(values)))
        np.testing.assert_allclose(memory.of("x", (name,), (3,))[0], expected)
        read = Memory.of_state(memory.to_state())
        np.testing.assert_allclose(read.of("x", (name,), (3,))[0], expected, rtol=1e-6)


def test_memory_of_another_model_counts_as_none():
    memory = Memory().added("x", ("a",), np.ones((1, 3)), 0.5)
    assert not memory.of("x", ("a",), (4,)).any()
    again = memory.added("x", ("a", "b"), np.ones((2, 4)), 0.5)
    np.testing.assert_array_equal(again.of("x", ("a", "b"), (4,)), np.ones((2, 4)))


def test_nothing_is_remembered_of_a_run_that_has_not_begun():
    assert Memory().to_state() == {}
    assert Memory.of_state({}) == Memory()
