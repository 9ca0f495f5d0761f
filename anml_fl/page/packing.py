"""What a page's scripts read, written small: each text once, whoever shows it how often.

Of thousands of contributors a name stands in every table and figure, and so does many a
number that is rounded. A long list of texts is written as places in one list of the page,
and a long list of rows as its columns; the page's script takes both apart. A list that has
few texts, as "yes" and "no", names them first, and then says which stands where.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from anml_fl.system.untrusted_text import inline_json

if TYPE_CHECKING:
    from collections.abc import Sequence

LONG = 64
"""Items from which on a list is written so: below, it would gain nothing."""


class Texts:
    """The texts of a page, each once.

    Examples
    --------
    >>> texts = Texts()
    >>> packed([str(i) for i in range(80)], texts)["texts"][:4], texts.json[:16]
    ([0, 1, 2, 3], '["0","1","2","3"')
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
        The same, but that a long list of texts is `{"texts": [place, ...]}`; where each
        stands there twice or more on the mean `{"texts": [place, ...], "at": [which, ...]}`,
        the most frequent one first; and a long list of equally long lists
        `{"columns": [column, ...]}`.

    Examples
    --------
    >>> packed({"x": [1, 2], "y": [["a", 1]] * 64}, Texts())["y"]["columns"][1][:3]
    [1, 1, 1]
    >>> few = packed(["no", "yes", "yes", "yes"] * 20, Texts())
    >>> few["texts"], few["at"][:4]
    ([1, 0], [1, 0, 0, 0])
    """
    if isinstance(value, dict):
        return {key: packed(one, texts) for key, one in value.items()}
    if not isinstance(value, (list, tuple)):
        return value
    if len(value) < LONG:
        return [packed(one, texts) for one in value]
    if all(isinstance(one, str) for one in value):
        return _places(value, texts)
    if all(isinstance(one, (list, tuple)) for one in value) and len(set(map(len, value))) == 1:
        columns = zip(*value, strict=True)
        return {"columns": [packed(list(column), texts) for column in columns]}
    return list(value)


def _places(value: Sequence[str], texts: Texts) -> dict[str, list[int]]:
    places = [texts.place(one) for one in value]
    each = [place for place, _ in Counter(places).most_common()]
    if 2 * len(each) > len(places):
        return {"texts": places}
    which = {place: index for index, place in enumerate(each)}
    return {"texts": each, "at": [which[place] for place in places]}
