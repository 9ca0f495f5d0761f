"""The network, the digits, training and testing."""

from functools import cache

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 3, padding=1)
        self.norm = nn.BatchNorm2d(8)
        self.pool = nn.MaxPool2d(2)
        self.fc1 = nn.Linear(8 * 4 * 4, 32)
        self.fc2 = nn.Linear(32, 10)

    def forward(self, x):
        x = self.pool(torch.relu(self.norm(self.conv(x))))
        return self.fc2(torch.relu(self.fc1(x.flatten(1))))


@cache
def _all_digits():
    images, labels = load_digits(return_X_y=True)
    return torch.tensor(images / 16, dtype=torch.float32).view(-1, 1, 8, 8), labels


def _digits(rows):
    images, labels = _all_digits()
    return TensorDataset(images[rows], torch.tensor(labels[rows]))


def load_data(partition_id: int, num_partitions: int, batch_size: int):
    """Every `num_partitions`-th of the first 1500 digits; a fifth of them for testing."""
    rows = torch.arange(partition_id, 1500, num_partitions)
    cut = int(0.8 * len(rows))
    train, test = _digits(rows[:cut]), _digits(rows[cut:])
    return DataLoader(train, batch_size, shuffle=True), DataLoader(test, batch_size)


def load_centralized_dataset():
    """The other digits."""
    return DataLoader(_digits(torch.arange(1500, 1797)), 128)


def train(net, trainloader, epochs, lr, device):
    net.to(device)
    net.train()
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(net.parameters(), lr=lr, momentum=0.9)
    running = 0.0
    for _ in range(epochs):
        for images, labels in trainloader:
            optimizer.zero_grad()
            loss = criterion(net(images.to(device)), labels.to(device))
            loss.backward()
            optimizer.step()
            running += loss.item()
    return running / (epochs * len(trainloader))


def test(net, testloader, device):
    net.to(device)
    net.eval()
    criterion = nn.CrossEntropyLoss()
    loss, correct = 0.0, 0
    with torch.no_grad():
        for images, labels in testloader:
            logits = net(images.to(device))
            loss += criterion(logits, labels.to(device)).item()
            correct += (logits.argmax(1) == labels.to(device)).sum().item()
    return loss / len(testloader), correct / len(testloader.dataset)
