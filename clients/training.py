"""One contributor's share of a round: gradient steps on its own samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clients.cohort_training import train_in_place
from clients.loss import class_weights

if TYPE_CHECKING:
    import numpy as np
    from torch import nn

    from anml_fl.datasets.prepare import Samples
    from anml_fl.settings.training import Training

__all__ = ["class_weights", "train"]


def train(
    model: nn.Module, samples: Samples, settings: Training, rng: np.random.Generator
) -> None:
    """Train a model in place: minibatches, on cross-entropy or on squared errors.

    The steps are those of `cohort_training.train_cohort` for a cohort of one.

    Parameters
    ----------
    model : torch.nn.Module
        On the CPU, the global one; it is moved to `settings.device` and stays there.
    samples : Samples
    settings : Training
        Of the round.
    rng : numpy.random.Generator
        Order of the samples, the same on any device; what the model itself draws, as in
        dropout, comes from a stream beside it.
    """
    train_in_place(model.to(settings.device).train(), samples, settings, rng)
