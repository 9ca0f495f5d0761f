"""A table in the form that a program asked for: Arrow's, pandas' or Polars'."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anml_fl.system.extras import extra

if TYPE_CHECKING:
    import pyarrow as pa

FORMS = ("arrow", "pandas", "polars")
"""What a table may be asked for as."""


def converted(table: pa.Table, form: str) -> Any:
    """Give a table as a frame; what is null stays a missing value, of whichever type.

    Parameters
    ----------
    table : pyarrow.Table
    form : str
        One of `FORMS`.

    Returns
    -------
    pyarrow.Table, pandas.DataFrame or polars.DataFrame
        In pandas columns are of Arrow's types (`pandas.ArrowDtype`), so that a count with a
        gap stays whole numbers.

    Raises
    ------
    ValueError
        If there is no such form.
    ImportError
        If the package is not installed, with what to install.

    Examples
    --------
    >>> import pyarrow as pa
    >>> converted(pa.table({"round": [1, None]}), "pandas")["round"].dtype
    int64[pyarrow]
    >>> converted(pa.table({"round": [1]}), "panda")
    Traceback (most recent call last):
    ValueError: frame must be one of arrow, pandas, polars, got 'panda'
    """
    if form not in FORMS:
        raise ValueError(f"frame must be one of {', '.join(FORMS)}, got {form!r}")
    if form == "arrow":
        return table
    package = extra(form, form, "without it a table is Arrow's: leave the frame out")
    if form == "pandas":
        return table.to_pandas(types_mapper=package.ArrowDtype)
    return package.from_arrow(table)
