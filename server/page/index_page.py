"""The index of runs, from which some are ticked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anml_fl.page.document import document
from anml_fl.page.style import style_sheet
from anml_fl.system.untrusted_text import visible
from server.page.listing import as_link

if TYPE_CHECKING:
    from collections.abc import Sequence

    from server.page.glimpse import Glimpse

STYLE = """
.scroll.ticks tr > :is(th, td):first-child { min-width: 0; width: 2.5rem; }
.ticks input { accent-color: var(--accent); height: 1.2rem; width: 1.2rem; }
button {
  background: var(--raised); border: 1px solid var(--muted); border-radius: 4px;
  color: inherit; cursor: pointer; font: inherit; margin: .5rem 0; padding: .35rem .9rem;
}
"""

_INDEX = """\
{%- extends "document" %}
{%- block head %}
<meta name="viewport" content="width=device-width, initial-scale=1">
{%- if not rows %}
<meta http-equiv="refresh" content="5">
{%- endif %}
{%- endblock %}
{%- block header %}
  <p class="result">{{ result }}</p>
  <p class="facts">{{ facts }}</p>
{%- endblock %}
{%- block main %}
{%- if pages %}
<p>All runs of a sweep together:
{% for name, link in pages %}<a href="{{ link }}">{{ name | visible }}</a>
{%- if not loop.last %}, {% endif %}{% endfor %}</p>
{%- endif %}
{%- if rows %}
<form action="/compare" method="get">
<div class="scroll ticks" tabindex="0" role="group" aria-label="Runs">
<table>
  <thead><tr><th>Compare</th><th>Run</th><th>State</th><th>Data set</th><th>Began (UTC)</th>
    <th>Strategies</th><th>Error or score</th></tr></thead>
  <tbody>
  {%- for row in rows %}
  <tr>
    <td><input type="checkbox" name="run" value="{{ row.value }}"
      aria-label="Compare {{ row.name | visible }}"></td>
    <td><a href="{{ row.link }}/">{{ row.name | visible }}</a></td>
    {%- for cell in row.cells %}<td>{{ cell | visible }}</td>{% endfor %}
  </tr>
  {%- endfor %}
  </tbody>
</table>
</div>
<button type="submit">Compare ticked runs</button>
</form>
{%- endif %}
{%- endblock %}
"""


def page_style() -> str:
    """Give the text of the one style element of this page and the next."""
    return style_sheet() + STYLE


def index_page(runs: Sequence[Glimpse], pages: Sequence[tuple[str, str]] = ()) -> str:
    """List runs.

    Parameters
    ----------
    runs : sequence of Glimpse
    pages : sequence of (str, str)
        Names of sweeps, and where the page of all their runs is.

    Returns
    -------
    str
        HTML; where there is none yet, it loads itself anew until there is.
    """
    rows = [
        {
            "name": visible(run.folder, 80),
            "link": as_link(run.folder),
            # A form changes line breaks, and cannot hold what is no text.
            "value": run.folder if run.folder.isprintable() else as_link(run.folder),
            "cells": (
                visible(run.state, 200),
                visible(run.dataset, 60) or "—",
                run.date or "—",
                visible(", ".join(name for name, _ in run.strategies), 120) or "—",
                f"{run.score} {run.scored}, {visible(run.lead, 40)}" if run.score else "—",
            ),
        }
        for run in runs
    ]
    result = f"{len(rows)} runs." if len(rows) != 1 else "1 run."
    facts = "The last one stands first."
    if not rows:
        result = "No run has begun yet."
        facts = "0 runs. If one is starting, this page shows it as soon as it has begun."
    content = {
        "title": "Runs",
        "result": result,
        "facts": facts,
        "rows": rows,
        "pages": [(visible(name, 80), link) for name, link in pages],
    }
    return document(_INDEX, content, style=STYLE)
