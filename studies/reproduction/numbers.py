"""Figures as text: per cent where they are shares, three digits where they are not."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from studies.reproduction.intervals import Estimate

_SHARES = ("overhead", "faked", "right", "coverage", "coverage_textbook", "accuracy")
_SHARES_BEGIN = ("error", "added_error", "selected", "branch_", "kept", "weight_", "worth_")
_RANKS = ("spearman", "unchecked")
_SHARES_END = ("_kept", "_weight")
_UNITS = {
    "mae": "mean absolute error",
    "auc": "area under the ROC curve",
    "spearman": "Spearman's rank correlation",
    "agreement": "Spearman's rank correlation",
    "seconds": "s",
    "milliseconds": "ms",
    "bytes": "bytes",
}


def is_share(metric: str) -> bool:
    """Whether a metric of ours is a fraction, shown in per cent.

    Examples
    --------
    >>> is_share("selected_experts"), is_share("auc")
    (True, False)
    """
    # In even shares; rank correlations.
    if metric == "mean_weight" or metric.startswith(_RANKS):
        return False
    return (
        metric in _SHARES or metric.startswith(_SHARES_BEGIN) or metric.endswith(_SHARES_END)
    )


def unit_of(metric: str) -> str:
    """Say in what a metric of ours is shown.

    Returns
    -------
    str
        Empty where the name says it all.

    Examples
    --------
    >>> unit_of("error"), unit_of("milliseconds"), unit_of("rho_c")
    ('%', 'ms', '')
    """
    return "%" if is_share(metric) else _UNITS.get(metric, "")


def digits_of(metric: str) -> int | None:
    """Decimals of one of the paper's metrics; None for three significant digits.

    Parameters
    ----------
    metric : str
        As `targets.csv` or a study calls it.

    Examples
    --------
    >>> digits_of("error_pct"), digits_of("rho_c"), digits_of("seconds")
    (1, 3, None)
    """
    if metric.endswith("_pct") or is_share(metric):
        return 1
    if metric == "cohens_d_vs_krum":
        return 2
    if metric in ("abs_rho_d", "detectability"):
        return 2
    ranks = metric.startswith(("rho_", *_RANKS)) or metric in (
        "auc",
        "agreement",
    )
    return 3 if ranks else None


def plain(value: float, digits: int | None) -> str:
    """Write a number; a dash where there is none.

    Parameters
    ----------
    value : float
    digits : int or None
        Decimals; None for three significant digits.

    Examples
    --------
    >>> plain(12.34, 1), plain(0.01234, None), plain(1234.5, None), plain(float("nan"), 1)
    ('12.3', '0.0123', '1,234', '—')
    """
    if not math.isfinite(value):
        return "—"
    if digits is not None:
        text = f"{value:.{digits}f}"
        # Never "-0.0", which would read as a side of zero.
        return text.lstrip("-") if float(text) == 0 else text
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def interval(estimate: Estimate, digits: int | None) -> str:
    """Write an estimate with its interval.

    Parameters
    ----------
    estimate : Estimate
    digits : int or None
        As for `plain`.

    Returns
    -------
    str
        The value alone where there is no interval.

    Examples
    --------
    >>> from studies.reproduction.intervals import Estimate
    >>> interval(Estimate(12.4, 11.1, 13.7, 100), 1)
    '12.4 [11.1, 13.7]'
    """
    value = plain(estimate.value, digits)
    if not math.isfinite(estimate.low):
        return value
    return f"{value} [{plain(estimate.low, digits)}, {plain(estimate.high, digits)}]"


def p_value(p: float) -> str:
    """Write a p value.

    Examples
    --------
    >>> p_value(0.00001), p_value(0.0312), p_value(float("nan"))
    ('< 0.0001', '0.031', '—')
    """
    if math.isnan(p):
        return "—"
    return "< 0.0001" if p < 0.0001 else f"{p:.2g}"
