r"""Files of variables, as docker compose reads them (`.env`).

NAME=VALUE, a line each, or `export NAME=VALUE`; a name that comes twice has its last value.
Without quotes a value ends at the line's end or before ` #`, and what is blank around it does
not count. In single quotes it is what stands there, but for `\'`; in double quotes a backslash
begins an escape. Out of single quotes `$NAME`, `${NAME}`, `${NAME:-DEFAULT}` and
`${NAME-DEFAULT}` stand for a value, and `$$` for a dollar.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from anml_fl.settings.section import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_NAMED = re.compile(r"[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_.-]*)[ \t]*[=:][ \t]*")
_SINGLE = re.compile(r"'((?:[^'\\]|\\.)*)'", re.DOTALL)
_DOUBLE = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_VARIABLE = re.compile(r"\$(?:(\$)|(\w+)|\{(\w+)(?:(:?-)([^}]*))?\})", re.ASCII)
_PLAIN = re.compile(r"[A-Za-z0-9_./:,@%+=~-]*")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a file; several, where a quoted value goes on.

    Parameters
    ----------
    text : str
        As it stands there.
    name : str
        Of a variable; empty for a comment, an empty line, and what cannot be read.
    value : str
        What the variable stands for.
    """

    text: str
    name: str = ""
    value: str = ""


def lines(text: str, environment: Mapping[str, str]) -> list[Line]:
    r"""Read a file.

    Parameters
    ----------
    environment : mapping
        What `$NAME` stands for, before the file's own lines.

    Examples
    --------
    >>> [line.value for line in lines("A='my $5 #1'\nexport B = ${A}/x # y\n", {})]
    ['my $5 #1', 'my $5 #1/x']
    """
    text = text.replace("\r\n", "\n")
    found: list[Line] = []
    values: dict[str, str] = {}
    start = 0
    while start < len(text):
        end = text.find("\n", start) % (len(text) + 1)
        name = ""
        value = ""
        if named := _NAMED.match(text, start, end):
            name = named[1]
            if quoted := _SINGLE.match(text, named.end()):
                value = quoted[1].replace("\\'", "'")
            elif quoted := _DOUBLE.match(text, named.end()):
                value = _filled(
                    re.sub(r"\\(.)", lambda one: _ESCAPES.get(one[1], one[1]), quoted[1]),
                    {**values, **environment},
                )
            else:
                bare = re.split(r"[ \t]#|^#", text[named.end() : end], maxsplit=1)[0].rstrip()
                value = _filled(bare, {**values, **environment})
            if quoted:
                end = text.find("\n", quoted.end()) % (len(text) + 1)
            values[name] = value
        found.append(Line(text[start:end], name, value))
        start = end + 1
    return found


def with_values(before: Sequence[Line], values: Mapping[str, str]) -> str:
    r"""Write a file with other values; comments, other lines and their order are kept.

    Parameters
    ----------
    values : mapping
        Name to value. One that is as before keeps its line.

    Raises
    ------
    ConfigError
        If a value cannot be written.

    Examples
    --------
    >>> with_values(lines("# ports\nA=1\nB=2 # mine\n", {}), {"A": "it's", "B": "2"})
    "# ports\nA='it\\'s'\nB=2 # mine\n"
    """
    last = {line.name: index for index, line in enumerate(before) if line.name}
    kept = []
    for index, line in enumerate(before):
        if line.name not in values or line.value == values[line.name]:
            kept.append(line.text)
        elif last[line.name] == index:
            kept.append(f"{line.name}={_quoted(line.name, values[line.name])}")
    kept += [
        f"{name}={_quoted(name, value)}" for name, value in values.items() if name not in last
    ]
    return "\n".join(kept) + "\n"


def _quoted(name: str, value: str) -> str:
    """Write a value so that it is read as it is, by docker compose and by podman-compose."""
    if _PLAIN.fullmatch(value):
        return value
    if wrong := re.search(r"[\\\n\r\0]", value):
        raise ConfigError(
            f"{name} in .env cannot be {value!r}: {wrong[0]!a} has no way to be written there"
        )
    return "'" + value.replace("'", "\\'") + "'"


def _filled(value: str, values: Mapping[str, str]) -> str:
    """Put values in the place of variables; one without a value is empty."""

    def one(found: re.Match[str]) -> str:
        dollar, plain, braced, operator, default = found.groups()
        if dollar:
            return "$"
        given = values.get(plain or braced)
        if default is not None and (given is None or (operator == ":-" and not given)):
            return str(default)
        return given or ""

    return _VARIABLE.sub(one, value)
