"""The samples of a cohort as one table of rows: on the device, and kept between rounds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from torch import Tensor

    from anml_fl.datasets.prepare import Samples

ALIGNED = 16
"""Units of a layer are filled up to a multiple of so many: 64 bytes of float32."""


def padded(units: int, to: int = ALIGNED) -> int:
    """Round up to a whole number of vectors.

    Examples
    --------
    >>> padded(10), padded(64)
    (16, 64)
    """
    return -(-units // to) * to


class Held:
    """Rows that stay on the device from round to round.

    Samples are known by being the same object: whoever holds this keeps them, too. What is
    asked for in another form is laid out anew.
    """

    def __init__(self) -> None:
        self._form: tuple[object, ...] = ()
        self._rows: dict[int, tuple[Samples, Tensor]] = {}
        self._last: tuple[tuple[Samples, ...], Tensor] | None = None

    def table(self, parts: Sequence[Samples], outputs: int, like: Tensor) -> Tensor:
        """Lay out the rows of all parts below each other.

        Parameters
        ----------
        parts : sequence of Samples
            At least one.
        outputs : int
            C of the model.
        like : torch.Tensor
            Whose type and device are meant.

        Returns
        -------
        (rows, D + C) tensor
            Features, then the label's one-hot vector, or the value, each filled up with
            zeros to a multiple of 16.

        Raises
        ------
        ValueError
            If a label is no class of the model's, or a part has no sample.
        """
        form = (outputs, like.dtype, like.device)
        if form != self._form:
            self._form, self._rows, self._last = form, {}, None
        given = tuple(parts)
        if self._last is not None and _same(self._last[0], given):
            return self._last[1]
        new = [one for one in given if id(one) not in self._rows]
        if new:
            laid = _laid_out(new, outputs, like)
            ends = np.cumsum([one.labels.size for one in new]).tolist()
            for one, start, end in zip(new, [0, *ends[:-1]], ends, strict=True):
                self._rows[id(one)] = (one, laid[start:end])
            if len(new) == len(given):
                self._last = given, laid
                return laid
        table = torch.cat([self._rows[id(one)][1] for one in given])
        self._last = given, table
        return table


def _same(some: tuple[Samples, ...], others: tuple[Samples, ...]) -> bool:
    return len(some) == len(others) and all(map(_is, some, others))


def _is(one: Samples, other: Samples) -> bool:
    return one is other


def _laid_out(parts: Sequence[Samples], outputs: int, like: Tensor) -> Tensor:
    if empty := [i for i, one in enumerate(parts) if one.labels.size == 0]:
        raise ValueError(
            f"each contributor needs a sample to train on, part {empty[0]} has none"
        )
    features = torch.from_numpy(_joined([one.features for one in parts]))
    labels = _joined([one.labels for one in parts])
    rows, d = features.shape
    start = padded(d)
    table = torch.zeros(rows, start + padded(outputs), dtype=like.dtype)
    table[:, :d] = features
    if parts[0].classes == 1:
        table[:, start] = torch.from_numpy(labels)
        return table.to(like.device)
    if labels.min() < 0 or labels.max() >= outputs:
        raise ValueError(
            f"labels must be classes of the model, 0 to {outputs - 1}, got {labels.min()} to"
            f" {labels.max()}"
        )
    table.scatter_(1, torch.from_numpy(start + labels).unsqueeze(1), 1)
    return table.to(like.device)


def _joined(arrays: Sequence[NDArray[Any]]) -> NDArray[Any]:
    return np.concatenate(arrays) if len(arrays) > 1 else arrays[0]
