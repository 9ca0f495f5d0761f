"""How names of columns are compared: blanks around them and case say nothing."""


def folded(name: str) -> str:
    """Give what is the same for names that mean the same column.

    Examples
    --------
    >>> folded(" Clinic") == folded("clinic")
    True
    """
    return name.strip().casefold()
