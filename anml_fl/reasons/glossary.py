"""What the kinds of evidence are called, for whoever meets their names on a screen."""

from __future__ import annotations

import re

_KINDS = {
    "company": "how much better the common model does on the trusted rows with its update"
    " than without it",
    "root direction": "whether its updates go the way that training on the trusted rows leads",
    "root function": "whether its update alone moves the model's answers on the trusted rows"
    " towards their labels",
    "output rows": "whether what it teaches the output layer of each class agrees with what"
    " the others teach",
    "update direction": "whether its updates point where the others' do",
    "earlier doubt": "how much of what spoke against it in earlier rounds still counts",
}


def glossary(text: str) -> str:
    """Explain the kinds of evidence that a text names, in the order in which they are read.

    Parameters
    ----------
    text : str
        As it is shown.

    Returns
    -------
    str
        A line; empty where the text names none.

    Examples
    --------
    >>> glossary("that decided in 3 of 4 rounds, update direction in 1")
    "update direction: whether its updates point where the others' do; see docs/..."
    >>> glossary("that decided in 3 of 4 rounds, q in 1")
    ''
    """
    named = [
        f"{kind}: {meaning}"
        for kind, meaning in _KINDS.items()
        if re.search(rf"\b{kind}\b", text, re.IGNORECASE)
    ]
    return "; ".join([*named, "see docs/calibrated.md"]) if named else ""
