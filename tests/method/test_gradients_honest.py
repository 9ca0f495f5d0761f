"""Models whose per-sample gradients the factors would not tell are refused."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import linear

from anml_fl.method.gradients import sample_gradients


class _Centred(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(4, 8), nn.Linear(8, 3)

    def forward(self, x):
        h = torch.relu(self.a(x))
        return self.b(h - h.mean(0))


class _Rolled(_Centred):
    def forward(self, x):
        return self.b(torch.relu(self.a(x.roll(1, 0))))


class _Reused(_Centred):
    def forward(self, x):
        h = torch.relu(self.a(x))
        return self.b(h) + linear(h * h, self.b.weight)


class _Plain(_Centred):
    def forward(self, x):
        return self.b(torch.relu(self.a(x)))


def samples(n=20):
    rng = np.random.default_rng(0)
    return rng.normal(size=(n, 4)).astype(np.float32), rng.integers(3, size=n)


@pytest.mark.parametrize("kind", [_Centred, _Rolled, _Reused])
def test_a_model_that_mixes_samples_or_uses_weights_outside_is_refused(kind):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = kind()
    with pytest.raises(ValueError, match="mixes samples, or uses a layer's weights outside"):
        sample_gradients(model, *samples())


@pytest.mark.parametrize("frozen", [False, True])
def test_a_plain_model_passes_frozen_or_not(frozen):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = _Plain().requires_grad_(not frozen)
    assert len(sample_gradients(model, *samples())) == 20
    assert all(p.grad is None for p in model.parameters())


def test_a_gradient_too_large_for_its_type_is_refused():
    features, _ = samples()
    features[3] = 1e25
    model = nn.Linear(4, 1)
    nn.init.ones_(model.weight)
    with pytest.raises(ValueError, match=r"sample 3 is not finite in torch.float32"):
        sample_gradients(model, features, np.zeros(20), loss="squared")
