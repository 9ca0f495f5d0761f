"""Write a sweep's `report.html`: one page of all its runs, nothing fetched."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from anml_fl.page.folding import folding
from anml_fl.page.packing import Texts
from anml_fl.page.plotted import embedded, plotted
from anml_fl.reasons.words import listed
from anml_fl.run.files import REPORT, SWEEP
from anml_fl.system.files import read_text, write_whole
from anml_fl.system.untrusted_text import visible
from studies.sweep.figures import by_seed, by_setting
from studies.sweep.grids import runs_grid, scores_grid
from studies.sweep.score_map import as_map
from studies.sweep.words import facts, headline, note

if TYPE_CHECKING:
    from pathlib import Path

    from anml_fl.page.plot import Plot
    from studies.sweep.results import Results

_MOST_TOLD = 50

_TEMPLATE = """\
{%- extends "plotted" %}
{%- from "parts" import figure, table %}
{%- from "folding" import folded %}
{%- block title %}{{ title }} — sweep{% endblock %}
{%- block lead %}
  {%- if warning %}
  <p class="warning" role="alert"><strong>Do not rely on this page.</strong> {{ warning }}</p>
  {%- endif %}
  <p class="result">{{ result }}</p>
  <p class="facts">{{ facts }}</p>
{%- endblock %}
{%- block main %}
{%- if failed %}
<h2>Not carried out</h2>
<ul>
{%- for folder, why in failed %}
  <li>{{ folder | visible }}: {{ why | visible }}</li>
{%- endfor %}
</ul>
<p class="note">They are in no figure; the same command tries them again.</p>
{%- endif %}

<h2>{{ heading }}</h2>
{% if setting -%}
{{ figure(setting, heading, measured ~ "; " ~ better ~ " is better. Bars: 95 % intervals over
        the seeds. Point at a mark for its figures.", choose="Other settings") }}
{%- endif %}
{% if seeds -%}
{{ figure(seeds, heading, measured ~ "; " ~ better ~ " is better. Hollow: one run each. Filled:
        their mean, with its 95 % interval over the seeds.") }}
{%- endif %}
{% if map -%}
{{ figure(map, heading ~ " as a map", measured ~ ", means over the seeds; " ~ better
        ~ " is better. Point at a cell for its interval.", choose="Strategy") }}
{%- endif %}
{{ folded(scores | folded("scores", heading)) }}
<p class="note">{{ note }}</p>

<h2>All runs</h2>
<p>Each is a run as <code>anml run</code> makes it, with its own ledger, which
<code>anml verify</code> checks, and its own page.</p>
{{ table(runs, label="All runs") }}
{% if runs.total > runs.rows | length -%}
<p class="note">{{ runs.rows | length }} of {{ runs.total }} are shown; all are in sweep.csv,
sweep.parquet and sweep.json beside this page.</p>
{%- else -%}
<p class="note">The same as a table, with all measures: sweep.csv, sweep.parquet and sweep.json
beside this page.</p>
{%- endif %}

<h2>What was asked for</h2>
<pre>{{ asked }}</pre>
{%- endblock %}
"""


def write_sweep(found: Results, out: Path) -> Path:
    """Write the page of a sweep into its folder.

    Parameters
    ----------
    found : Results
    out : Path
        The sweep's folder.

    Returns
    -------
    Path
        The page; the same runs give the same bytes.
    """
    path = out / REPORT
    write_whole(path, render(found, read_text(out / SWEEP)).encode())
    return path


def render(found: Results, asked: str) -> str:
    """Write the page as text.

    Parameters
    ----------
    found : Results
    asked : str
        What `sweep.toml` says.

    Returns
    -------
    str
        HTML.
    """
    texts, criterion = Texts(), found.criterion

    def shown(plot: Plot | None) -> dict[str, Any] | None:
        return None if plot is None else embedded(plot, 80, texts)

    keys = [axis.key for axis in found.plan.axes]
    content: dict[str, object] = {
        "title": visible(found.plan.conditions[0].config.name),
        "result": headline(found),
        "facts": facts(found),
        "warning": warning(found),
        "failed": list(found.failed.items())[:_MOST_TOLD],
        "heading": f"By {listed(keys)}" if keys else "By strategy",
        "measured": f"{criterion.title[:1].upper()}{criterion.title[1:]} of the final models",
        "better": criterion.better,
        "setting": shown(by_setting(found)),
        "seeds": shown(by_seed(found)),
        "map": shown(as_map(found)),
        "scores": scores_grid(found),
        "note": note(found),
        "runs": runs_grid(found),
        "asked": _block(asked),
    }
    return plotted(
        _TEMPLATE, content, filters={"folded": partial(folding, texts=texts)}, texts=texts
    )


def warning(found: Results) -> str:
    """Say which runs do not fit their ledgers; "" if all do."""
    altered = [one for one in found.ended if one.warning]
    if not altered:
        return ""
    first = altered[0]
    said = f"{visible(first.cell.folder, 100)}: {visible(first.warning, 400)}"
    return said if len(altered) == 1 else f"{len(altered)} runs are like this: {said}"


def _block(text: str) -> str:
    # Line by line: line breaks are what `visible` would spell out.
    return "\n".join(visible(line.replace("\t", "    "), 500) for line in text.split("\n"))
