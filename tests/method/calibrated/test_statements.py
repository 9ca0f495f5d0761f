"""The three statements of docs/calibrated.md, and what must not matter to the rule."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logit

from anml_fl.method.calibrated.claimed_counts import LARGEST
from anml_fl.method.calibrated.credential_worth import C, credential_worth
from anml_fl.method.calibrated.influence import MOST, influence_bounds, norm_cap
from anml_fl.method.calibrated.memory import Memory

THRESHOLD = float(logit(0.3))
SEEDS = st.integers(0, 2**31)
UNIT = st.floats(0, 1)


def rounds(make_scene, seed, n, flipped, rounds=2, **options):
    """Judge rounds with neutral credentials; the memory before the last one, and its scene."""
    memory = Memory()
    for at in range(rounds):
        last = make_scene(seed + at, n, flipped, **options)
        before = memory
        memory = last.judged(memory=memory)[1].memory
    return last, before


def step_of(observed, verdict):
    pulls = verdict.round.damping * verdict.shares * observed.scales
    return pulls @ observed.updates


def capped(observed):
    return observed.updates * observed.scales[:, None]


def evidence_of(verdict):
    """e, from the numbers that the record has."""
    judged = verdict.contributors
    return np.array([logit(one.posterior) - one.worth for one in judged]) - THRESHOLD


def weights_of(observed, verdict):
    """w in counts, from the numbers that the record has: m (1 + e / c) at most."""
    vouched = verdict.round.root != "none"
    earned = np.clip(evidence_of(verdict) / C, 0, 1) * vouched
    middle = np.median(observed.examples)
    return kept_of(verdict) * np.minimum(
        observed.examples, middle * (1 + (LARGEST - 1) * earned)
    )


def kept_of(verdict):
    """rho, from the numbers that the record has."""
    judged = zip(verdict.kept, verdict.contributors, strict=True)
    return np.array([yes * one.posterior / one.copies for yes, one in judged])


def sure(examples):
    return np.minimum(examples, np.median(examples))


# (a) No purchase.


@given(
    seed=SEEDS,
    n=st.integers(1, 12),
    share=st.floats(0, 0.8),
    skewed=st.booleans(),
    credentials=st.data(),
)
@settings(max_examples=80)
def test_no_credential_moves_whom_evidence_settles(
    make_scene, seed, n, share, skewed, credentials
):
    scene, memory = rounds(make_scene, seed, n, round(share * n), skewed=skewed)
    neutral = scene.judged(memory=memory)[1]
    e = np.array([one.l for one in neutral.contributors]) + neutral.round.base_rate - THRESHOLD
    signals = st.lists(st.sampled_from([0.0, 1.0]) | UNIT, min_size=n, max_size=n).map(
        np.array
    )
    for _ in range(3):
        v, r = credentials.draw(signals), credentials.draw(signals)
        found = scene.judged(v, r, memory)[1]
        # Evidence and base rate know nothing of credentials.
        assert [one.evidence for one in found.contributors] == [
            one.evidence for one in neutral.contributors
        ]
        assert found.round.base_rate == neutral.round.base_rate
        assert all(abs(one.worth) <= C for one in found.contributors)
        assert not found.kept[e <= -C].any()
        assert found.kept[e > C].all()


def test_both_ends_of_the_evidence_are_met(make_scene):
    low = high = 0
    for seed in range(12):
        scene, memory = rounds(make_scene, seed, 10, 3, rounds=3)
        found = scene.judged(memory=memory)[1]
        e = np.array([one.l for one in found.contributors]) + found.round.base_rate - THRESHOLD
        low, high = low + (e <= -C).sum(), high + (e > C).sum()
    assert low >= 30
    assert high >= 70


@given(seed=SEEDS, n=st.integers(1, 9), share=st.floats(0, 0.8), credentials=st.data())
@settings(max_examples=60)
def test_without_a_root_set_the_better_half_is_kept_whatever_the_credentials(
    make_scene, seed, n, share, credentials
):
    scene = make_scene(seed, n, round(share * n), rooted=False)
    signals = st.lists(st.sampled_from([0.0, 1.0]) | UNIT, min_size=n, max_size=n).map(
        np.array
    )
    found = scene.judged(credentials.draw(signals), credentials.draw(signals))[1]
    llr = np.array([one.l for one in found.contributors])
    half = -(-n // 2)
    assert found.kept[llr > np.sort(llr)[::-1][half - 1]].all()
    assert found.kept.sum() >= half


@given(seed=SEEDS, n=st.integers(2, 15), own=UNIT)
@settings(max_examples=100)
def test_the_verdict_on_a_contributor_never_enters_its_own_worth(seed, n, own):
    rng = np.random.default_rng(seed)
    verdicts, v, r = rng.uniform(size=(3, n))
    before, _ = credential_worth(verdicts, v, r, 1.0)
    verdicts[0] = own
    after, _ = credential_worth(verdicts, v, r, 1.0)
    assert after[0] == pytest.approx(before[0], abs=1e-5)


@given(seed=SEEDS, n=st.integers(1, 15), verdict=st.floats(0, 1))
@settings(max_examples=200)
def test_credentials_above_the_mean_never_count_against_their_owner(seed, n, verdict):
    rng = np.random.default_rng(seed)
    verdicts, v, r = rng.uniform(size=(3, n))
    verdicts[rng.uniform(size=n) < 0.5] = verdict
    worth, slopes = credential_worth(verdicts, v, r, rng.normal())
    assert (worth[(v >= v.mean()) & (r >= r.mean())] >= 0).all()
    assert (worth[(v <= v.mean()) & (r <= r.mean())] <= 0).all()
    assert (slopes >= 0).all()


# (b) Do no harm.


@given(
    seed=SEEDS,
    n=st.integers(1, 12),
    share=st.floats(0, 1),
    rooted=st.booleans(),
    skewed=st.booleans(),
    spread=st.floats(0, 4),
)
@settings(max_examples=120)
def test_the_step_is_no_further_from_fedavg_than_what_is_left_out(
    make_scene, seed, n, share, rooted, skewed, spread
):
    scene = make_scene(seed, n, round(share * n), rooted=rooted, skewed=skewed)
    examples = np.exp(spread * np.random.default_rng(seed).normal(size=n))
    observed, found = scene.but(examples=examples).judged()
    vectors, fedavg = capped(observed), examples / examples.sum()
    weights = weights_of(observed, found)
    if found.kept.any():
        np.testing.assert_allclose(found.shares, weights / weights.sum(), rtol=1e-9)
    cut = sure(examples)
    assert found.round.damping == pytest.approx(
        min(1, MOST * float(cut @ kept_of(found)) / cut.sum())
    )
    # W: what is left of FedAvg's own shares.
    left = weights.sum() / examples.sum()
    apart = max(np.linalg.norm(a - b) for a in vectors for b in vectors)
    slack = 1e-9 * (1 + observed.cap)
    off = np.linalg.norm(step_of(observed, found) - fedavg @ vectors)
    factor = found.round.damping
    bound = factor * (1 - left) * apart + (1 - factor) * observed.cap
    assert off <= bound + slack
    assert off <= 2 * observed.cap * (1 - factor * left) + slack
    # The same of FedAvg as it is, on updates of any length.
    beyond = fedavg @ np.maximum(observed.norms - observed.cap, 0)
    off = np.linalg.norm(step_of(observed, found) - fedavg @ observed.updates)
    assert off <= bound + beyond + slack


@pytest.mark.parametrize("skewed", [False, True])
def test_nobody_attacks_and_the_mean_excess_is_within_what_exclusion_explains(
    make_scene, held_out_loss, skewed
):
    excess, bounds, excluded, missing = [], [], [], []
    for seed in range(60):
        scene, memory = rounds(make_scene, 3 * seed, 10, 0, skewed=skewed, started=True)
        observed, found = scene.judged(memory=memory)
        vectors = capped(observed)
        ours = held_out_loss(scene.model + step_of(observed, found))
        excess.append(ours - held_out_loss(scene.model + observed.base @ observed.updates))
        excluded.append(float(observed.base @ ~found.kept))
        missing.append(1 - float(weights_of(observed, found).sum()) / 10)
        apart = max(np.linalg.norm(a - b) for a in vectors for b in vectors)
        cut = float(observed.base @ np.maximum(observed.norms - observed.cap, 0))
        bounds.append((apart, cut))
    apart, cut = np.array(bounds).T
    # E excess <= L (max D (false exclusion + shortfall of those who are kept) + E cut).
    shortfall = np.mean(missing) - np.mean(excluded)
    most = apart.max() * (np.mean(excluded) + shortfall) + cut.mean()
    assert np.mean(excess) <= held_out_loss.lipschitz * most
    # What is lost in fact is less than what a hundredth of a nat would be.
    assert np.mean(excess) <= 0.01
    if not skewed:
        assert np.mean(excluded) <= 0.03


# (c) Bounded influence.


@given(
    norms=st.lists(st.floats(0, 1e6), min_size=1, max_size=11),
    attackers=st.lists(st.floats(0, 1e30), max_size=10),
)
@settings(max_examples=300)
def test_a_minority_never_lifts_the_cap_above_twice_the_longest_honest_update(
    norms, attackers
):
    f = attackers[: len(norms) - 1]
    assert len(f) < (len(f) + len(norms)) / 2
    cap = norm_cap(np.array([*f, *norms]))
    assert cap <= 2 * max(norms)
    assert cap >= 2 * min(norms)


@given(
    seed=SEEDS,
    n=st.integers(1, 12),
    share=st.floats(0, 1),
    rooted=st.booleans(),
    chosen=st.lists(st.booleans(), min_size=12, max_size=12),
    stretch=st.floats(1e-3, 1e12),
)
@settings(max_examples=100)
def test_any_group_moves_the_model_by_no_more_than_its_base_share_allows(
    make_scene, seed, n, share, rooted, chosen, stretch
):
    scene = make_scene(seed, n, round(share * n), rooted=rooted)
    rng = np.random.default_rng(seed)
    group, examples = np.array(chosen[:n]), rng.uniform(0.1, 1, n) ** 3
    updates = scene.updates.copy()
    updates[group] *= stretch
    scene = scene.but(updates=updates, examples=examples)
    observed, found = scene.judged(*rng.uniform(size=(2, n)))
    pulls = found.round.damping * found.shares * observed.scales
    part = np.linalg.norm(pulls[group] @ observed.updates[group])
    claimed, cut = np.minimum(examples, LARGEST * np.median(examples)), sure(examples)
    below = (claimed - cut)[group].sum() + cut.sum() / MOST
    share = claimed[group].sum() / below
    most = observed.cap * min(1.0, share)
    assert part <= most * (1 + 1e-9)
    each = np.linalg.norm(pulls[:, None] * observed.updates, axis=1)
    bounds = np.array([one.bound for one in found.contributors])
    assert (each <= bounds * (1 + 1e-9)).all()


@given(
    seed=SEEDS,
    n=st.integers(3, 8),
    rooted=st.booleans(),
    skewed=st.booleans(),
    mix=st.lists(st.floats(-1, 1), min_size=9, max_size=9),
    length=st.floats(-3, 12),
    claim=st.floats(1e-3, 1e9),
)
@settings(max_examples=150)
def test_the_printed_bound_holds_for_whatever_one_sends_instead(
    make_scene, seed, n, rooted, skewed, mix, length, claim
):
    scene = make_scene(seed, n, 0, rooted=rooted, skewed=skewed)
    printed = scene.judged()[1].contributors[0].bound
    # Any mixture of the others' updates and of what a large clean set leads to.
    clean = make_scene(seed + 1, 40, 0, rooted=False).updates.mean(axis=0)
    instead = np.array(mix[:n]) @ np.concatenate([scene.updates[1:], clean[None]])
    updates, examples = scene.updates.copy(), scene.examples.copy()
    updates[0], examples[0] = instead * 10.0**length, claim
    observed, found = scene.but(updates=updates, examples=examples).judged()
    part = np.linalg.norm(
        found.round.damping * found.shares[0] * observed.scales[0] * updates[0]
    )
    assert part <= printed * (1 + 1e-9)


@given(
    others=st.lists(
        st.tuples(st.floats(0, 1e6), st.floats(0.01, 1e6)), min_size=2, max_size=8
    ),
    sent=st.tuples(st.floats(0, 1e30), st.floats(0.01, 1e30)),
)
@settings(max_examples=300)
def test_no_length_and_no_claim_lets_one_have_more_than_its_bound(others, sent):
    norms, examples = np.array([(1.0, 1.0), *others]).T
    bound = influence_bounds(norms, examples)[0]

    def had(norm, claim):
        cap = norm_cap(np.array([norm, *norms[1:]]))
        claims = np.array([claim, *examples[1:]])
        counted, middle = (
            min(claim, LARGEST * np.median(claims)),
            min(claim, np.median(claims)),
        )
        most = counted / (counted - middle + sure(claims).sum() / MOST)
        return min(norm, cap) * (min(1.0, most) if most > 0 else 1.0)

    assert had(*sent) <= bound * (1 + 1e-9)
    # It is met by who sends, and claims, the most.
    assert bound == pytest.approx(had(1e30, 1e30))


def test_nothing_bounds_one_of_two():
    assert np.isinf(influence_bounds(np.ones(2), np.full(2, 0.5))).all()
    assert np.isinf(influence_bounds(np.ones(1), np.ones(1))).all()


# What must not matter.


@given(seed=SEEDS, n=st.integers(2, 10), rooted=st.booleans(), skewed=st.booleans())
@settings(max_examples=60)
def test_the_order_of_contributors_does_not_matter(make_scene, seed, n, rooted, skewed):
    scene, memory = rounds(make_scene, seed, n, n // 3, rooted=rooted, skewed=skewed)
    rng = np.random.default_rng(seed)
    order, (v, r) = rng.permutation(n), rng.uniform(size=(2, n))
    _, found = scene.judged(v, r, memory)
    names = tuple(scene.names[i] for i in order)
    turned = scene.but(updates=scene.updates[order], names=names)
    _, again = turned.judged(v[order], r[order], memory)
    np.testing.assert_allclose(again.shares, found.shares[order], rtol=1e-6, atol=1e-9)
    np.testing.assert_array_equal(again.kept, found.kept[order])


@given(seed=SEEDS, n=st.integers(1, 10), power=st.integers(-60, 60))
@settings(max_examples=60)
def test_the_scale_of_all_updates_does_not_matter_without_a_root_set(
    make_scene, seed, n, power
):
    scene = make_scene(seed, n, n // 3, rooted=False)
    _, found = scene.judged()
    _, scaled = scene.but(updates=scene.updates * 2.0**power).judged()
    np.testing.assert_allclose(scaled.shares, found.shares, rtol=1e-9)
    np.testing.assert_array_equal(scaled.kept, found.kept)
    bounds = [one.bound for one in found.contributors]
    np.testing.assert_allclose(
        [one.bound for one in scaled.contributors], np.array(bounds) * 2.0**power
    )


@pytest.mark.parametrize("rooted", [True, False])
def test_names_do_not_matter(make_scene, rooted):
    memories = [Memory(), Memory()]
    for seed in range(4):
        scene = make_scene(seed, 7, 2, rooted=rooted)
        named = scene.but(names=tuple("gaebfcd"))
        found = [
            one.judged(memory=m)[1] for one, m in zip((scene, named), memories, strict=True)
        ]
        memories = [one.memory for one in found]
        np.testing.assert_array_equal(found[0].shares, found[1].shares)
