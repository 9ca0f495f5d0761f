"""The paper's claims that can be checked, each with the function that checks it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studies.reproduction import (
    claims_baselines,
    claims_contributors,
    claims_figures,
    claims_gate,
    claims_reach,
    claims_signals,
)
from studies.reproduction.document import Grid
from studies.reproduction.finding import Claim

if TYPE_CHECKING:
    from studies.reproduction.finding import Finding, Studies

CLAIMS = (
    Claim(
        "Two-stage never does worse than the best baseline",
        "6.4",
        claims_baselines.never_worse,
    ),
    Claim("Krum, as the fallback, is a floor", "4.2, 6.3", claims_baselines.krum_floor),
    Claim(
        "Stage 1: uniformly high signals mean that there is likely no attack",
        "4.2",
        claims_gate.stage_one_bought,
    ),
    Claim(
        "Attackers cannot keep rho_c above tau_c while they fake credentials",
        "5.12",
        claims_gate.stage_two_steered,
    ),
    Claim(
        "Without attacks stage 1 fires in 100 % of trials",
        "4.2, 7.1",
        claims_gate.stage_one_without_attack,
    ),
    Claim(
        "At 5 to 40 % attacks stage 2 triggers, which means that it blends (in 6.3 stage 2 is "
        "the fallback)",
        "4.2, 6.3, 6.4",
        claims_gate.stage_two_meaning,
    ),
    Claim("Keeping 90 % gives ANML 8.2 % error", "A.1", claims_figures.most_kept),
    Claim(
        "One setting (Wine, 30 % bad, moderate) has one error",
        "5.2.1, 5.7, 5.8",
        claims_figures.one_setting,
        in_paper=True,
    ),
    Claim("Uniform's error grows by 2568 %", "5.8", claims_figures.growth, in_paper=True),
    Claim("Table 16's settings", "5.11", claims_figures.detectability, in_paper=True),
    Claim(
        "Contributor level improves 1.3 to 5.3 times as much as sample level",
        "5.11",
        claims_contributors.always_greater,
    ),
    Claim(
        "The less detectable the corruption, the greater the contributor level's advantage",
        "5.11",
        claims_contributors.greater_where_hidden,
    ),
    Claim(
        "Where corruption is spread evenly over contributors, contributor level cannot help "
        "(ours, not the paper's)",
        "5.11",
        claims_contributors.useless_where_even,
    ),
    Claim(
        "Softmax at tau = 1 compresses extreme values",
        "4.3",
        claims_signals.softmax_compresses,
    ),
    Claim(
        "What holds for samples is directly applicable to federated settings (Krum tells good "
        "from bad there)",
        "3.2.1",
        claims_reach.krum_under_skew,
    ),
    Claim("p > 0.05 (normality) for all distributions", "B", claims_reach.normality),
    Claim(
        "Under feature drift T degrades the error by 0.1 to 1.2 points",
        "5.13",
        claims_signals.feature_drift,
    ),
    Claim(
        "With few attackers weighted sampling is preferable to selection",
        "5.8",
        claims_signals.sampling,
    ),
    Claim(
        "The exploration bonus makes the gap between experts and novices smaller at a similar "
        "error",
        "7.2",
        claims_signals.exploration,
    ),
    Claim("Combination takes under 2 ms at n = 32,000", "7.1", claims_reach.combination_time),
    Claim("The overhead is 30 to 50 %", "7.1", claims_reach.overhead),
    Claim("Signals need a correlation above 50 % to help", "5.5", claims_figures.break_even),
    Claim(
        "rho_c is about corr(q, clean) x corr(s, clean), so that a weak q closes the gate "
        "(ours, not the paper's)",
        "4.2",
        claims_signals.product_of_correlations,
    ),
)
"""In the order of the page."""

_WORDS = {True: "● holds", False: "○ does not hold", None: "– no verdict"}
_IN_PAPER = " (checked in the paper itself)"


def claims_table(studies: Studies) -> Grid:
    """Check every claim.

    Returns
    -------
    Grid
        One row a claim.

    Examples
    --------
    >>> claims_table({}).rows[0][4]
    'not measured'
    """
    lines = []
    for number, claim in enumerate(CLAIMS, 1):
        found: Finding = claim.find(studies)
        verdict = _WORDS[found.holds] + (_IN_PAPER if claim.in_paper else "")
        name = f"{number}. {claim.text}"
        lines.append((name, verdict, claim.where, claim.find.rule, found.text))
    heads = ("Claim", "Verdict", "Section", "Rule", "What we found")
    return Grid(heads, tuple(lines))
