"""Conditions as the files spell them: parts between semicolons, some of them name=value."""

from __future__ import annotations


def value_of(condition: str, name: str) -> float | None:
    """Read a number out of a condition.

    Parameters
    ----------
    condition : str
    name : str
        Of the part.

    Returns
    -------
    float or None
        None where there is no such part, or it is no number.

    Examples
    --------
    >>> value_of("moderate;beta=0.30", "beta"), value_of("moderate", "beta")
    (0.3, None)
    >>> value_of("beta=0.0;beta=0.3", "beta")
    0.3
    """
    # A setting that was given on the command line stands last, and counts.
    for part in reversed(condition.split(";")):
        key, _, value = part.partition("=")
        if key == name:
            try:
                return float(value)
            except ValueError:
                return None
    return None


def without(condition: str, name: str) -> str:
    """Leave a part out of a condition.

    Parameters
    ----------
    condition : str
    name : str
        Of the part.

    Examples
    --------
    >>> without("tau=1;moderate", "tau")
    'moderate'
    """
    return ";".join(part for part in condition.split(";") if part.partition("=")[0] != name)


def with_part(condition: str, old: str, new: str) -> str | None:
    """Put one part in place of another.

    Returns
    -------
    str or None
        None where the condition has no such part.

    Examples
    --------
    >>> with_part("beta=0.05;sampling", "sampling", "selection")
    'beta=0.05;selection'
    """
    parts = condition.split(";")
    if old not in parts:
        return None
    return ";".join(new if part == old else part for part in parts)
