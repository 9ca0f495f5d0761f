"""Steps of an optimiser for many models at once, each as PyTorch takes it for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from anml_fl.settings.training import Training

_BETA_1, _BETA_2, _EPSILON = 0.9, 0.999, 1e-8  # Adam's, PyTorch's defaults


class Descent:
    """What the optimisers of M models remember; all begin together.

    Each model's part of a tensor should be a multiple of 32 numbers: kernels work on vectors
    of up to 16, two at a time, and may round otherwise in what is left over.

    Parameters
    ----------
    parameters : sequence of (M, ...) tensors
        Changed in place.
    settings : Training
        Of the round.
    """

    def __init__(self, parameters: Sequence[Tensor], settings: Training) -> None:
        self._parameters = list(parameters)
        self._settings = settings
        adaptive = settings.optimizer != "sgd"
        self._first = [one[:1].clone() for one in parameters] if settings.proximal else []
        kept = bool(settings.momentum) or adaptive
        self._means = [torch.zeros_like(one) for one in parameters] if kept else []
        self._squares = [torch.zeros_like(one) for one in parameters] if adaptive else []
        self._steps, self._going = 0, len(parameters[0])
        self._now, self._mean, self._square = self._parameters, self._means, self._squares

    def step(self, gradients: Sequence[Tensor], going: int) -> None:
        """Take one step of the first models.

        Parameters
        ----------
        gradients : sequence of (going, ...) tensors
            Of the loss; overwritten.
        going : int
            How many of the models.
        """
        chosen, found = self._settings, list(gradients)
        if going != self._going:
            self._going = going
            self._now, self._mean, self._square = (
                [one[:going] for one in many]
                for many in (self._parameters, self._means, self._squares)
            )
        own = self._now
        # Of FedProx (Li et al. 2020): mu (w - w_global).
        for gradient, now, first in zip(found, own, self._first, strict=False):
            gradient.add_(now - first, alpha=chosen.proximal)
        if chosen.clip_norm is not None:
            _clip(found, chosen.clip_norm)
        self._steps += 1
        if chosen.weight_decay and chosen.optimizer == "adamw":
            torch._foreach_mul_(own, 1 - chosen.learning_rate * chosen.weight_decay)
        elif chosen.weight_decay:
            torch._foreach_add_(found, own, alpha=chosen.weight_decay)
        if chosen.optimizer != "sgd":
            self._adapt(found)
            return
        if chosen.momentum:
            torch._foreach_mul_(self._mean, chosen.momentum)
            torch._foreach_add_(self._mean, found)
            found = self._mean
        torch._foreach_add_(own, found, alpha=-chosen.learning_rate)

    def _adapt(self, gradients: list[Tensor]) -> None:
        """Take a step of Adam (Kingma and Ba 2015)."""
        means, squares = self._mean, self._square
        torch._foreach_lerp_(means, gradients, 1 - _BETA_1)
        torch._foreach_mul_(squares, _BETA_2)
        torch._foreach_addcmul_(squares, gradients, gradients, 1 - _BETA_2)
        roots = torch._foreach_sqrt(squares)
        torch._foreach_div_(roots, (1 - _BETA_2**self._steps) ** 0.5)
        torch._foreach_add_(roots, _EPSILON)
        rate = self._settings.learning_rate / (1 - _BETA_1**self._steps)
        torch._foreach_addcdiv_(self._now, means, roots, -rate)


def _clip(gradients: Sequence[Tensor], most: float) -> None:
    """Hold the norm of each model's whole gradient, as `clip_grad_norm_` does."""
    norms = [torch.linalg.vector_norm(one.flatten(1), dim=1) for one in gradients]
    norm = torch.linalg.vector_norm(torch.stack(norms, 1), dim=1)
    shrunk = (most / (norm + 1e-6)).clamp_(max=1.0)
    for one in gradients:
        one.mul_(shrunk.view(-1, *[1] * (one.dim() - 1)))
