"""Text that others wrote (contributor names, reasons) made safe to show.

Three borders, three functions: any text is first made visible, then escaped for the one
place it goes to. HTML itself is escaped by Jinja2.
"""

from __future__ import annotations

import html
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import ValidationError


def visible(text: str, limit: int = 200) -> str:
    r"""Spell out what could hide or reorder text, and shorten what is too long.

    Control characters, bidirectional overrides and lone surrogates (which cannot be
    written as UTF-8) become escape sequences.

    Parameters
    ----------
    text : str
        Any text.
    limit : int
        Most characters that are kept, > 0.

    Returns
    -------
    str
        Printable, at most `limit` characters.

    Raises
    ------
    ValueError
        If `limit` is not > 0.

    Examples
    --------
    >>> print(visible("abc\u202edef\n"))
    abc\u202edef\n
    >>> visible("contributor-with-a-long-name", limit=12)
    'contributor…'
    """
    if limit <= 0:
        raise ValueError(f"limit must be > 0, got {limit}")
    if len(text) <= limit and text.isprintable():
        return text
    # Cut before the spelling-out too: a name of many megabytes must stay cheap.
    spelled = "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
        for char in text[: limit + 1]
    )
    return spelled if len(spelled) <= limit else spelled[: limit - 1] + "…"


def explained(error: ValidationError) -> str:
    """Say what is wrong with a file, where, and what a number or a short text there is.

    Returns
    -------
    str
        Its first problem. Of a file that is another one altogether nothing is quoted.

    Examples
    --------
    >>> from pydantic import TypeAdapter, ValidationError
    >>> def check(text):
    ...     try:
    ...         TypeAdapter(dict[str, int]).validate_json(text)
    ...     except ValidationError as error:
    ...         return explained(error)
    >>> check('{"rounds": "many"}')
    "rounds: Input should be a valid integer, unable to parse string as an integer, got 'many'"
    >>> check('{"rounds": [63]}')
    'rounds: Input should be a valid integer, got a list'
    """
    problem = error.errors()[0]
    value, place = problem["input"], ".".join(map(str, problem["loc"]))
    if not place:
        return f"the file: {problem['msg']}"
    plain = value is None or isinstance(value, (str, int, float))
    return f"{place}: {problem['msg']}, got " + (
        repr(str(value)[:60]) if plain else f"a {type(value).__name__}"
    )


def plot_text(text: str, limit: int = 80) -> str:
    """Escape text for plotly, which renders tags such as <b> and <a> in its labels.

    Parameters
    ----------
    text : str
        Any text.
    limit : int
        Most characters that are kept, before escaping.

    Returns
    -------
    str
        Shown by plotly letter by letter.

    Raises
    ------
    ValueError
        If `limit` is not > 0.

    Examples
    --------
    >>> plot_text("<b>&amp;")
    '&lt;b&gt;&amp;amp;'
    """
    return html.escape(visible(text, limit), quote=False)


def inline_json(value: Any) -> str:
    r"""Write JSON that may stand inside a <script> element.

    Parameters
    ----------
    value : Any
        What `json.dumps` takes.

    Returns
    -------
    str
        Without <, > and &: nothing in it can end the element or begin a comment.

    Raises
    ------
    ValueError
        If a number is not finite: the browser's JSON has no nan.

    Examples
    --------
    >>> inline_json(["</script>"])
    '["\\u003c/script\\u003e"]'
    """
    # Inside JSON these three stand in strings only, so the escapes keep the meaning.
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    for char in "<>&":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text
