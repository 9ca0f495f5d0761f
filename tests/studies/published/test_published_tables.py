"""Tables of others: their figures as they stand, our set-up of them, and the verdict."""

from __future__ import annotations

import numpy as np
import pytest

from studies.published import bucketing_3, byzfl_heatmap, flanders, small_mnist
from studies.published.bucketing_3 import ATTACKS, RULES, Bucketing, trained
from studies.published.small_mnist import SIDE, Digits
from studies.published.targets import load_published
from studies.reproduction.published_tables import compared, published_blocks
from studies.reproduction.results import Cell, Key, Study
from studies.study import Cell as StudyCell
from studies.study import Variant


@pytest.fixture(scope="module")
def few():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(1000, SIDE * SIDE)).astype(np.float32)
    y = np.arange(1000) % 10
    x[np.arange(1000), y] += 4  # ten classes that are easy to tell
    return Digits(x[:900], y[:900], x[900:], y[900:])


def test_each_place_of_the_experiment_has_a_figure_of_theirs():
    places = {
        (variant.condition, rule)
        for variant in bucketing_3.variants("mnist_writers")
        for rule in variant.methods
        if rule != "mean"
    }
    theirs = {
        (one.condition, one.method): one.values
        for one in load_published()
        if one.study == "bucketing-3"
    }
    assert theirs.keys() == places
    assert len(places) == len(ATTACKS) * len(RULES) * 4
    assert all(len(values) == 3 for values in theirs.values())
    # As the authors' plots and our notes have it: Krum's mean under labels flipped.
    assert np.mean(theirs["attack=LF;momentum=0.9;s=2", "krum"]) == pytest.approx(
        43.8, abs=0.05
    )


@pytest.mark.parametrize("one", [byzfl_heatmap, flanders])
def test_each_other_place_has_one_figure_of_theirs(one):
    places = {
        (variant.condition, rule)
        for variant in one.variants("mnist_writers")[1:]
        for rule in variant.methods
    }
    found = [target for target in load_published() if target.study == one.STUDY.name]
    assert {(target.condition, target.method) for target in found} == places
    assert len(found) == len(places) == 32
    assert all(len(target.values) == 1 for target in found)


def test_their_figures_are_as_published():
    """Row by row, as the heat map and the table print them."""
    theirs = {(one.study, one.condition, one.method): one.values for one in load_published()}
    trimmed = [
        theirs["byzfl-heatmap", f"similarity={gamma};hostile={f}", "trimmed_mean"][0]
        for gamma in ("1", "0.66", "0.33", "0")
        for f in (1, 2, 3, 4)
    ]
    assert trimmed == [98, 98, 98, 98, 98, 97, 97, 97, 98, 97, 94, 91, 87, 61, 26, 21]
    for rule, few, most in (
        ("fedavg", [20, 17, 67, 45], [19, 15, 20, 16]),
        ("flanders", [88, 87, 48, 88], [76, 88, 85, 85]),
        ("multikrum", [78, 77, 81, 82], [79, 14, 22, 15]),
    ):
        for hostile, wanted in ((20, few), (60, most)):
            assert wanted == [
                theirs["flanders", f"attack={attack};hostile={hostile}", rule][0]
                for attack in flanders.ATTACKS
            ]


@pytest.mark.parametrize("rule", byzfl_heatmap.RULES)
@pytest.mark.parametrize("attack", byzfl_heatmap.ATTACKS)
def test_every_worker_attack_meets_clipping_and_mixing(few, rule, attack):
    recipe = byzfl_heatmap.Heatmap(similarity=0.33, hostile=2, steps=3)
    assert 0 <= byzfl_heatmap.trained(recipe, rule, attack, few, 0) <= 1


@pytest.mark.parametrize(
    ("attack", "hostile", "rule"),
    [("alie", 0, "fedavg"), ("min_max", 20, "bulyan"), ("fang_krum", 60, "flanders")],
)
def test_a_hundred_clients_train(monkeypatch, few, attack, hostile, rule):
    monkeypatch.setattr(flanders, "digits", lambda seed: few)
    recipe = flanders.Flanders(attack=attack, hostile=hostile, rounds=4)
    variant = Variant("here", recipe, (rule,))
    cell = StudyCell("flanders", "mnist_writers", (variant,), (0,), 0)
    (row,) = flanders.run(cell)
    assert (row.condition, row.method, row.metric) == ("here", rule, "accuracy")
    assert 0 <= row.value <= 1


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("attack", ATTACKS)
def test_every_rule_meets_every_attack(few, rule, attack):
    recipe = Bucketing(attack=attack, momentum=0.9, size=2, steps=3)
    assert 0 <= trained(recipe, rule, few, 0) <= 1


def test_training_together_learns_what_is_easy_and_repeats(few):
    recipe = Bucketing(steps=60)
    first = trained(recipe, "mean", few, 0)
    assert first > 0.8
    assert trained(recipe, "mean", few, 0) == first


def test_pixels_are_means_of_two_by_two():
    full = np.arange(28 * 28, dtype=np.float64).reshape(1, -1)
    small = small_mnist.shrunk(full)
    assert small.shape == (1, SIDE * SIDE)
    assert small[0, 0] == np.mean([0, 1, 28, 29])
    assert small[0, -1] == np.mean([754, 755, 782, 783])


def study(**values):
    """A study of one place, with the level while nobody attacks beside it."""
    cells = {
        Key("mnist_writers", condition, method, "accuracy"): Cell(
            np.arange(len(found)), np.array(found) / 100
        )
        for (condition, method), found in values["cells"].items()
    }
    return Study("bucketing-3", cells, {})


PLACE, CLIPPED = "attack=LF;momentum=0;s=1", "centred_clipping"  # theirs: 90.9, 92.4, 92.0


@pytest.mark.parametrize(
    ("ours", "level", "verdict"),
    [
        ((91.0, 92.0, 92.5), None, "reproduced"),
        # Theirs lies as far above ours as their level, 93.3 at most, above our own.
        ((82.0, 82.2, 82.1), (83.6, 83.7, 83.5), "explained by the level"),
        ((60.0, 60.2, 60.1), (83.6, 83.7, 83.5), "not reproduced"),
    ],
)
def test_a_figure_is_judged_by_the_papers_rule_then_by_the_level(ours, level, verdict):
    cells = {(PLACE, CLIPPED): ours}
    if level:
        cells["attack=nobody;momentum=0;s=1", "mean"] = level
    text, grid = published_blocks(study(cells=cells))
    assert [row[-1] for row in grid.rows] == [verdict]
    assert text.text.startswith("Of 1 published figures")


def test_the_direction_is_that_from_krum():
    cells = {(PLACE, CLIPPED): (60.0, 60.2, 60.1), (PLACE, "krum"): (30.0, 30.1, 30.2)}
    verdicts = {one.target.method: one.verdict.value for one in compared(study(cells=cells))}
    # Both theirs and ours lie above Krum's; Krum itself has nothing to be held against.
    assert verdicts == {"krum": "not reproduced", CLIPPED: "same direction"}


def test_a_table_of_whole_per_cents_has_a_level_too():
    cells = {
        Key("mnist_writers", condition, method, "accuracy"): Cell(
            np.arange(3), np.array(found) / 100
        )
        for condition, method, found in [
            ("attack=nobody;hostile=0", "fedavg", (78.0, 78.1, 77.9)),  # theirs: 88 at best
            ("attack=gaussian;hostile=20", "flanders", (77.9, 78.0, 78.1)),  # theirs: 88
            ("attack=gaussian;hostile=20", "fedavg", (60.0, 60.1, 60.2)),  # theirs: 20
        ]
    }
    found = {one.target.method: one for one in compared(Study("flanders", cells, {}))}
    assert found["flanders"].shift == pytest.approx(-10)
    assert found["flanders"].explained
    assert not found["fedavg"].explained
    # Both of theirs, and both of ours, are in the same order.
    assert found["flanders"].verdict.value == "same direction"


def test_other_studies_have_no_such_table():
    assert published_blocks(Study("hospitals", {}, {})) == ()
