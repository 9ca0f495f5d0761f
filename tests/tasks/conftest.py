"""Tasks of somebody's own, in a folder of theirs, where the command is given."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from anml_fl.cli import main
from anml_fl.system import working_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MODULES = Path(__file__).parent / "modules"
# Tasks, and no tests: collected, they would be imported by the names that tests give copies.
collect_ignore = ["modules"]

PLAIN = """
    import torch
    from torch import nn
    from torch.utils.data import DataLoader, TensorDataset


    class Net(nn.Linear):
        def __init__(self):
            super().__init__(4, 3)


    def load_data(partition_id, num_partitions, batch_size=8):
        generator = torch.Generator().manual_seed(partition_id)
        x = torch.randn(40, 4, generator=generator)
        data = TensorDataset(x, x[:, :3].argmax(1))
        return DataLoader(data, batch_size, shuffle=True), DataLoader(data, batch_size)


    def train(net, trainloader, epochs, lr, device):
        optimizer = torch.optim.SGD(net.parameters(), lr=lr)
        for _ in range(epochs):
            for x, y in trainloader:
                optimizer.zero_grad()
                nn.functional.cross_entropy(net(x), y).backward()
                optimizer.step()


    def test(net, testloader, device):
        right = sum(int((net(x).argmax(1) == y).sum()) for x, y in testloader)
        return 0.0, right / len(testloader.dataset)
    """
"""A task that trains at once."""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder in which commands are given; its modules are forgotten afterwards."""
    folder = tmp_path / "mine"
    shutil.copytree(MODULES, folder)
    monkeypatch.chdir(folder)
    monkeypatch.delenv(working_folder.STARTED_IN, raising=False)
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setattr(sys, "path", [*sys.path])
    before = {*sys.modules}
    yield folder
    for name in {*sys.modules} - before:
        module = sys.modules[name]
        # A folder without an __init__.py has a place, and no file.
        places = [getattr(module, "__file__", None), *getattr(module, "__path__", ())]
        if any(one and Path(one).is_relative_to(folder) for one in places):
            del sys.modules[name]


@pytest.fixture
def write(place: Path) -> Callable[..., str]:
    """Write a module that is `PLAIN` but for what is replaced in it; gives its name."""

    def make(name: str, *replaced: tuple[str, str], text: str = PLAIN) -> str:
        text = dedent(text)
        for old, new in replaced:
            assert old in text, old
            text = text.replace(old, dedent(new))
        (place / f"{name}.py").write_text(text)
        return name

    return make


@pytest.fixture
def anml(place: Path) -> Callable[..., Any]:
    """Call the command in this process."""

    def call(*words: object) -> Any:
        return CliRunner().invoke(main, [str(word) for word in words])

    return call


@pytest.fixture
def refused(anml: Callable[..., Any], place: Path) -> Callable[..., str]:
    """Run a command that must be refused in one message, and leave no folder behind."""

    def call(*words: object) -> str:
        done = anml("run", "--rounds", 1, "--contributors", 3, "--strategy", "anml", *words)
        assert done.exit_code == 2, done.output
        assert not (place / "runs").exists()
        return " ".join(done.output.split())

    return call
