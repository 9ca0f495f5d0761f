"""A small CNN on digits, federated: batches are mappings, as of Hugging Face data sets."""

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 3)
        self.pool = nn.MaxPool2d(2, 2)
        self.fc = nn.Linear(8 * 3 * 3, 10)

    def forward(self, x):
        x = self.pool(functional.relu(self.conv(x)))
        return self.fc(torch.flatten(x, 1))


digits = None  # read once


def rows_of(images, labels):
    return [
        {"img": torch.tensor(image / 16.0, dtype=torch.float32)[None], "label": int(label)}
        for image, label in zip(images, labels, strict=True)
    ]


def load_data(partition_id: int, num_partitions: int, batch_size: int):
    global digits  # noqa: PLW0603 - as in the public one
    if digits is None:
        digits = load_digits()
    images = digits.images[partition_id:1200:num_partitions]
    labels = digits.target[partition_id:1200:num_partitions]
    rows = rows_of(images, labels)
    cut = len(rows) * 4 // 5
    trainloader = DataLoader(rows[:cut], batch_size=batch_size, shuffle=True)
    testloader = DataLoader(rows[cut:], batch_size=batch_size)
    return trainloader, testloader


def load_centralized_dataset():
    held = load_digits()
    return DataLoader(rows_of(held.images[1200:], held.target[1200:]), batch_size=128)


def train(net, trainloader, epochs, lr, device):
    net.to(device)
    criterion = nn.CrossEntropyLoss().to(device)
    optimizer = torch.optim.SGD(net.parameters(), lr=lr, momentum=0.9)
    net.train()
    running_loss = 0.0
    for _ in range(epochs):
        for batch in trainloader:
            images = batch["img"].to(device)
            labels = batch["label"].to(device)
            optimizer.zero_grad()
            loss = criterion(net(images), labels)
            loss.backward()
            optimizer.step()
            running_loss += loss.item()
    return running_loss / (epochs * len(trainloader))


def test(net, testloader, device):
    net.to(device)
    criterion = nn.CrossEntropyLoss()
    correct, loss = 0, 0.0
    with torch.no_grad():
        for batch in testloader:
            images = batch["img"].to(device)
            labels = batch["label"].to(device)
            outputs = net(images)
            loss += criterion(outputs, labels).item()
            correct += (torch.max(outputs.data, 1)[1] == labels).sum().item()
    accuracy = correct / len(testloader.dataset)
    return loss / len(testloader), {"accuracy": accuracy, "top1": accuracy}
