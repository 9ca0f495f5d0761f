"""The ANML strategy for Flower: q, v, r and T, combined into weights.

Zahn, Beton, Chana: ANML: Attribution-native machine learning with guaranteed
robustness, 2026.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

from anml_fl.config import Aggregation
from anml_fl.method.combination import multiplicative, softmax_blend, two_stage
from strategies.rules import Cohort, Decision, from_weighting
from strategies.screened import ScreenedStrategy

if TYPE_CHECKING:
    from anml_fl.method.combination import Weighting

Combination = Literal["two_stage", "softmax_blend", "multiplicative"]


class Anml(ScreenedStrategy):
    """Weigh contributors by what the model observes and what is known of them.

    Usable in any ServerApp; its ClientApps echo the round's secret, which the mod
    `clients.echo.echo_nonce` does.

    Parameters
    ----------
    combination : str
        "two_stage" (Algorithm 1), "softmax_blend" (Algorithm 2) or "multiplicative"
        (Eq. 1).
    settings : Aggregation, optional
        Thresholds, blend, selected fraction.
    **options
        As in `ScreenedStrategy`: registry, roster, min_train_nodes, judged, name, ...

    Raises
    ------
    ValueError
        If the combination is unknown; it lists the known ones.
    TypeError
        If the settings are anything else; see `ScreenedStrategy` for the options.

    Examples
    --------
    >>> Anml("two_stage").name
    'anml'
    """

    def __init__(
        self,
        combination: Combination = "two_stage",
        settings: Aggregation | None = None,
        **options: Any,
    ) -> None:
        if combination not in get_args(Combination):
            raise ValueError(
                f"unknown combination {combination!r}; known:"
                f" {', '.join(get_args(Combination))}"
            )
        if settings is not None and not isinstance(settings, Aggregation):
            raise TypeError(f"settings must be an Aggregation, got {type(settings).__name__}")
        self.combination = combination
        self.settings = settings or Aggregation()
        super().__init__(
            self._rule,
            **{
                "name": "anml",
                "n_byzantine": self.settings.n_byzantine,
                "example_weighting": self.settings.example_weighting,
                **options,
            },
        )

    def _rule(self, cohort: Cohort) -> Decision:
        return from_weighting(cohort, self._weighting(cohort), self.settings.fraction)

    def _weighting(self, cohort: Cohort) -> Weighting:
        known, chosen = cohort.signals, self.settings
        if self.combination == "multiplicative":
            return multiplicative(cohort.q, known.v, known.r, known.T)
        if self.combination == "softmax_blend":
            return softmax_blend(cohort.q, known.s, known.T, chosen.alpha, chosen.tau)
        return two_stage(
            cohort.q, known.s, known.T, chosen.tau_h, chosen.tau_c, chosen.alpha, chosen.tau
        )
