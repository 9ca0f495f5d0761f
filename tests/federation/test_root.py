"""The root set of a run: which rows, what is tested without them, and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anml_fl.datasets.prepare import Partitioned, Samples
from anml_fl.federation.held_out import by_class
from anml_fl.federation.root import root_set, with_root
from anml_fl.federation.run_task import contributors_task, task_of
from anml_fl.federation.task import Task
from anml_fl.settings.reading import from_flat
from anml_fl.settings.section import ConfigError

PROMISED = "without one no rule that was tried is safe against 40 % of contributors"


def settings(**flat):
    return from_flat({"strategies": "calibrated", **flat})


def samples(labels, classes=None, seed=0):
    labels = np.asarray(labels)
    features = np.random.default_rng(seed).normal(size=(labels.size, 3)).astype(np.float32)
    return Samples(features, labels, classes or int(labels.max()) + 1)


def task(test, parts=None, tested=None):
    """A task whose test rows, and whose contributors' rows, have these labels."""
    held = samples(test)
    everybody = tuple(samples(one, held.classes, 9) for one in (parts or [test]))
    data = Partitioned(
        parts=everybody,
        test=held,
        image=None,
        names=tuple(f"c{i}" for i in range(len(everybody))),
        tested=tested,
    )
    return Task(data, "mlp", 0)


def together(found):
    """All rows that a task tests on or trusts, in an order of their own."""
    both = np.concatenate([found.data.test.features, found.root.features])
    return both[np.lexsort(both.T)]


# ── Held out of the server's ────────────────────────────────────────────────────────────────


@given(
    st.lists(st.integers(3, 40), min_size=2, max_size=6),
    st.integers(0, 3),
    st.integers(0, 1000),
    st.integers(20, 100),
)
def test_what_is_held_out_is_not_tested_on_and_nothing_is_lost(sizes, sites, seed, wanted):
    test = np.repeat(np.arange(len(sizes)), sizes)
    tested = np.arange(test.size) % (sites + 1) - 1 if sites else None
    before = task(test, tested=tested)
    least = max(20, 2 * len(sizes))
    # At most every class and every site keeps a row of its own.
    if not least <= wanted <= test.size - len(sizes) - sites:
        return
    found = with_root(before, settings(root=wanted, seed=seed))
    assert found.root.labels.size == wanted
    assert found.data.test.labels.size == test.size - wanted
    whole = before.data.test.features
    np.testing.assert_array_equal(together(found), whole[np.lexsort(whole.T)])
    assert (np.bincount(found.root.labels, minlength=len(sizes)) >= 2).all()
    assert (np.bincount(found.data.test.labels, minlength=len(sizes)) >= 1).all()
    if sites:
        assert set(found.data.tested) >= set(range(sites))
        assert found.data.tested.size == found.data.test.labels.size
        # Whose a row is stays with the row.
        owner = {row.tobytes(): one for row, one in zip(whole, tested, strict=True)}
        assert [owner[row.tobytes()] for row in found.data.test.features] == list(
            found.data.tested
        )


def test_the_same_seed_draws_the_same_rows_and_another_one_others():
    first, again, other = (
        task_of(settings(seed=seed, root=80)).root.features for seed in (3, 3, 4)
    )
    np.testing.assert_array_equal(first, again)
    assert first.shape == other.shape
    assert (first != other).any()


def test_contributors_know_nothing_of_a_root_set():
    config = settings(root=100)
    theirs, servers = contributors_task(config), task_of(config)
    assert theirs.root is None
    assert theirs.data.test.labels.size == servers.data.test.labels.size + 100
    for mine, yours in zip(theirs.data.parts, servers.data.parts, strict=True):
        np.testing.assert_array_equal(mine.features, yours.features)


@given(st.lists(st.integers(0, 30), min_size=2, max_size=5), st.integers(0, 60))
def test_classes_have_their_share_and_two_at_least(sizes, wanted):
    labels = np.repeat(np.arange(len(sizes)), sizes)
    least = sum(min(size, 2) for size in sizes)
    wanted = min(labels.size, max(wanted, least))
    order = np.random.default_rng(1).permutation(labels.size)
    rows = by_class(labels, wanted, order)
    assert len(set(rows)) == wanted
    counts = np.bincount(labels[rows], minlength=len(sizes))
    assert (counts >= np.minimum(sizes, 2)).all()
    if labels.size:
        share = np.array(sizes) * wanted / labels.size
        assert (counts <= np.maximum(np.ceil(share) + 1, 2)).all()


def test_copies_are_held_out_once_and_contradictions_never():
    test = np.arange(60) % 2
    before = task(test)
    features = before.data.test.features.copy()
    features[20:40] = features[:20]  # copies, of the same classes
    features[41] = features[40]  # two classes
    twice = replace(before, data=replace(before.data, test=replace_rows(before, features)))
    found = with_root(twice, settings(root=36))
    assert np.unique(found.root.features, axis=0).shape[0] == 36
    assert not (found.root.features == features[40]).all(axis=1).any()
    with pytest.raises(ConfigError, match="36 at most can be held out, where copies count"):
        with_root(twice, settings(root=37))


def replace_rows(before, features):
    test = before.data.test
    return Samples(features, test.labels, test.classes)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [(1000, 80), (240, 80), (239, 79), (61, 20)],
)
def test_auto_spares_a_third_and_80_at_most(rows, expected):
    found = with_root(task(np.arange(rows) % 4), settings())
    assert found.root.labels.size == expected
    assert found.root.about == f"{expected} rows of the server's"
    assert found.root_note == ""


def test_auto_takes_two_of_each_of_many_classes():
    found = with_root(task(np.arange(600) % 60), settings())
    assert np.bincount(found.root.labels).tolist() == [2] * 60


@pytest.mark.parametrize(
    ("test", "parts", "why"),
    [
        (np.arange(59) % 4, None, "of its 59 test rows the server can spare 19, and 20 are"),
        (np.arange(90) % 20, None, "of its 90 test rows the server can spare 30, and 40 are"),
        (np.arange(300) % 3, [np.arange(9) % 4], "the server's 300 test rows lack class 3"),
        (
            np.minimum(np.arange(300), 2) % 3,
            None,
            r"have too few of a class \(1 of class 0, 1 of class 1\): 3 rows of each",
        ),
    ],
)
def test_auto_never_fails_and_says_in_one_line_what_is_not_promised(test, parts, why):
    before = task(test, parts)
    if parts:
        before = replace(
            before,
            data=replace(before.data, test=samples(test, 4), parts=(samples(parts[0], 4),)),
        )
    found = with_root(before, settings())
    assert found.root is None
    assert found.data.test.labels.size == len(test)
    assert found.root_note.startswith("no root set (")
    assert PROMISED in found.root_note
    assert "\n" not in found.root_note
    assert root_set(found, settings()) is None
    with pytest.raises(ConfigError, match=why):
        raise ConfigError(found.root_note)


def test_none_says_what_is_not_promised_and_nothing_where_nobody_asks():
    before = task(np.arange(300) % 3)
    found = with_root(before, settings(root="none"))
    assert found.root_note == (
        "no root set (none was asked for): without one no rule that was tried is safe against"
        " 40 % of contributors who act together"
    )
    other = with_root(before, settings(strategies="fedavg,anml"))
    assert (other.root, other.root_note, other.data) == (None, "", before.data)
    # Whoever asks for rows by number gets them, for a rule of one's own.
    assert with_root(before, settings(strategies="fedavg", root=30)).root.labels.size == 30


@pytest.mark.parametrize(
    ("root", "told"),
    [
        (19, "20 rows are needed at least, 20 in all and 2 of each class, got '19'"),
        (298, "of the server's 300 test rows 297 at most can be held out"),
        (5000, "of the server's 300 test rows 297 at most can be held out"),
        (0, "must be auto, none, donated, or how many of the server's test rows"),
        ("-3", "must be auto, none, donated, or how many of the server's test rows"),
        ("many", "must be auto, .* such as 80, got 'many'"),
        (True, "must be auto, none, donated, or"),
    ],
)
def test_what_is_asked_for_and_cannot_be_had_is_refused(root, told):
    with pytest.raises(ConfigError, match=told) as caught:
        with_root(task(np.arange(300) % 3), settings(root=root))
    assert str(caught.value).startswith("aggregation.root: ")


def test_a_class_that_lacks_is_named_and_no_row():
    before = task(np.arange(300) % 3, [np.arange(8) % 4])
    data = before.data
    before = replace(
        before, data=replace(data, test=Samples(data.test.features, data.test.labels, 4))
    )
    with pytest.raises(ConfigError) as caught:
        with_root(before, settings(root=80))
    assert str(caught.value) == (
        "aggregation.root: the server's 300 test rows lack class 3: 3 rows of each class are"
        " needed, got '80'"
    )


def test_values_need_no_classes():
    values = np.linspace(-1, 1, 200).astype(np.float32)
    before = task([0, 1])
    held = Samples(samples(np.zeros(200, int)).features, values, 1)
    before = replace(before, data=replace(before.data, test=held, parts=(held,)))
    found = with_root(before, settings())
    assert (found.root.labels.size, found.root.needed) == (66, ())
    assert found.root.to_json()["classes"] == []
    one = replace(held, labels=np.ones(200, np.float32))
    alike = replace(before, data=replace(before.data, test=one, parts=(one,)))
    with pytest.raises(ConfigError, match="all 80 values are one"):
        with_root(alike, settings(root=80))
    assert PROMISED in with_root(alike, settings()).root_note


# ── Donated ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("contributors", "each"), [(3, 20), (10, 6), (30, 4)])
def test_contributors_give_rows_that_they_hold(contributors, each):
    config = settings(
        root="donated", contributors=contributors, behaviours=f"honest={contributors}"
    )
    found = task_of(config)
    assert found.root.donated
    assert found.root.about == f"{contributors * each} donated rows"
    held = {
        (row.tobytes(), int(label))
        for part in found.data.parts
        for row, label in zip(part.features, part.labels, strict=True)
    }
    given_ = {
        (row.tobytes(), int(label))
        for row, label in zip(found.root.features, found.root.labels, strict=True)
    }
    assert given_ <= held
    assert found.data.test.labels.size == contributors_task(config).data.test.labels.size


def test_an_attackers_rows_are_poisoned_like_the_rest_of_its_own():
    flat = {"root": "donated", "contributors": 10, "flip-offset": 1}
    poisoned = task_of(settings(**flat, behaviours="label_flip=4"))
    honest = contributors_task(settings(**flat, behaviours="label_flip=4"))
    truth = {
        row.tobytes(): int(label)
        for part in honest.data.parts
        for row, label in zip(part.features, part.labels, strict=True)
    }
    off = [
        (int(label) - truth[row.tobytes()]) % 10
        for row, label in zip(poisoned.root.features, poisoned.root.labels, strict=True)
    ]
    assert sorted(set(off)) == [0, 1]
    # Six rows each, of which only copies of others could be missing.
    assert off.count(1) == 24


def test_who_turns_later_gives_as_it_is_in_the_first_round():
    flat = {"root": "donated", "contributors": 10}
    turning = task_of(settings(**flat, behaviours="turncoat=4"))
    honest = task_of(settings(**flat, behaviours="honest=10"))
    np.testing.assert_array_equal(turning.root.labels, honest.root.labels)


def test_a_rare_class_is_asked_for_again():
    parts = [np.zeros(40, int), np.r_[np.zeros(60, int), [1, 1]]]
    before = task(np.arange(40) % 2, parts)
    config = settings(root="donated", contributors=2, behaviours="honest=2", names="c0,c1")
    found = with_root(before, config)
    assert np.bincount(found.root.labels).tolist()[1] == 2
    lacking = task(np.arange(40) % 2, [np.zeros(40, int), np.zeros(60, int)])
    with pytest.raises(ConfigError, match=r"^aggregation.root: the 42 rows .* lack class 1: "):
        with_root(lacking, config)


@pytest.mark.parametrize(
    "flat", [{"engine": "deployment"}, {"schema": "schema.toml", "contributors": 2}]
)
def test_rows_that_stay_on_their_nodes_are_not_asked_for(flat):
    before = task(np.arange(300) % 3)
    with pytest.raises(ConfigError, match="rows would have to leave the contributors' nodes"):
        with_root(before, settings(root="donated", **flat))


# ── What is told of it ──────────────────────────────────────────────────────────────────────


def test_a_manifest_counts_and_holds_no_row_and_no_hash():
    found = task_of(settings(root="donated"))
    said = found.about["root"]
    assert sorted(said) == ["about", "classes", "donated", "notes", "rows"]
    assert json.loads(json.dumps(said)) == said
    assert sum(said["classes"]) == said["rows"] == 60
    assert repr(found.root) == str(found.root) == "RootRows(60 donated rows)"


def test_the_rule_is_told_what_the_rows_are():
    config = settings(root="donated", **{"learning-rate": 0.25})
    rows = root_set(task_of(config), config)
    assert (rows.about, rows.donated, rows.learning_rate) == ("60 donated rows", True, 0.25)


def test_of_what_many_give_a_thousand_rows_are_drawn():
    config = settings(root="donated", contributors=300, behaviours="honest=300")
    rows = task_of(config).root
    assert rows.about == "1000 donated rows"
    assert rows.notes[-1].startswith("1000 of ")
    assert rows.notes[-1].endswith(" rows are drawn by class: more cost time alone")
