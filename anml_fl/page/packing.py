"""What a page's scripts read, written small: each text once, whoever shows it how often.

Of thousands of contributors a name stands in every table and figure, and so does many a
number that is rounded. A long list of texts is written as places in one list of the page,
and a long list of rows as its columns; the page's script takes both apart.
"""

from __future__ import annotations

from typing import Any

from anml_fl.system.untrusted_text import inline_json

LONG = 64
"""Items from which on a list is written so: below, it would gain nothing."""


class Texts:
    """The texts of a page, each once.

    Examples
    --------
    >>> texts = Texts()
    >>> packed(["yes", "no"] * 40, texts)["texts"][:4], texts.json
    ([0, 1, 0, 1], '["yes","no"]')
    """

    def __init__(self) -> None:
        self._places: dict[str, int] = {}

    def place(self, text: str) -> int:
        """Where a text stands, which is at the end if it is new."""
        return self._places.setdefault(text, len(self._places))

    @property
    def json(self) -> str:
        """All of them, fit to stand in a <script> element."""
        return inline_json(list(self._places))


def packed(value: Any, texts: Texts) -> Any:
    """Write long lists within a value by places and by columns.

    Parameters
    ----------
    value : Any
        What `json.dumps` takes.
    texts : Texts
        Gets the texts that are not there yet.

    Returns
    -------
    Any
        The same, but that a long list of texts is `{"texts": [place, ...]}` and a long list
        of equally long lists `{"columns": [column, ...]}`.

    Examples
    --------
    >>> packed({"x": [1, 2], "y": [["a", 1]] * 64}, Texts())["y"]["columns"][1][:3]
    [1, 1, 1]
    """
    if isinstance(value, dict):
        return {key: packed(one, texts) for key, one in value.items()}
    if not isinstance(value, (list, tuple)):
        return value
    if len(value) < LONG:
        return [packed(one, texts) for one in value]
    if all(isinstance(one, str) for one in value):
        return {"texts": [texts.place(one) for one in value]}
    if all(isinstance(one, (list, tuple)) for one in value) and len(set(map(len, value))) == 1:
        columns = zip(*value, strict=True)
        return {"columns": [packed(list(column), texts) for column in columns]}
    return list(value)
