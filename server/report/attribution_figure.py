"""What was settled beside what the updates were worth, as a plot and two tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anml_fl.behaviour import is_honest
from anml_fl.page import theme
from anml_fl.page.grid import Grid
from anml_fl.page.plot import Plot, View, frame, number
from anml_fl.reasons.evidence_words import signed
from anml_fl.run.attribution import ESTIMATORS
from anml_fl.run.participants import UNKNOWN
from anml_fl.system.untrusted_text import plot_text, visible
from server.report.shown_contributors import MOST_DRAWN, standing_out
from server.report.wording import HONEST, share

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anml_fl.run.attribution import Attribution, Contribution, EstimatorName

# Rows are 1 apart: a contributor's marks stand under each other, and clear of the next.
_APART = 0.18


def attribution(found: Attribution | None) -> Plot | None:
    """Draw each contributor's settled share beside its values, which may be negative.

    Parameters
    ----------
    found : Attribution, optional
        As `load_attribution` read it.

    Returns
    -------
    Plot or None
        A row a contributor, attackers above the others; None without an attribution.
    """
    if found is None:
        return None
    people = _drawn(found)
    columns: dict[str, list[float]] = {}
    if settled := [one.settled for one in people if one.settled is not None]:
        columns["settled"] = settled
    for estimator in found.estimators:
        values = [getattr(one, estimator.name) for one in people]
        columns[ESTIMATORS[estimator.name]] = _shares(values)
    middle = (len(columns) - 1) / 2
    data = [
        _marks(
            people,
            name,
            shares,
            theme.series(place),
            _APART * (place - middle),
            known=_simulated(found),
        )
        for place, (name, shares) in enumerate(columns.items())
    ]
    labels = [
        plot_text(one.contributor, 18) + ("" if _honest(one) else f" {theme.ATTACKER_MARK}")
        for one in people
    ]
    layout = {
        "xaxis": {
            "title": {"text": "Share of all sizes (%)"},
            "zeroline": True,
            "zerolinewidth": 2,
        },
        "yaxis": {
            "title": {
                "text": "Contributor"
                if all(map(_honest, people))
                else f"Contributor ({theme.ATTACKER_MARK} attacker)"
            },
            "tickvals": list(range(len(people))),
            "ticktext": labels,
            "tickfont": {"size": 12 if len(people) <= 30 else 10},
            "range": [len(people) - 0.5, -0.5],
            "zeroline": False,
        },
        "hovermode": "closest",
        **frame(150 + len(people) * (40 if len(people) <= 30 else 24)),
    }
    return Plot("attribution", {found.strategy: (View("", data, layout),)}, found.strategy)


def attribution_table(found: Attribution) -> Grid:
    """List settled shares and values.

    Returns
    -------
    Grid
        Attackers first; values in percentage points of test accuracy over all rounds.
    """
    names = [estimator.name for estimator in found.estimators]
    known = _simulated(found)
    rows = [
        (
            visible(one.contributor, 40),
            *((_mark(one) + visible(one.behaviour, 40),) if known else ()),
            share(one.settled),
            *(signed(100 * getattr(one, name), 2) for name in names),
        )
        for one in _attackers_first(found)
    ]
    return Grid(
        (
            "Contributor",
            *(("Behaviour",) if known else ()),
            "Settled (%)*",
            *(f"{_title(name)} (points)*" for name in names),
        ),
        tuple(rows),
    )


def estimators_table(found: Attribution) -> Grid:
    """Compare the estimators: agreement in rank, and models tested.

    Returns
    -------
    Grid
        One row an estimator.
    """
    rows = [
        (
            _title(one.name),
            _rank(one.with_settled),
            _rank(one.with_exact),
            f"{one.evaluations:,}",
        )
        for one in found.estimators
    ]
    return Grid(
        (
            "Estimator",
            "Rank correlation with settled*",
            "Rank correlation with exact*",
            "Models tested*",
        ),
        tuple(rows),
    )


def _attackers_first(found: Attribution) -> list[Contribution]:
    return sorted(found.contributors, key=lambda one: (_honest(one), one.contributor))


def _drawn(found: Attribution) -> list[Contribution]:
    """Choose whose rows are drawn: of very many those whose values stand out."""
    people = _attackers_first(found)
    if len(people) <= MOST_DRAWN:
        return people
    values = {
        one.contributor: [getattr(one, estimator.name) for estimator in found.estimators]
        for one in people
    }
    chosen = {name for band in standing_out(values) for name in band}
    return [one for one in people if one.contributor in chosen]


def _simulated(found: Attribution) -> bool:
    return any(one.behaviour not in (HONEST, UNKNOWN) for one in found.contributors)


def _mark(one: Contribution) -> str:
    return "" if _honest(one) else f"{theme.ATTACKER_MARK} "


def _honest(one: Contribution) -> bool:
    return one.behaviour == UNKNOWN or is_honest(one.behaviour)


def _title(name: EstimatorName) -> str:
    said = ESTIMATORS[name]
    return said[0].upper() + said[1:]


def _shares(values: Sequence[float]) -> list[float]:
    # Divided by a plain sum, which can be 0 or negative, signs would turn around.
    total = sum(map(abs, values))
    return [value / total if total else 0.0 for value in values]


def _marks(
    people: Sequence[Contribution],
    name: str,
    shares: Sequence[float],
    look: tuple[str, str, str],
    offset: float,
    *,
    known: bool,
) -> dict[str, Any]:
    colour, _, symbol = look
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": [number(100 * share) for share in shares],
        "y": [number(row + offset) for row in range(len(people))],
        "customdata": [
            [plot_text(one.contributor), f" ({plot_text(one.behaviour)})" if known else ""]
            for one in people
        ],
        "marker": {"color": colour, "symbol": symbol, "size": 9},
        "hovertemplate": (
            "<b>%{customdata[0]}</b>%{customdata[1]}<br>"
            f"{name}: %{{x:.1f}} %<extra></extra>"
        ),
    }


def _rank(value: float | None) -> str:
    return "—" if value is None else signed(value, 2)
