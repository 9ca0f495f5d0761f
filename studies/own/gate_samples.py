"""Gates for samples: the paper's, and one that learns what credentials are worth.

`evidence` is `calibrated` without credentials, `v*r` credentials without evidence, `oracle`
all that is good. The published methods know beta, which Krum's score takes, and keep 70 %;
`calibrated` is told nothing. Some 13 core-minutes in all, more than half of them on Digits.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from anml_fl.method.sample_calibrated.calibrated import calibrated
from anml_fl.registry.forged_signals import forged
from anml_fl.seeding import stream
from studies.own.gate_rho import steered
from studies.own.gate_stage1 import professional
from studies.sample.cross_fitting import CrossFit
from studies.sample.experiment import chosen_samples
from studies.sample.fitted import HIDDEN, Fitted
from studies.sample.hostile import Claimed, Wrong, claimed, mislabelled
from studies.sample.poison import Attacked, Labels, attacked, listed, poisoned
from studies.sample.recipe import Recipe
from studies.sample.signals import Signals, signals
from studies.sample.weighing import weigh
from studies.study import Study, Variant

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from studies.sample.drawing import Drawn
    from studies.study import Cell, Row


class _Condition(NamedTuple):
    recipe: Recipe = Recipe()
    labels: Labels = "random"
    wrong: Wrong | None = None
    shown: Literal["scenario", "bought", "steered"] | Claimed = "scenario"
    share: float = 0.0  # of `mislabelled`


_NAIVE = Recipe(scenario="naive")
PAPERS = {
    **{
        name: _Condition(Recipe().changed(scenario=name))
        for name in ("high", "moderate", "low", "adversarial")
    },
    **{
        f"{name};beta={beta:g}": _Condition(Recipe(beta=beta).changed(scenario=name))
        for name, beta in (
            ("moderate", 0.0),
            ("adversarial", 0.0),
            ("moderate", 0.1),
            ("moderate", 0.2),
            ("moderate", 0.4),
        )
    },
    "credential_faking": _Condition(Recipe(scenario="faked")),
    "gradient_aligned": _Condition(_NAIVE.changed(attack="aligned")),
    "joint": _Condition(Recipe(attack="aligned", scenario="faked")),
    "bought": _Condition(shown="bought"),
    "bought;harmful": _Condition(labels="harmful", shown="bought"),
    "steered": _Condition(_NAIVE, labels="hidden", shown="steered"),
}
"""The paper's scenarios, and the attacks on its gate of `gate-stage1` and `gate-rho`."""
HOSTILE = {
    "hostile;uninformative": _Condition(shown="uninformative"),
    "hostile;inverted": _Condition(shown="inverted"),
    "hostile;pairs=0.4": _Condition(wrong="pairs", share=0.4),
    "hostile;pairs=0.4;uninformative": _Condition(
        wrong="pairs", share=0.4, shown="uninformative"
    ),
    "hostile;one_class=0.4": _Condition(wrong="one_class", share=0.4),
    "hostile;one_class=0.6": _Condition(wrong="one_class", share=0.6),
    "hostile;one_class=1": _Condition(wrong="one_class", share=1.0),
}
"""Labels wrong in one way, of all or of the first class, and credentials that mislead."""
CONDITIONS = PAPERS | HOSTILE

_WEIGHED = ("uniform", "krum", "v*r", "softmax_blend", "two_stage")
METHODS = (*_WEIGHED, "evidence", "calibrated", "oracle")
# How far steering attackers keep rho_c above tau_c, as in `gate-rho`.
_MARGIN = 0.02
_HOSTILE_ON_DIGITS = (
    "hostile;uninformative",
    "hostile;pairs=0.4",
    "hostile;one_class=0.6",
)
_LARGE = ("covertype", "adult")


def variants(dataset: str) -> tuple[Variant, ...]:
    """List who attacks how; fewer hostile ones on Digits, and two of all on larger sets."""
    names: Iterable[str] = CONDITIONS
    if dataset == "digits":
        names = (*PAPERS, *_HOSTILE_ON_DIGITS)
    elif dataset in _LARGE:
        names = ("moderate", "moderate;beta=0")
    return tuple(Variant(name, CONDITIONS[name].recipe, METHODS) for name in names)


def run(cell: Cell) -> list[Row]:
    """Work a cell out.

    Returns
    -------
    list of Row
        For each condition, method and trial `error`, `honest_kept` (share of the good samples
        that is selected), and where there are attackers `attackers_kept` and
        `attackers_share`, theirs among what is selected; of `calibrated` also `worth_share`,
        how much of the credentials' worth was borne out.
    """
    # Models are shared by conditions of the same samples.
    groups: dict[tuple[object, ...], list[Variant]] = defaultdict(list)
    for variant in cell.variants:
        one = _condition(variant)
        key = (
            one.labels,
            one.wrong,
            one.share,
            *variant.recipe.data_key(),
            variant.recipe.fit,
            variant.recipe.epochs,
        )
        groups[key].append(variant)
    return [row for group in groups.values() for row in _same_data(cell, group)]


def _same_data(cell: Cell, group: list[Variant]) -> Iterator[Row]:
    """Compare the conditions that have the same samples, and so share models."""
    first = group[0]
    fitted = attacked(cell, first, _given(cell, first), ())
    found: list[tuple[Variant, int, str, NDArray[np.intp]]] = []
    for place, trial in enumerate(cell.trials):
        drawn = fitted.drawn[place]
        labels = drawn.targets.astype(np.int64)
        cross_fit = CrossFit.of(drawn, stream(cell.seed, "folds", cell.dataset, trial), HIDDEN)
        sets = {"evidence": np.flatnonzero(calibrated(labels, cross_fit).kept)}
        for each in group:
            shown = _shown(cell, each, fitted, place)
            decided = calibrated(labels, cross_fit, shown.v, shown.r)
            sets["calibrated"] = np.flatnonzero(decided.kept)
            share = decided.worth_share
            yield cell.row(each, "calibrated", "worth_share", share, trial)
            sets |= _by_others(fitted, place, each.recipe, shown)
            found += [(each, place, method, sets[method]) for method in each.methods]
    errors = _errors(fitted, first.recipe, [(place, kept) for _, place, _, kept in found])
    for each, place, method, kept in found:
        bad = fitted.drawn[place].bad
        measured = {
            "error": errors[place, kept.tobytes()],
            "honest_kept": (~bad[kept]).sum() / (~bad).sum(),
        }
        if bad.any():
            measured["attackers_kept"] = bad[kept].sum() / bad.sum()
            measured["attackers_share"] = bad[kept].mean()
        for metric, value in measured.items():
            yield cell.row(each, method, metric, value, cell.trials[place])


def _condition(variant: Variant) -> _Condition:
    return CONDITIONS[listed(variant.condition, CONDITIONS)]


def _given(cell: Cell, variant: Variant) -> list[Drawn]:
    """Each trial's samples, with the attackers' labels."""
    one = _condition(variant)
    if one.wrong is None:
        return poisoned(cell, variant, one.labels, "white")
    clean = Variant(variant.condition, variant.recipe.changed(beta=0), variant.methods)
    return [
        mislabelled(
            drawn, one.wrong, one.share, stream(cell.seed, "wrong", cell.dataset, trial)
        )
        for drawn, trial in zip(Fitted.of(cell, [clean]).drawn, cell.trials, strict=True)
    ]


def _shown(cell: Cell, variant: Variant, fitted: Attacked, place: int) -> Signals:
    """What everybody shows in a trial."""
    one, recipe = _condition(variant), variant.recipe
    drawn, trial = fitted.drawn[place], cell.trials[place]
    plain = signals(cell.dataset, drawn, recipe, cell.seed, trial)
    if one.shown == "scenario":
        return plain
    if one.shown == "bought":
        return professional(cell, drawn, trial, plain.T, bought=True)
    rng = stream(cell.seed, "gate samples", cell.dataset, trial, one.shown)
    if one.shown in ("uninformative", "inverted"):
        return claimed(drawn.attacker, plain.T, one.shown, rng)
    fakes = np.array([forged(rng) for _ in range(drawn.attacker.size)])
    who = steered(
        fitted.consistency(place, recipe),
        plain.s,
        fakes.prod(axis=1),
        np.flatnonzero(drawn.attacker),
        recipe.tau_c + _MARGIN,
    )
    v, r = plain.v.copy(), plain.r.copy()
    v[who], r[who] = fakes[who].T
    return Signals(v, r, plain.T)


def _by_others(
    fitted: Attacked, place: int, recipe: Recipe, shown: Signals
) -> dict[str, NDArray[np.intp]]:
    """What the other methods take: all that is good is the oracle's."""
    bad, q = fitted.drawn[place].bad, fitted.consistency(place, recipe)
    sets = {"oracle": np.flatnonzero(~bad)}
    for method in _WEIGHED:
        weighting = weigh(method, q, shown, recipe, bad=bad, scores={})
        # Selection draws nothing at random.
        sets[method] = chosen_samples(weighting, recipe, np.random.default_rng(0))
    return sets


def _errors(
    fitted: Attacked, recipe: Recipe, wanted: list[tuple[int, NDArray[np.intp]]]
) -> dict[tuple[int, bytes], float]:
    """Test error of every different training set."""
    different = {(place, kept.tobytes()): (place, kept) for place, kept in wanted}
    values = fitted.trained(list(different.values()), recipe)
    return dict(zip(different, values, strict=True))


STUDY = Study(
    name="gate-samples",
    title="Gates for samples, and one that learns what credentials are worth",
    source="sections 4, 5.5 and 5.12",
    trials={"digits": 10, "wine": 30, "breast_cancer": 20},
    variants=variants,
    run=run,
    block={"digits": 1, "wine": 6, "breast_cancer": 4},
    cost=10.0,
)
