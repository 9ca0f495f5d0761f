"""Who stands beside an axis: contributors by name, or by how they behave over several runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from anml_fl.behaviour import is_honest
from anml_fl.run.participants import UNKNOWN
from anml_fl.system.untrusted_text import visible

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from anml_fl.run.figures.source import Source

NAMED = 30
"""Rows that have room for names."""
_LETTERS = 22


class People(NamedTuple):
    """The rows of a figure.

    Parameters
    ----------
    names : list of str
        Of the rows, known attackers last.
    attacks : list of bool
        Whether a row is of such.
    row : mapping
        Run and contributor to the number of the row.
    by_name : bool
        Whether a row is one contributor; else all that behave alike.
    """

    names: list[str]
    attacks: list[bool]
    row: Mapping[tuple[str, str], int]
    by_name: bool


def people_of(source: Source) -> People:
    """Choose the rows: a seed deals roles anew, so that names then stand for nobody.

    Parameters
    ----------
    source : Source
    """
    runs = source.labelled()
    all_of_them = [run.summary.contributors for run in runs.values()]
    by_name = all(one == all_of_them[0] for one in all_of_them)
    kind = {
        (label, who): who if by_name else behaviour
        for label, run in runs.items()
        for who, behaviour in run.summary.contributors.items()
    }
    bad = {
        kind[label, who]: behaviour != UNKNOWN and not is_honest(behaviour)
        for label, run in runs.items()
        for who, behaviour in run.summary.contributors.items()
    }
    names = sorted(bad, key=lambda one: (bad[one], "" if by_name else one))
    place = {name: row for row, name in enumerate(names)}
    rows = {one: place[name] for one, name in kind.items()}
    return People(names, [bad[name] for name in names], rows, by_name)


def named(axes: Axes, people: People) -> None:
    """Name the rows on the upright axis, or say how many there are.

    Parameters
    ----------
    axes : Axes
    people : People
    """
    bad = sum(people.attacks)
    whose = "contributor" if people.by_name else "behaviour"
    if len(people.names) > NAMED:
        below = f", attackers from {len(people.names) - bad + 1} on" if bad else ""
        axes.set_ylabel(f"{whose}s{below}")
        return
    marks = [" †" if one else "" for one in people.attacks]
    # A contributor's name is a stranger's: a dollar would begin a formula.
    texts = [visible(one, _LETTERS).replace("$", r"\$") for one in people.names]
    axes.set_yticks(
        range(len(texts)), [text + mark for text, mark in zip(texts, marks, strict=True)]
    )
    if bad:
        axes.set_ylabel(f"{whose} († attacks)")
