"""A model's arrays as one on the way: Flower handles every array as an object of its own.

Each object costs several requests and database statements at each of its three stations, for
every node and round; the bytes are the same.
"""

from __future__ import annotations

import json
from io import BytesIO
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
from flwr.app import Array, ArrayRecord

from strategies.arrays import BadArrayError, decode, values_of
from strategies.layout import Layout

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

PACKED = "packed"


def pack(arrays: ArrayRecord, names: Sequence[str]) -> ArrayRecord:
    """Put arrays' values, one behind the other, into a single array of bytes.

    Parameters
    ----------
    arrays : ArrayRecord
    names : sequence of str
        Their order.

    Raises
    ------
    KeyError
        If one is missing.

    Examples
    --------
    >>> w, n = np.ones((2, 3), np.float32), np.array(7)
    >>> arrays = ArrayRecord({"w": Array(w), "n": Array(n)})
    >>> packed = pack(arrays, ["w", "n"])
    >>> packed["packed"].shape
    (32,)
    >>> unpack(packed, Layout.of(arrays))["n"].numpy()
    array(7)
    """
    values = values_of(arrays)
    size = sum(values[name].nbytes for name in names)
    # As NumPy would write it, but without a copy for each of its steps.
    head = BytesIO()
    fields = {"descr": "|u1", "fortran_order": False, "shape": (size,)}
    np.lib.format.write_array_header_1_0(head, fields)
    data = b"".join(
        [head.getvalue(), *(np.ascontiguousarray(values[name]).data for name in names)]
    )
    return ArrayRecord({PACKED: Array("uint8", (size,), "numpy.ndarray", data)})


def unpack(record: ArrayRecord, layout: Layout) -> ArrayRecord:
    """Take the arrays apart again, each with bytes of its own.

    Raises
    ------
    BadArrayError
        As `unpacked_values`.
    """
    values = unpacked_values(record, layout)
    return ArrayRecord({name: Array(value) for name, value in values.items()})


def unpacked_values(record: ArrayRecord, layout: Layout) -> dict[str, NDArray[Any]]:
    """View the arrays in a packed one by name.

    Parameters
    ----------
    record : ArrayRecord
        From anywhere: nothing in it is believed.
    layout : Layout
        Which arrays there are.

    Returns
    -------
    dict
        Name to array, read-only: as long as one of them is kept, all bytes are.

    Raises
    ------
    BadArrayError
        If it is anything but one array of as many bytes as the layout has.
    """
    if set(record) != {PACKED}:
        shown = ", ".join(repr(name[:40]) for name in list(record)[:3])
        raise BadArrayError(f"one array, {PACKED!r}, is needed, got {shown or 'none'}")
    sizes = [
        prod(shape) * dtype.itemsize
        for shape, dtype in zip(layout.shapes, layout.dtypes, strict=True)
    ]
    values = decode(record[PACKED], PACKED, (sum(sizes),), np.dtype(np.uint8))
    arrays, start = {}, 0
    for name, shape, dtype, size in zip(
        layout.names, layout.shapes, layout.dtypes, sizes, strict=True
    ):
        arrays[name] = values[start : start + size].view(dtype).reshape(shape)
        start += size
    return arrays


def layout_text(layout: Layout) -> str:
    """Write a layout down, for whoever is to unpack.

    Examples
    --------
    >>> arrays = ArrayRecord({"w": Array(np.ones((2, 3), np.float32))})
    >>> layout_text(Layout.of(arrays))
    '[["w", "<f4", [2, 3]]]'
    >>> read_layout(layout_text(Layout.of(arrays))) == Layout.of(arrays)
    True
    """
    parts = zip(layout.names, layout.dtypes, layout.shapes, strict=True)
    return json.dumps([[name, dtype.str, shape] for name, dtype, shape in parts])


def read_layout(text: str) -> Layout:
    """Read what `layout_text` wrote."""
    names, dtypes, shapes = zip(*json.loads(text), strict=True)
    return Layout(names, tuple(map(tuple, shapes)), tuple(map(np.dtype, dtypes)))
