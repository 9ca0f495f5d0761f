"""The document that every page is: head, policy, style, heading, and parts to fill in.

Templates stand in .py files since Flower bundles no .html. Everything is escaped but what is
marked `safe`: our own style and scripts, plotly.js, and JSON from `untrusted.inline_json`.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from jinja2 import DictLoader, Environment, StrictUndefined

from anml_fl.page.style import style_sheet
from anml_fl.system.untrusted_text import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jinja2 import Template

LONGEST = 20_000
"""Most characters of a text that stands on a page."""

_DOCUMENT = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
{%- block head %}{% endblock %}
<title>{% block title %}{{ title }}{% endblock %}</title>
<link rel="icon" href="data:,">
<style>{{ style | safe }}</style>
</head>
<body>
<header>
  <h1>{{ title }}</h1>
  {%- block header %}{% endblock %}
</header>
<main>
{%- block main %}{% endblock %}
</main>
{%- block scripts %}{% endblock %}
</body>
</html>
"""

# Nothing is fetched by it: plotly.js is in it, and the policy names its scripts by hash.
_PLOTTED = """\
{%- extends "document" %}
{%- block head %}
<meta http-equiv="Content-Security-Policy" content="{{ policy }}">
<meta name="viewport" content="width=device-width, initial-scale=1">
{%- endblock %}
{%- block header %}
  {%- block lead %}{% endblock %}
  <noscript><p>The plots, and what is folded of long tables, need JavaScript.</p></noscript>
{%- endblock %}
{%- block scripts %}
<script type="application/json" id="templates">{{ templates | safe }}</script>
<script type="application/json" id="texts">{{ texts.json | safe }}</script>
<script>{{ script | safe }}</script>
<script>{{ plotly | safe }}</script>
{%- endblock %}
"""

_PARTS = """\
{#- A group and no region: a page has many, and whoever goes by landmarks would meet each. -#}
{%- macro table(grid, lead="", classes=true, label="Table") %}
<div class="scroll" tabindex="0" role="group" aria-label="{{ label }}">
<table>
  <thead><tr>
    {%- for title, kind in grid.columns -%}
    <th{% if classes %} class="{{ kind }}"{% endif %}>{{ title | visible }}</th>
    {%- endfor -%}
  </tr></thead>
  <tbody>
  {%- for row in grid.rows %}
  {%- set link = grid.link(loop.index0) %}
  <tr{% if lead and row[0] == lead %} class="lead"{% endif %}>
    {%- for cell in row -%}
    <td{% if classes %} class="{{ grid.columns[loop.index0][1] }}"{% endif %}>
    {%- if loop.first and link %}<a href="{{ link }}">{{ cell | visible }}</a>
    {%- else %}{{ cell | visible }}{% endif %}</td>
    {%- endfor -%}
  </tr>
  {%- endfor %}
  </tbody>
</table>
</div>
{%- endmacro %}

{%- macro figure(plot, title, caption, choose="Strategy", decision=false) %}
<figure data-plot="data-{{ plot.name }}" aria-label="{{ title }}">
  {%- if plot.groups | length > 1 or plot.longest > 1 %}
  <div class="controls">
    {%- if plot.groups | length > 1 %}
    <label>{{ choose }}
      <select autocomplete="off">
        {%- for group in plot.groups %}
        <option value="{{ loop.index0 }}"{{ " selected" if group.chosen }}>
          {{- group.name -}}
        </option>
        {%- endfor %}
      </select>
    </label>
    {%- endif %}
    {%- if plot.longest > 1 %}
    <label>Round
      <input type="range" min="0" max="{{ plot.views | length - 1 }}" step="1"
             value="{{ plot.views | length - 1 }}" autocomplete="off">
      <output>{{ plot.views[-1].label }}</output>
    </label>
    {%- endif %}
  </div>
  {%- endif %}
  {%- if decision %}
  <p class="decision" aria-live="polite">{{ plot.views[-1].note }}</p>
  {%- endif %}
  <div class="plot"></div>
  <figcaption>{{ caption }}</figcaption>
</figure>
<script type="application/json" id="data-{{ plot.name }}">{{ plot.json | safe }}</script>
{%- endmacro %}
"""

_FOLDING = """\
{%- from "parts" import table %}
{%- macro folded(grid) %}
{%- if not grid.json %}{{ table(grid.first, label=grid.label) }}
{%- else %}
<div data-rows="rows-{{ grid.name }}">{{ table(grid.first, label=grid.label) }}</div>
<noscript><p class="note">The first {{ grid.first.rows | length }} of {{ grid.total }} are
shown.</p></noscript>
<script type="application/json" id="rows-{{ grid.name }}">{{ grid.json | safe }}</script>
{%- endif %}
{%- endmacro %}
"""


def document(
    body: str,
    content: Mapping[str, object],
    *,
    style: str = "",
    filters: Mapping[str, Callable[..., object]] | None = None,
) -> str:
    """Write a page.

    Parameters
    ----------
    body : str
        A Jinja2 template that extends "plotted" and fills in its blocks `lead` and `main`, or
        "document" and fills in `header` and `main`; with the macros `table` and `figure` of
        "parts" and `folded` of "folding".
    content : mapping
        What stands in it; a name that it lacks is an error. `title` is always needed.
    style : str
        Rules beyond the style sheet that all pages have.
    filters : mapping, optional
        Filters of its own, beside `visible`.

    Returns
    -------
    str
        HTML.

    Examples
    --------
    >>> body = '{% extends "document" %}{% block main %}{{ text }}{% endblock %}'
    >>> page = document(body, {"title": "Runs", "text": "a < b"})
    >>> "<h1>Runs</h1>" in page, "<main>a &lt; b" in page
    (True, True)
    """
    template = _template(body) if filters is None else _compiled(body, filters)
    return template.render({**content, "style": style_sheet() + style})


@cache  # of statements there is one for each contributor
def _template(body: str) -> Template:
    return _compiled(body, {})


def _compiled(body: str, filters: Mapping[str, Callable[..., object]]) -> Template:
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        loader=DictLoader(
            {
                "document": _DOCUMENT,
                "plotted": _PLOTTED,
                "parts": _PARTS,
                "folding": _FOLDING,
                "body": body,
            }
        ),
    )
    environment.filters["visible"] = lambda text: visible(text, LONGEST)
    environment.filters.update(filters)
    return environment.get_template("body")
