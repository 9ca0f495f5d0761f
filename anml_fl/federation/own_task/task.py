"""A task that is a module of somebody's own, as Flower's templates have it."""

from __future__ import annotations

import math
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from anml_fl.catalogue import UnusableError, shown_kind
from anml_fl.datasets.prepare import Partitioned, Samples
from anml_fl.federation.contributors import names_of
from anml_fl.federation.own_task.arguments import arguments
from anml_fl.federation.own_task.failing import told
from anml_fl.federation.own_task.generators import reseed, seeded_generators
from anml_fl.federation.own_task.loaders import (
    Loaders,
    Place,
    central_loader,
    examples_in,
    loaders_of,
)
from anml_fl.federation.own_task.module import CENTRALIZED, TaskModule, task_module
from anml_fl.federation.own_task.tested import Tested, understood, weighed
from anml_fl.federation.task import Task
from anml_fl.method.threads import one_thread
from anml_fl.seeding import stream

if TYPE_CHECKING:
    from collections.abc import Iterable

    from anml_fl.settings.run import RunConfig
    from anml_fl.settings.training import Training

LOSS = "loss"
"""The metric of a task whose `test` gives no accuracy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModuleTask(Task):
    """A task whose model, data, training and test are a module's.

    Parameters
    ----------
    module : TaskModule
    training : Training
        The run's settings that its functions can be given.
    on_nodes : bool
        Whether only the contributors' own nodes have their data.
    """

    module: TaskModule
    training: Training
    on_nodes: bool

    @classmethod
    def of(cls, config: RunConfig) -> ModuleTask:
        """Make the task that a run's settings name; nothing is loaded yet.

        Raises
        ------
        ConfigError
            As `task_module`.
        """
        module = task_module(config.training)
        nobody = Samples(np.empty((0, 0), np.float32), np.empty(0, np.int64), 0)
        return cls(
            data=Partitioned(parts=(), test=nobody, image=None, names=names_of(config)),
            model=f"{module.name}.Net",
            seed=config.seed,
            metric=config.evaluation.metric,
            schema=None,
            module=module,
            training=config.training,
            on_nodes=config.engine == "deployment",
        )

    @property
    def claimed(self) -> bool:
        """Whether the nodes test models, since the server has no loader to test on."""
        return self.on_nodes and self.module.centralized is None

    @property
    def tested_on(self) -> str:
        """On what models are tested, in words."""
        if self.module.centralized is not None:
            return f"the task's {CENTRALIZED}, at the server"
        if self.on_nodes:
            return "each contributor's own test loader, by its node's own word"
        return f"the test loaders of all {len(self.data.names)} contributors, by examples"

    def loaders(self, contributor: str) -> Loaders:
        """Ask for a contributor's loaders; once in this process.

        Raises
        ------
        ConfigError
            As `loaders.loaders_of`.
        """
        names = self.data.names
        place = Place(
            contributor,
            names.index(contributor),
            len(names),
            self.training.batch_size,
            self.training.local_epochs,
            self.training.learning_rate,
            self.seed,
        )
        with self.telling("load_data", contributor):
            return loaders_of(self.module, place)

    def initial_model(self) -> nn.Module:
        """Build the model that the first round begins with: the module's `Net`.

        Raises
        ------
        ConfigError
            If `Net` takes what nobody can give.
        UnusableError
            If it gives no model.
        """
        given, named = arguments(self.module.net, self.model, {"seed": self.seed})
        with one_thread(), seeded_generators(stream(self.seed, "model")):
            model = self.module.net(*given, **named)
        if not isinstance(model, nn.Module):
            raise UnusableError(
                f"{self.model} must give a torch.nn.Module, got {shown_kind(model)}"
            )
        return model

    def error(self, model: nn.Module, samples: Samples | None = None) -> float:
        """1 - accuracy of what the server tests on; nan where it cannot, or a loss counts."""
        return math.nan if self.metric else self.tested(model).error

    def score(self, model: nn.Module, samples: Samples | None = None) -> float:
        """Loss of what the server tests on, where it is the run's metric; else nan."""
        return self.tested(model).loss if self.metric == LOSS else math.nan

    def accuracy(self, model: nn.Module) -> float:
        """Accuracy on what the server tests on, in [0, 1]; nan where it cannot."""
        return self.tested(model).accuracy

    def tested(self, model: nn.Module) -> Tested:
        """Test a model on what the server has; nan where it has nothing."""
        return weighed(
            (self.tested_by(model, loader, whose), count)
            for whose, loader, count in self._test_loaders()
        )

    def first_test(self, model: nn.Module) -> Tested | None:
        """Test a model on the first loader that the server has; None if it has none."""
        for whose, loader, _ in self._test_loaders():
            return self.tested_by(model, loader, whose)
        return None

    def tested_by(self, model: nn.Module, loader: Any, whose: str) -> Tested:
        """Test a model with the module's `test`, on one loader.

        Parameters
        ----------
        model : torch.nn.Module
        loader : torch.utils.data.DataLoader
        whose : str
            The contributor, or "" for the server.

        Raises
        ------
        ConfigError
            If `test` takes what nobody can give, or what it gives is not understood.
        """
        rng = stream(self.seed, "test", whose)
        given, named = self.test_arguments(model, loader)
        with one_thread(), seeded_generators(rng, self.training.device):
            reseed(loader, rng)
            model.eval()
            with self.telling("test", whose or "the server"):
                answer = self.module.test(*given, **named)
        return understood(answer, f"{self.module.name}.test")

    def telling(self, function: str, whose: str) -> AbstractContextManager[None]:
        """Say which function failed for whom, and what it says: in a simulation.

        On a node an error may quote its owner's data, and stays as it is.
        """
        if self.on_nodes:
            return nullcontext()
        return told(f"{self.module.name}.{function}", whose)

    def test_arguments(
        self, model: nn.Module, loader: Any
    ) -> tuple[list[Any], dict[str, Any]]:
        """Find what `test` is to be called with.

        Raises
        ------
        ConfigError
            If it takes what nobody can give.
        """
        named = ("testloader", "valloader", "trainloader", "loader")
        known = {
            "net": model,
            **dict.fromkeys(named, loader),
            "device": torch.device(self.training.device),
            "batch_size": self.training.batch_size,
            "seed": self.seed,
        }
        return arguments(
            self.module.test, f"{self.module.name}.test", known, ("net", "testloader")
        )

    def train_arguments(
        self, model: nn.Module, loaders: Loaders | None, number: int = 1
    ) -> tuple[list[Any], dict[str, Any]]:
        """Find what `train` is to be called with; without loaders, whether it can be.

        Parameters
        ----------
        model : torch.nn.Module
        loaders : Loaders, optional
            The contributor's.
        number : int
            The round, from 1.

        Raises
        ------
        ConfigError
            If it takes what nobody can give.
        """
        loaders = loaders or Loaders(None, None, None)
        known = {
            "net": model,
            "trainloader": loaders.train,
            "loader": loaders.train,
            "valloader": loaders.validation,
            "testloader": loaders.test,
            "epochs": self.training.local_epochs,
            "lr": self.training.in_round(number).learning_rate,
            "device": torch.device(self.training.device),
            "batch_size": self.training.batch_size,
            "seed": self.seed,
        }
        return arguments(
            self.module.train, f"{self.module.name}.train", known, ("net", "trainloader")
        )

    def _test_loaders(self) -> Iterable[tuple[str, Any, int]]:
        """Whose loaders the server tests on, and how many examples each has."""
        module, training = self.module, self.training
        central = central_loader(module, training.batch_size, self.seed)
        if central is not None:
            return [("", central, examples_in(central, f"{module.name}.{CENTRALIZED}"))]
        if self.on_nodes:
            return []
        found = ((name, self.loaders(name).test) for name in self.data.names)
        return (
            (name, loader, examples_in(loader, f"{module.name}.load_data"))
            for name, loader in found
        )
