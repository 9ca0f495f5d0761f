"""Table 16 and Figure 5: by sample or by contributor, from obvious to subtle corruption.

Ten contributors, four of them with nothing but wrong labels. Scores are taken after 50 epochs
on all the data: of lengths from 30 to 150, there |rho_d| comes nearest to the paper's if
obvious wrong labels are random; with the paper's offset it does so at none. The worst 40 %
are dropped, samples or contributors; with the 30 % of Eq. 6 one malicious contributor would
always stay.

|rho_d| is Spearman's correlation of a sample's loss with its being corrupted: the paper
speaks of a ranking, and its 0.84 is close to the most that a ranking can reach with 40 %
corrupted, sqrt(3 * 0.4 * 0.6) = 0.85.

`subtle=...` is the paper's text: an offset of 5 beside the pairs of `similar_classes`. Both
send a class to one other class alone, so that neither is more obvious to a model than the
other, and a mixture of the two is easier to detect than either. With `obvious=random` the
obvious wrong labels are of any class, as in section 5.1.2; `pairs=confusion` has the pairs
that are mixed up most, and the offset to classes that are mixed up least.

On Fashion-MNIST, for time: 100 training images a contributor, averaged to 14 x 14 pixels;
ten epochs of the CNN, five before scores are taken; one version, and fewer methods.
"""

from __future__ import annotations

from studies.contributors import experiment
from studies.contributors.recipe import ContributorRecipe
from studies.study import Study, Variant

_PLAIN = ("uniform", "loss", "loss@contributors", "oracle")
_AGGREGATED = (
    "krum@contributors",
    "softmax_blend@contributors",
    "two_stage@contributors",
)
_FOLDED = ("out_of_fold", "out_of_fold@contributors")
_BY_SAMPLE = ("krum", "softmax_blend", "two_stage")
_TENTHS = range(0, 101, 10)

_DIGITS = ContributorRecipe()
_FASHION = ContributorRecipe(
    pairs="confusion",
    model="cnn",
    pool=2,
    samples=100,
    fit=5,
    epochs=10,
    batch_size=64,
    learning_rate=0.003,
)
_VERSIONS = {
    "digits": (
        ("", _TENTHS, _DIGITS, (*_PLAIN, *_AGGREGATED, *_FOLDED, *_BY_SAMPLE)),
        (";obvious=random", _TENTHS, _DIGITS.changed(obvious="random"), _PLAIN),
        (
            ";pairs=confusion",
            _TENTHS,
            _DIGITS.changed(pairs="confusion"),
            (*_PLAIN, *_AGGREGATED, *_FOLDED),
        ),
    ),
    "fashion_mnist": (
        (";pairs=confusion", _TENTHS, _FASHION, (*_PLAIN, "two_stage@contributors")),
    ),
}


def variants(dataset: str) -> tuple[Variant, ...]:
    """List the mixtures of every version of what is obvious, and what subtle."""
    return tuple(
        Variant(f"subtle={percent}{suffix}", recipe.changed(subtle=percent / 100), methods)
        for suffix, mixtures, recipe, methods in _VERSIONS[dataset]
        for percent in mixtures
    )


STUDY = Study(
    name="table-16",
    title="By sample or by contributor, from obvious to subtle corruption",
    source="Table 16 and Figure 5, section 5.11",
    trials={"digits": 10, "fashion_mnist": 10},
    variants=variants,
    run=experiment.run,
    block={"digits": 1, "fashion_mnist": 1},
    cost=2.0,
)
