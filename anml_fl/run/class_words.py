"""How a class is called in a sentence or a table: by its name, and its number."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from anml_fl.system.untrusted_text import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

_LONGEST = 60
_NUMBERED = re.compile(r"class (0|[1-9][0-9]{0,8})", re.ASCII)


def named_class(number: int, names: Sequence[str]) -> str:
    """Name a class, with its number: settings and messages have that.

    Examples
    --------
    >>> named_class(1, ("benign", "malignant")), named_class(1, ()), named_class(1, ("0", "1"))
    ('malignant (class 1)', 'class 1', 'class 1')
    """
    plain = f"class {number}"
    name = visible(names[number], _LONGEST).strip() if number < len(names) else ""
    return plain if name in ("", str(number), plain) else f"{name} ({plain})"


def named_key(key: str, names: Sequence[str]) -> str:
    """Name a class by what `summary.json` calls it.

    Examples
    --------
    >>> named_key("class 0", ("benign", "malignant")), named_key("rows", ("benign",))
    ('benign (class 0)', 'rows')
    """
    found = _NUMBERED.fullmatch(key)
    return named_class(int(found[1]), names) if found else visible(key, _LONGEST)
