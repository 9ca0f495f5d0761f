"""A SuperNode's configuration, as its command line takes it: NAME=VALUE, parted by blanks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def node_config(values: Mapping[str, str | int]) -> str:
    r"""Write what `flower-supernode --node-config` reads.

    Flower makes TOML of it, but parts it before by an expression of its own, which takes the
    first quotation mark for the end of a text: inside one it is spelled out.

    Examples
    --------
    >>> print(node_config({"partition-id": 3, "data": 'my "a".csv'}))
    partition-id=3 data="my \u0022a\u0022.csv"
    """
    return " ".join(
        f"{name}={value if isinstance(value, int) else _text(value)}"
        for name, value in values.items()
    )


def _text(value: str) -> str:
    def spelled(found: re.Match[str]) -> str:
        return f"\\u{ord(found[0]):04x}"

    return '"' + re.sub(r'[\x00-\x1f\x7f"\\]', spelled, value) + '"'
