"""Ticked runs side by side; and what those say together that repeat each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anml_fl.page.document import document
from anml_fl.page.grid import Grid
from anml_fl.reasons.amounts import percent
from anml_fl.run.repeats import repeats
from anml_fl.system.untrusted_text import visible
from server.page.index_page import STYLE
from server.page.repeated_words import (
    repeated_grid,
    repeated_note,
    repeated_result,
    too_few,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from anml_fl.run.repeats import FinishedRun, Repeats
    from server.page.glimpse import Glimpse

MOST_COMPARED = 20
"""Runs side by side."""

_COMPARED = """\
{%- extends "document" %}
{%- from "parts" import table %}
{%- block head %}
<meta name="viewport" content="width=device-width, initial-scale=1">
{%- endblock %}
{%- block header %}
  <p class="result">{{ result }}</p>
  <p class="facts">{{ facts }}</p>
{%- endblock %}
{%- block main %}
{%- for one in sets %}
<h2>{{ one.title }}</h2>
{% if one.said %}<p>{{ one.said }}</p>{% endif %}
{{ table(one.grid, one.lead, label=one.title) }}
<p class="note">{{ one.note }}</p>
{%- endfor %}
{%- if sets %}
<h2>Runs side by side</h2>
{%- endif %}
{%- if grid %}{{ table(grid, label="Runs side by side") }}{% endif %}
{%- if served %}
<p><a href="/">All runs</a></p>
{%- endif %}
{%- endblock %}
"""


def compared_page(
    runs: Sequence[Glimpse],
    finished: Sequence[FinishedRun] = (),
    left_out: int = 0,
    *,
    apart: Sequence[str] = (),
    served: bool = True,
) -> str:
    """Set runs side by side, a row a strategy and a column a run; repeats above, as one.

    A headline tells of more than one run only where three or more repeat each other.

    Parameters
    ----------
    runs : sequence of Glimpse
    finished : sequence of FinishedRun
        Those of them that have ended.
    left_out : int
        Names that were asked for, of which there is no run, or no room.
    apart : sequence of str
        Sentences on what is not taken together, and why.
    served : bool
        Whether there is a list of runs to go back to.
    """
    names = list(dict.fromkeys(name for run in runs for name, _ in run.strategies))
    rows = tuple(
        (visible(name, 40), *(cell for run in runs for cell in _cells(run, name)))
        for name in names
    )
    titles = [
        f"{visible(run.folder, 40)}: {title}"
        for run in runs
        for title in (f"{run.scored or 'error'}*", "rounds*", *_weighed(run))
    ]
    found = repeats(finished)
    enough = [one for one in found if one.enough]
    result = f"{len(runs)} runs side by side." if len(runs) != 1 else "1 run."
    if enough:
        result = (
            repeated_result(enough[0])
            if len(enough) == 1
            else f"{len(runs)} runs, with {len(enough)} sets of repeats among them."
        )
    facts = " ".join((*_facts(runs, found, left_out), *apart))
    if not runs:
        result, facts = "No run is ticked.", "Tick some in the list of runs."
    content = {
        "title": "Runs side by side",
        "result": result,
        "facts": facts,
        "grid": Grid(("Strategy", *titles), rows) if rows else None,
        "sets": [_set(one, alone=len(enough) == 1) for one in enough],
        "served": served,
    }
    return document(_COMPARED, content, style=STYLE)


def _facts(runs: Sequence[Glimpse], found: Sequence[Repeats], left_out: int) -> Iterator[str]:
    counted = [name for one in found if one.enough for name in one.runs]
    if not counted:
        yield "Each is one run with one seed; data sets, settings and metrics may differ."
    elif len(counted) < len(runs):
        yield (
            f"{len(counted)} of the {len(runs)} runs are repeats; the others have not ended,"
            " or differ in more than the seed."
        )
    yield from (too_few(one) for one in found if not one.enough)
    if left_out:
        yield f"{left_out} of those that were ticked are not shown."


def _set(found: Repeats, *, alone: bool) -> dict[str, object]:
    count = len(found.runs)
    return {
        "title": "The repeats together"
        if alone
        else f"{visible(found.runs[0], 40)} and {count - 1} that repeat it",
        "said": "" if alone else repeated_result(found),
        "grid": repeated_grid(found),
        "lead": visible(found.lead, 40),
        "note": repeated_note(found),
    }


def _weighed(run: Glimpse) -> tuple[str, ...]:
    known = any(of.attacker_weight is not None for _, of in run.strategies)
    return ("attackers' weight*",) if known else ()


def _cells(run: Glimpse, strategy: str) -> tuple[str, ...]:
    of = dict(run.strategies).get(strategy)
    weight = percent(None if of is None else of.attacker_weight).replace(
        "\N{NO-BREAK SPACE}", " "
    )
    cells = ("—", "—") if of is None else (of.score or "—", str(of.rounds))
    return (*cells, *((weight,) if _weighed(run) else ()))
