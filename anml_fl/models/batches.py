"""What a cohort of models learns from: checked, and cut into batches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from numpy.typing import NDArray
from torch import Tensor

if TYPE_CHECKING:
    from collections.abc import Iterator

Array = Tensor | NDArray[Any]


def checked_features(features: Array, models: int, width: int, like: Tensor) -> Tensor:
    """Check features against the models that they are for.

    Parameters
    ----------
    features : (M, n, d) or (n, d)
        Of the type of `like`.
    models, width : int
        M and d.
    like : torch.Tensor
        Whose type and device are meant.

    Returns
    -------
    (M or 1, n, d) tensor
        1 where the models share them.

    Raises
    ------
    ValueError
        If the shape or type doesn't fit.

    Examples
    --------
    >>> checked_features(torch.zeros(5, 2), 3, 2, like=torch.zeros(1)).shape
    torch.Size([1, 5, 2])
    """
    x = _tensor(features, like.device)
    if x.dtype != like.dtype:
        raise ValueError(f"features must be {like.dtype} as the models are, got {x.dtype}")
    shape = tuple(x.shape)
    if x.ndim == 2:
        x = x.unsqueeze(0)
    if x.ndim != 3 or x.shape[2] != width or (len(shape) == 3 and shape[0] != models):
        raise ValueError(
            f"features must be ({models}, n, {width}) or (n, {width}) for these models, "
            f"got {shape}"
        )
    if x.shape[1] == 0:
        raise ValueError("features must hold at least one sample, got none")
    return x


def checked_labels(labels: Array, models: int, n: int, classes: int, like: Tensor) -> Tensor:
    """Check labels against the models and samples that they are for.

    Parameters
    ----------
    labels : (M, n) or (n,) int64
    models, n, classes : int
    like : torch.Tensor
        Whose device is meant.

    Returns
    -------
    (M or 1, n) tensor
        1 where the models share them.

    Raises
    ------
    ValueError
        If the shape, type or a label doesn't fit.

    Examples
    --------
    >>> checked_labels(torch.tensor([0, 1]), 3, 2, 2, like=torch.zeros(1))
    tensor([[0, 1]])
    """
    y = _per_sample(_tensor(labels, like.device), "labels", models, n)
    if y.dtype != torch.int64:
        raise ValueError(f"labels must be int64, got {y.dtype}")
    low, high = int(y.min()), int(y.max())
    if low < 0 or high >= classes:
        raise ValueError(f"labels must lie in 0 to {classes - 1}, got {low} to {high}")
    return y


def checked_values(values: Array, models: int, n: int, outputs: int, like: Tensor) -> Tensor:
    """Check the values that a regression is to meet.

    Parameters
    ----------
    values : (M, n) or (n,)
        Of the type of `like`.
    models, n : int
    outputs : int
        Of a model: one.
    like : torch.Tensor
        Whose type and device are meant.

    Returns
    -------
    (M or 1, n) tensor
        1 where the models share them.

    Raises
    ------
    ValueError
        If the shape or type doesn't fit, or the models have more than one output.

    Examples
    --------
    >>> checked_values(torch.tensor([0.5, 1.5]), 3, 2, 1, like=torch.zeros(1))
    tensor([[0.5000, 1.5000]])
    """
    if outputs != 1:
        raise ValueError(f"squared loss needs models with one output, these have {outputs}")
    y = _per_sample(_tensor(values, like.device), "values", models, n)
    if y.dtype != like.dtype:
        raise ValueError(f"values must be {like.dtype} as the models are, got {y.dtype}")
    return y


def checked_orders(
    orders: Array, models: int, epochs: int, n: int, device: torch.device
) -> Tensor:
    """Check the orders in which samples come.

    Parameters
    ----------
    orders : (M, epochs, n) or (epochs, n) int64
    models, epochs, n : int
    device : torch.device

    Returns
    -------
    (M or 1, epochs, n) tensor
        1 where the models share them.

    Raises
    ------
    ValueError
        If the shape, type or an index doesn't fit.

    Examples
    --------
    >>> checked_orders(torch.tensor([[1, 0]]), 3, 1, 2, torch.device("cpu"))
    tensor([[[1, 0]]])
    """
    order = _tensor(orders, device)
    if tuple(order.shape) not in {(epochs, n), (models, epochs, n)}:
        raise ValueError(
            f"orders must be ({epochs}, {n}) or ({models}, {epochs}, {n}), "
            f"got {tuple(order.shape)}"
        )
    if order.dtype != torch.int64:
        raise ValueError(f"orders must be int64, got {order.dtype}")
    if epochs and (int(order.min()) < 0 or int(order.max()) >= n):
        raise ValueError(
            f"orders must hold indices 0 to {n - 1}, got {int(order.min())} to "
            f"{int(order.max())}"
        )
    return order if order.ndim == 3 else order.unsqueeze(0)


class Batches:
    """Samples of a chunk of models, as `Backpropagation.step` takes them.

    Parameters
    ----------
    features : (M or 1, n, d) tensor
    targets : (M or 1, n) tensor
        int64 labels, or values.
    models : int
        M.
    outputs : int
        Classes, or 1 for values.
    orders : (M or 1, epochs, n) tensor, optional
    """

    def __init__(
        self,
        features: Tensor,
        targets: Tensor,
        models: int,
        outputs: int,
        orders: Tensor | None = None,
    ) -> None:
        self._models = models
        self._x = torch.cat([features, torch.ones_like(features[:, :, :1])], dim=2)
        if targets.dtype == torch.int64:
            # Row by row where rows will move, and else as the loss wants them.
            y = torch.zeros(
                (*targets.shape, outputs), dtype=features.dtype, device=features.device
            ).scatter_(2, targets.unsqueeze(2), 1)
        else:
            y = targets.unsqueeze(2)
        self._y = y
        self._orders = orders
        self._lying = self._laid(self._x, y)

    def of_epoch(self, epoch: int, size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield the batches of an epoch.

        Parameters
        ----------
        epoch : int
        size : int
            Samples in a batch; the last may be short.

        Yields
        ------
        x : (M, size, d + 1) tensor
            Features, then a column of ones.
        y : (M, outputs, size) tensor
            One-hot labels, or values.
        """
        x, y = self._lying
        if self._orders is not None:
            order = self._orders[:, epoch]
            x, y = self._laid(_rows(self._x, order), _rows(self._y, order))
        for start in range(0, x.shape[1], size):
            yield x[:, start : start + size], y[:, :, start : start + size]

    def _laid(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        return x.expand(self._models, -1, -1), y.mT.contiguous().expand(self._models, -1, -1)


def _rows(rows: Tensor, order: Tensor) -> Tensor:
    """Take (m, n, d) rows in (k, n) order, m and k being M or 1."""
    models, n, width = rows.shape
    if models > 1:
        order = order + torch.arange(models, device=order.device).unsqueeze(1) * n
    taken = rows.reshape(-1, width).index_select(0, order.reshape(-1))
    return taken.view(len(order), -1, width)


def _tensor(array: Array, device: torch.device) -> Tensor:
    # A copy of a NumPy array, since torch warns of those that are read-only.
    tensor = array.detach() if isinstance(array, Tensor) else torch.tensor(array)
    return tensor.to(device)


def _per_sample(y: Tensor, name: str, models: int, n: int) -> Tensor:
    if tuple(y.shape) not in {(n,), (models, n)}:
        raise ValueError(f"{name} must be ({models}, {n}) or ({n},), got {tuple(y.shape)}")
    return y if y.ndim == 2 else y.unsqueeze(0)
