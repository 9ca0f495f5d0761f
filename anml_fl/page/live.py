"""The page that follows a run as it runs, or shows one that has ended: document and script.

The page holds no number: its script asks for them at addresses below the page's own. Whoever
serves it gives the script an address, and allows the one style in it by its hash.
"""

from __future__ import annotations

import json
from functools import cache

from anml_fl.page import theme
from anml_fl.page.document import document
from anml_fl.page.drawing import DRAWING
from anml_fl.page.elements import ELEMENTS
from anml_fl.page.live_address import ADDRESS
from anml_fl.page.live_curve import CURVE
from anml_fl.page.live_heat import HEAT
from anml_fl.page.live_history import HISTORY
from anml_fl.page.live_main import MAIN
from anml_fl.page.live_missing import MISSING
from anml_fl.page.live_people import PEOPLE
from anml_fl.page.live_reasons import REASONS
from anml_fl.page.live_scatter import SCATTER
from anml_fl.page.live_stream import STREAM
from anml_fl.page.live_style import LIVE_STYLE
from anml_fl.page.live_template import TEMPLATE
from anml_fl.page.live_timebar import TIMEBAR
from anml_fl.page.live_words import WORDS
from anml_fl.page.style import style_sheet
from anml_fl.page.table import TABLE

# As many strategies as differ by colour, dash or symbol before they come again.
_SERIES = 3 * len(theme.SERIES)


def live_page(title: str, script: str) -> str:
    """Write the page of a run.

    Parameters
    ----------
    title : str
        The run's name, until its state is known.
    script : str
        Address of `live_script()`.

    Returns
    -------
    str
        HTML, with one inline style and no inline script.

    Examples
    --------
    >>> page = live_page("wine", "/static/page.js")
    >>> "<h1>wine</h1>" in page, '<script type="module" src="/static/page.js">' in page
    (True, True)
    """
    return document(TEMPLATE, {"title": title, "script": script}, style=LIVE_STYLE)


@cache
def live_style() -> str:
    """Give the text of the page's one style element.

    Returns
    -------
    str
        What a policy names by its hash.

    Examples
    --------
    >>> f"<style>{live_style()}</style>" in live_page("wine", "page.js")
    True
    """
    return style_sheet() + LIVE_STYLE


@cache
def live_script() -> str:
    """Join the page's script, an ES module that imports nothing.

    Returns
    -------
    str
        JavaScript.

    Examples
    --------
    >>> "innerHTML" in live_script()
    False
    """
    palette = {
        "SERIES": [theme.series(place) for place in range(_SERIES)],
        "HONEST": theme.HONEST,
        "ATTACKER": theme.ATTACKER,
    }
    constants = "".join(f"const {name} = {json.dumps(of)};\n" for name, of in palette.items())
    parts = (
        ELEMENTS, DRAWING, TABLE, CURVE, SCATTER, HEAT, TIMEBAR, STREAM, WORDS, ADDRESS,
        PEOPLE, REASONS, HISTORY, MISSING, MAIN,
    )  # fmt: skip
    return constants + "".join(parts)
