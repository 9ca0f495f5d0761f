"""The ANML strategy for Flower: q, v, r and T, combined into weights.

Zahn, Beton, Chana: ANML: Attribution-native machine learning with guaranteed
robustness, 2026.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Unpack, get_args

from anml_fl.settings.aggregation import Aggregation
from strategies.options import Options, parts_of
from strategies.rule import Rule
from strategies.rules.anml import anml
from strategies.rules.calibrated import calibrated
from strategies.rules.multiplicative import multiplicative
from strategies.rules.softmax_blend import softmax_blend
from strategies.screened_strategy import ScreenedStrategy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from strategies.cohort import Cohort
    from strategies.context import Context
    from strategies.decision import Decision

Combination = Literal["two_stage", "softmax_blend", "multiplicative", "calibrated"]

_COMBINATIONS: Mapping[str, Callable[[Cohort, Context], Decision]] = {
    "two_stage": anml,
    "softmax_blend": softmax_blend,
    "multiplicative": multiplicative,
    "calibrated": calibrated,
}


class Anml(ScreenedStrategy):
    """Weigh contributors by what the model observes and what is known of them.

    Usable in any ServerApp; its ClientApps echo the round's secret, which the mod
    `clients.echo.echo_nonce` does.

    Parameters
    ----------
    combination : str
        "two_stage" (Algorithm 1), "softmax_blend" (Algorithm 2) or "multiplicative"
        (Eq. 1); or "calibrated", which is best given a `root`.
    settings : Aggregation, optional
        Thresholds, blend, selected fraction.
    **options
        As in `strategies.options`: root, registry, roster, min_train_nodes, judged, save, ...

    Raises
    ------
    ValueError
        If the combination is unknown; it lists the known ones.
    TypeError
        If the settings are anything else, or there is no such option.

    Examples
    --------
    >>> Anml("two_stage").name
    'anml'
    """

    def __init__(
        self,
        combination: Combination = "two_stage",
        settings: Aggregation | None = None,
        **options: Unpack[Options],
    ) -> None:
        if combination not in get_args(Combination):
            raise ValueError(
                f"unknown combination {combination!r}; known:"
                f" {', '.join(get_args(Combination))}"
            )
        if settings is not None and not isinstance(settings, Aggregation):
            raise TypeError(f"settings must be an Aggregation, got {type(settings).__name__}")
        name = "calibrated" if combination == "calibrated" else "anml"
        rule = Rule(_COMBINATIONS[combination], name, settings or Aggregation())
        super().__init__(*parts_of(rule, options))
