"""The paper's claims that can be checked, in the order of the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studies.reproduction import claims_baselines as baselines
from studies.reproduction import claims_contributors as contributors
from studies.reproduction import claims_figures as figures
from studies.reproduction import claims_gate as gate
from studies.reproduction import claims_reach as reach
from studies.reproduction import claims_signals as signals
from studies.reproduction.document import Grid

if TYPE_CHECKING:
    from studies.reproduction.claim import Studies

CLAIMS = (
    baselines.never_worse,
    baselines.krum_floor,
    gate.stage_one_bought,
    gate.stage_two_steered,
    gate.stage_one_without_attack,
    gate.stage_two_meaning,
    figures.most_kept,
    figures.one_setting,
    figures.growth,
    figures.detectability,
    contributors.always_greater,
    contributors.greater_where_hidden,
    contributors.useless_where_even,
    signals.softmax_compresses,
    reach.krum_under_skew,
    reach.normality,
    signals.feature_drift,
    signals.sampling,
    signals.exploration,
    reach.combination_time,
    reach.overhead,
    figures.break_even,
    signals.product_of_correlations,
)

_WORDS = {True: "● holds", False: "○ does not hold", None: "– no verdict"}
_IN_PAPER = " (checked in the paper itself)"


def claims_table(studies: Studies) -> Grid:
    """Check every claim: one row each.

    Examples
    --------
    >>> claims_table({}).rows[0][4]
    'not measured'
    """
    lines = []
    for number, claim in enumerate(CLAIMS, 1):
        found = claim(studies)
        verdict = _WORDS[found.holds] + (_IN_PAPER if claim.in_paper else "")
        lines.append((f"{number}. {claim.text}", verdict, claim.where, claim.rule, found.text))
    heads = ("Claim", "Verdict", "Section", "Rule", "What we found")
    return Grid(heads, tuple(lines))
