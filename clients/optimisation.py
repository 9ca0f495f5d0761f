"""Steps of an optimiser on one contributor's loss, as the settings have them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor, nn

    from anml_fl.settings.training import Training


class Steps:
    """One contributor's optimiser in one round; nothing of it outlives the round.

    Parameters
    ----------
    model : torch.nn.Module
        The global one, on the device.
    settings : Training
        Of the round.
    """

    def __init__(self, model: nn.Module, settings: Training) -> None:
        self._trained = [one for one in model.parameters() if one.requires_grad]
        self._optimiser = _optimiser(self._trained, settings)
        self._proximal, self._clip_norm = settings.proximal, settings.clip_norm
        # With w_global of FedProx (Li et al. 2020).
        kept = self._trained if self._proximal else []
        self._first = [(one, one.detach().clone()) for one in kept]

    def step(self, loss: Tensor) -> None:
        """Go one step down a batch's loss and mu/2 |w - w_global|^2.

        The norm that is clipped is that of the gradient of both, over all parameters.
        """
        self._optimiser.zero_grad()
        loss.backward()
        for one, first in self._first:
            if one.grad is not None:
                # Of the term: mu (w - w_global).
                one.grad.add_(one.detach() - first, alpha=self._proximal)
        if self._clip_norm is not None:
            torch.nn.utils.clip_grad_norm_(self._trained, self._clip_norm)
        self._optimiser.step()


def _optimiser(trained: list[nn.Parameter], settings: Training) -> torch.optim.Optimizer:
    rate, decay = settings.learning_rate, settings.weight_decay
    if settings.optimizer == "sgd":
        return torch.optim.SGD(
            trained, lr=rate, momentum=settings.momentum, weight_decay=decay
        )
    kind = torch.optim.Adam if settings.optimizer == "adam" else torch.optim.AdamW
    return kind(trained, lr=rate, weight_decay=decay)
