"""Layers that take statistics of a batch while they are trained, which one row has not."""

from __future__ import annotations

from torch import nn

_LAYERS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm)


def takes_statistics(model: nn.Module) -> bool:
    """Whether a layer takes statistics of a batch.

    Examples
    --------
    >>> takes_statistics(nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2)))
    True
    """
    return any(isinstance(layer, _LAYERS) for layer in model.modules())


def keep_statistics(model: nn.Module) -> None:
    """Let these layers use the statistics that they have, and change them no more.

    Examples
    --------
    >>> layer = nn.BatchNorm1d(2)
    >>> keep_statistics(layer)
    >>> layer.training
    False
    """
    for layer in model.modules():
        if isinstance(layer, _LAYERS):
            layer.eval()
