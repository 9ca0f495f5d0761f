"""Flower's own partitioners: dealing a table's rows out as flwr-datasets does."""

from __future__ import annotations

import ast
import inspect
import re
import warnings
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from anml_fl.datasets.table import TableError
from anml_fl.seeding import stream
from anml_fl.settings.federation import PARTITIONER
from anml_fl.system.near import known_ones
from anml_fl.tables.schema import ClassLabel

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from anml_fl.tables.rows import Rows

_FEWEST = 2
_ROW, _BY = "row", "by"
_NATURAL = ("NaturalIdPartitioner", "GroupedNaturalIdPartitioner")
_OF_NUMBERS = ("ContinuousPartitioner",)
# They part columns, take a function, or are what the others stand on.
_OTHERS = re.compile("Vertical.*|IdToSizeFncPartitioner|Partitioner")
_WORDS = {"true": True, "false": False, "none": None}
_KEY_VALUE = re.compile(r"(\w+)=(\[[^=]*\]|[^,=\[\]]+)(?:,|$)", re.ASCII)
# What the library raises over settings that it cannot use.
_UNUSABLE = (ValueError, TypeError, ArithmeticError, AssertionError, LookupError)


def dealt(partition: str, rows: Rows, contributors: int, seed: int) -> list[NDArray[np.intp]]:
    """Deal rows out by one of flwr-datasets' partitioners.

    Parameters
    ----------
    partition : str
        NAME or NAME:KEY=VALUE,..., as `settings.federation.PARTITIONER` has it. Number and
        seed are the run's. It deals by class, by site in NaturalIdPartitioner and
        GroupedNaturalIdPartitioner, and in ContinuousPartitioner by a label of numbers or
        the column of numbers that `partition_by` names.
    rows : Rows
    contributors : int
    seed : int
        The run's seed.

    Returns
    -------
    list of int arrays
        Sorted indices, one array a contributor; a partitioner may leave rows out.

    Raises
    ------
    ValueError
        If there is no such partitioner or setting, or it cannot deal these rows out so.
    TableError
        If flwr-datasets is not installed.
    """
    asked = PARTITIONER.fullmatch(partition)
    if asked is None:
        raise ValueError(
            f"partition must be NAME or NAME:KEY=VALUE,..., such as"
            f" DirichletPartitioner:alpha=0.3, got {partition!r}"
        )
    if find_spec("flwr_datasets") is None:
        raise TableError(
            f"partition {asked['name']} needs flwr-datasets, not installed: pip install"
            " 'anml-fl[huggingface]'"
        )
    import datasets  # noqa: PLC0415 - an extra, and slow to import

    name = asked["name"]
    make = _partitioner(name)
    parameters = inspect.signature(make).parameters
    given = _values(asked["given"] or "")
    column = str(given.pop("partition_by", "")) if name in _OF_NUMBERS else ""
    by = _by(name, rows, column) if "partition_by" in parameters else rows.holder
    rng = stream(seed, "partition", name)
    # Many of them deal rows out as they come. Sites keep their own order.
    order = np.arange(by.size) if name in _NATURAL else rng.permutation(by.size)
    fixed = {
        "num_partitions": contributors,
        "partition_by": _BY,
        "seed": int(rng.integers(2**32)),
    }
    arguments = _arguments(name, parameters, given, fixed)
    # As Arrow's columns they become arrays at once, which else goes cell by cell; but this one
    # counts cells.
    form = "numpy" if name == "DistributionPartitioner" else "arrow"
    table = datasets.Dataset.from_dict({_ROW: order, _BY: by[order]}).with_format(form)
    with warnings.catch_warnings():
        # Of draws that are repeated, and of rows left out, which the run's numbers show.
        warnings.simplefilter("ignore")
        try:
            parts = _parts(make(**arguments), table)
        except _UNUSABLE as error:
            said = " ".join(str(error).split()) if isinstance(error, ValueError) else ""
            why = said or type(error).__name__
            raise ValueError(
                f"partition {name} cannot deal these rows out so: {why};"
                f" {_settings(parameters, fixed)}"
            ) from None
    if len(parts) != contributors:
        raise ValueError(
            f"partition {name} makes {len(parts)} parts of these rows, and there are"
            f" {contributors} contributors; --contributors {len(parts)} lets them fit"
        )
    return _checked(name, parts)


def _partitioner(name: str) -> Callable[..., Any]:
    from flwr_datasets import partitioner  # noqa: PLC0415

    known = [one for one in partitioner.__all__ if not _OTHERS.fullmatch(one)]
    if name not in known:
        raise ValueError(f"partition: unknown {name!r}; {known_ones(name, known)}")
    made: Callable[..., Any] = getattr(partitioner, name)
    return made


def _values(text: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in _KEY_VALUE.findall(text):
        if key in found:
            raise ValueError(f"partition: {key} is given twice")
        found[key] = _value(value.strip())
    return found


def _value(text: str) -> Any:
    """Read a number, a list of numbers, yes or no, or else a text."""
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text
    nested = isinstance(value, list) and any(isinstance(one, list) for one in value)
    return np.array(value, dtype=np.float64) if nested else value


def _by(name: str, rows: Rows, column: str) -> NDArray[Any]:
    """Find what of each row says where it goes."""
    label = rows.schema.label
    if name in _NATURAL:
        if not rows.sites:
            raise ValueError(
                f"partition {name} deals out by site, and the data name none; say with --by"
                " which column does"
            )
        return rows.holder
    if column and column != label.name:
        numbers = [one.name for one in rows.schema.scaled][: rows.numbers.shape[1]]
        if column not in numbers:
            raise ValueError(
                f"partition {name}: partition_by must be a column of numbers"
                f" ({', '.join(numbers) or 'there is none'}), got {column!r}"
            )
        return rows.numbers[:, numbers.index(column)]
    if name not in _OF_NUMBERS and not isinstance(label, ClassLabel):
        raise ValueError(
            f"partition {name} deals out by class, and the label is a number; use"
            " ContinuousPartitioner:strictness=0.5, or one that deals out by size"
        )
    return rows.labels


def _arguments(
    name: str,
    parameters: Mapping[str, inspect.Parameter],
    given: Mapping[str, Any],
    fixed: Mapping[str, Any],
) -> dict[str, Any]:
    """Put together what a partitioner is made with, and refuse what it does not know."""
    told = f"partition {name}: {{}}; {_settings(parameters, fixed)}"
    for key in given:
        if key in fixed:
            raise ValueError(told.format(f"{key} is for the run to say"))
        if key not in parameters:
            raise ValueError(told.format(f"{key} is no setting of it"))
    made = {**{key: value for key, value in fixed.items() if key in parameters}, **given}
    for key, parameter in parameters.items():
        if parameter.default is inspect.Parameter.empty and key not in made:
            raise ValueError(told.format(f"{key} is needed, as in {name}:{key}=..."))
    return made


def _settings(parameters: Mapping[str, Any], fixed: Mapping[str, Any]) -> str:
    return (
        f"its settings: {', '.join(key for key in parameters if key not in fixed) or 'none'}"
    )


def _parts(partitioner: Any, table: Any) -> list[NDArray[np.intp]]:
    partitioner.dataset = table
    return [
        np.sort(np.asarray(partitioner.load_partition(place)[_ROW][:], dtype=np.intp))
        for place in range(partitioner.num_partitions)
    ]


def _checked(name: str, parts: list[NDArray[np.intp]]) -> list[NDArray[np.intp]]:
    every = np.concatenate(parts)
    if np.unique(every).size < every.size:
        raise ValueError(f"partition {name} deals rows out twice; choose another one")
    sizes = [part.size for part in parts]
    if min(sizes) < _FEWEST:
        raise ValueError(
            f"partition {name} leaves contributor {sizes.index(min(sizes)) + 1} with"
            f" {min(sizes)} rows, and each needs {_FEWEST}; choose fewer contributors,"
            " or other settings of it"
        )
    return parts
