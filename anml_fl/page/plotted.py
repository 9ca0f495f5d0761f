"""A page with plots: plotly.js in it, and a policy under which its own scripts alone run."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from plotly.offline import get_plotlyjs

from anml_fl.page import theme
from anml_fl.page.document import document
from anml_fl.page.packing import Texts, packed
from anml_fl.page.script import SCRIPT
from anml_fl.system.untrusted_text import inline_json, visible

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from anml_fl.page.plot import Plot


def plotted(
    body: str,
    content: Mapping[str, object],
    *,
    style: str = "",
    filters: Mapping[str, Callable[..., object]] | None = None,
    texts: Texts | None = None,
) -> str:
    """Write a page with plots, as `document` does.

    Parameters
    ----------
    body, content, style, filters
        As of `document`.
    texts : Texts, optional
        Those that its plots and tables were packed with.

    Returns
    -------
    str
        HTML, about 5 MB, nearly all of it plotly.js.
    """
    plotly: str = get_plotlyjs()
    both = {"light": theme.template(theme.LIGHT), "dark": theme.template(theme.DARK)}
    scripts = {
        "policy": _policy(plotly, SCRIPT),
        "templates": inline_json(both),
        "plotly": plotly,
        "script": SCRIPT,
        "texts": texts or Texts(),
    }
    return document(body, {**content, **scripts}, style=style, filters=filters)


def embedded(plot: Plot, longest: int = 40, texts: Texts | None = None) -> dict[str, Any]:
    """Prepare a plot for the macro `figure`: what is shown first, and all of it as JSON.

    Parameters
    ----------
    plot : Plot
    longest : int
        Most characters of a group's name.
    texts : Texts, optional
        Where long lists' texts are written once; by default they stand where they are.
    """
    groups = [
        {
            "name": visible(name, longest),
            "views": [
                {
                    "label": v.label,
                    "note": v.note,
                    "data": v.data if texts is None else packed(v.data, texts),
                    "layout": v.layout,
                }
                for v in views
            ],
        }
        for name, views in plot.groups.items()
    ]
    return {
        "name": plot.name,
        "groups": [
            {"name": group["name"], "chosen": name == plot.chosen}
            for group, name in zip(groups, plot.groups, strict=True)
        ],
        "views": plot.groups.get(plot.chosen, ()),
        "longest": max(map(len, plot.groups.values())),
        "thinned": plot.thinned,
        "json": inline_json(groups),
    }


def _policy(*scripts: str) -> str:
    # Only the page's own scripts run, and nothing is fetched, whatever the data say.
    hashes = " ".join(
        f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'"
        for script in scripts
    )
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
    )
