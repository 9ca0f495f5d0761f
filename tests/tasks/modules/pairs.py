"""Batches (x, y), three loaders, other names in another order, dropout and augmentation."""

import random

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split


def Net():
    return nn.Sequential(
        nn.Linear(64, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(0.1), nn.Linear(32, 10)
    )


def load_data(num_clients, cid, batch=16):
    x, y = load_digits(return_X_y=True)
    x, y = x[cid::num_clients] / 16, y[cid::num_clients]
    data = TensorDataset(torch.tensor(x, dtype=torch.float32), torch.tensor(y))
    parts = random_split(data, [0.7, 0.1, 0.2])
    train, val, test = (
        DataLoader(part, batch, shuffle=i == 0, drop_last=i == 0)
        for i, part in enumerate(parts)
    )
    return train, val, test


def train(device, train_loader, model, learning_rate=0.02, num_epochs=2, val_loader=None):
    assert len(val_loader.dataset) < len(train_loader.dataset) / 5
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    for _ in range(num_epochs):
        for x, y in train_loader:
            noise = random.gauss(0, 0.01) + np.random.normal(0, 0.01)  # noqa: NPY002
            optimizer.zero_grad()
            nn.functional.cross_entropy(model((x + noise).to(device)), y.to(device)).backward()
            optimizer.step()
    return {"train_loss": 0.0}


@torch.no_grad()
def test(device, test_loader, model):
    right, loss = 0, 0.0
    for x, y in test_loader:
        logits = model(x.to(device))
        loss += nn.functional.cross_entropy(logits, y.to(device), reduction="sum").item()
        right += int((logits.argmax(1) == y.to(device)).sum())
    n = len(test_loader.dataset)
    return {"test_loss": loss / n, "test_accuracy": right / n}
