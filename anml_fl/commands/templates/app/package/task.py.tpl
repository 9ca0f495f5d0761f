"""The task: a network, each client's data, how it trains, how it is tested.

Put your own in place of each. Client and server ask for nothing but these names.
"""

from functools import cache

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

SHARED = 1500  # digits that clients hold; the others are for testing at the server


class Net(nn.Module):
    """A network for digits of 8 x 8 pixels."""

    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(64, 32)
        self.out = nn.Linear(32, 10)

    def forward(self, x):
        return self.out(torch.relu(self.hidden(x)))


def load_data(partition_id, num_partitions, batch_size=32):
    """Return one client's loaders: four fifths of its digits, and the last fifth."""
    rows = range(partition_id, SHARED, num_partitions)
    cut = len(rows) * 4 // 5
    trainloader = _loader(rows[:cut], batch_size, shuffle=True)
    return trainloader, _loader(rows[cut:], batch_size)


def load_centralized_dataset():
    """Return the loader of digits that no client has."""
    return _loader(slice(SHARED, None), 128)


def train(net, trainloader, epochs, lr, device):
    """Train the network, and return the mean loss of a batch."""
    net.to(device).train()
    optimizer = torch.optim.SGD(net.parameters(), lr=lr, momentum=0.9)
    total = 0.0
    for _ in range(epochs):
        for images, labels in trainloader:
            optimizer.zero_grad()
            logits = net(images.to(device))
            loss = nn.functional.cross_entropy(logits, labels.to(device))
            loss.backward()
            optimizer.step()
            total += loss.item()
    return total / (epochs * len(trainloader))


def test(net, testloader, device):
    """Return the mean loss of a sample, and the share that the network gets right."""
    net.to(device).eval()
    loss, right = 0.0, 0
    with torch.no_grad():
        for images, labels in testloader:
            logits, labels = net(images.to(device)), labels.to(device)
            loss += nn.functional.cross_entropy(logits, labels, reduction="sum").item()
            right += (logits.argmax(1) == labels).sum().item()
    n = len(testloader.dataset)
    return loss / n, right / n


def _loader(rows, batch_size, shuffle=False):
    images, labels = _digits()
    samples = TensorDataset(images[rows], labels[rows])
    return DataLoader(samples, batch_size, shuffle=shuffle)


@cache
def _digits():
    images, labels = load_digits(return_X_y=True)
    return torch.tensor(images / 16, dtype=torch.float32), torch.tensor(labels)
