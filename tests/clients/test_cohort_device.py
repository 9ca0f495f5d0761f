"""What training asks back of the device: a round has it wait a few times, a step never.

No GPU is needed: what would have one wait (a number that Python is told, a copy to the host)
is counted here on the processor.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from anml_fl.datasets.prepare import Samples
from anml_fl.method.threads import one_thread
from anml_fl.models.build import build
from anml_fl.settings.training import Training
from clients.cohort_training import train_cohort

TOLD = (
    torch.ops.aten._local_scalar_dense.default,
    torch.ops.aten.equal.default,
    torch.ops.aten.nonzero.default,
)
COPIES = ("cpu", "numpy", "tolist")


class _Waits(TorchDispatchMode):
    def __init__(self):
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.count += func in TOLD
        return func(*args, **(kwargs or {}))


def waits_of(monkeypatch, model, parts, settings):
    orders = [np.random.default_rng(i) for i in range(len(parts))]
    waits = _Waits()

    def counted(original):
        def call(*args, **kwargs):
            waits.count += 1
            return original(*args, **kwargs)

        return call

    with monkeypatch.context() as patch:
        for name in COPIES:
            patch.setattr(torch.Tensor, name, counted(getattr(torch.Tensor, name)))
        with one_thread(), waits:
            train_cohort(model, parts, settings, orders)
    return waits.count


def rows_of(rng, n, kind):
    x = rng.integers(9, size=(n, 6)) if kind == "transformer" else rng.normal(size=(n, 64))
    return Samples(x.astype("f4"), rng.integers(3, size=n), 3)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("kind", ["mlp", "cnn", "transformer"])
def test_a_step_has_the_device_never_wait(monkeypatch, kind, optimizer):
    image = (1, 8, 8) if kind == "cnn" else None
    width, words = (6, 9) if kind == "transformer" else (64, 0)
    model = build(kind, width, image, 3, seed=0, vocabulary=words)
    rng = np.random.default_rng(0)
    parts = [rows_of(rng, n, kind) for n in (16, 12, 9)]
    few, many = (
        waits_of(
            monkeypatch,
            model,
            parts,
            Training(local_epochs=epochs, batch_size=8, optimizer=optimizer, clip_norm=1.0),
        )
        for epochs in (1, 4)
    )
    assert few == many
    # One for each array that travels is what a reply is made of.
    assert few >= len(list(model.parameters()))
