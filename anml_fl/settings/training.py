"""What contributors do with the model: a group of settings."""

from __future__ import annotations

import math
import re
from pathlib import PurePath
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from anml_fl.plugins import MODELS
from anml_fl.settings.names import NameOf
from anml_fl.settings.section import Section, Share

ModelName = Annotated[str, NameOf(MODELS)]
Optimizer = Literal["sgd", "adam", "adamw"]
Schedule = Literal["constant", "linear", "cosine"]

FILE = ".py"
"""What the name of a task ends in that is a file."""
_MODULE = re.compile(r"(?=.{1,100}$)[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", re.ASCII)


class Training(Section):
    """What a contributor does with the model in a round."""

    task: str = Field(
        "",
        description="A module of your own with the Net, load_data, train and test of Flower's"
        " templates, in place of a data set and a model: mypkg.task, or pkg/task.py.",
    )
    model: ModelName = Field("mlp", description="MLP (64, 32), or a small CNN for images.")
    rounds: int = Field(8, ge=1, description="Rounds of training.")
    local_epochs: int = Field(10, ge=1, description="Passes over its own data a round.")
    batch_size: int = Field(32, ge=1, description="Samples a step.")
    learning_rate: float = Field(0.1, gt=0, description="Learning rate of the first round.")
    schedule: Schedule = Field(
        "constant",
        description="Learning rate over the run's rounds, from the first round's down to"
        " nearly 0; in a round it stays as it is.",
    )
    optimizer: Optimizer = Field(
        "sgd", description="Optimiser, begun anew by each contributor in each round."
    )
    momentum: float = Field(0.0, ge=0, lt=1, description="Momentum of SGD.")
    weight_decay: float = Field(
        0.0,
        ge=0,
        description="L2 penalty on what is trained; of adamw decoupled from the gradient.",
    )
    proximal: float = Field(
        0.0,
        ge=0,
        description="FedProx: mu of mu/2 |w - w_global|^2, added to each contributor's loss.",
    )
    clip_norm: float | None = Field(
        None, gt=0, description="Largest norm of a step's gradient (default: any)."
    )
    weight_classes: bool = Field(
        False,
        description="Weigh rare classes up in training, of each contributor its own.",
    )
    device: str = Field("cpu", description="torch device of training: cpu, cuda, cuda:1, mps.")
    timeout: float = Field(
        600.0, gt=0, description="Seconds after which a round goes on without a reply."
    )
    min_replies: Share = Field(
        0.5, description="A round with a smaller share of valid replies changes nothing."
    )
    fraction_train: float = Field(
        1.0,
        gt=0,
        le=1,
        description="Share of the contributors that a round asks, drawn anew from the seed.",
    )

    @field_validator("task")
    @classmethod
    def _module_or_file(cls, value: str) -> str:
        if value and not value.endswith(FILE) and not _MODULE.fullmatch(value):
            raise ValueError(
                "must be a module such as mypkg.task, or a file such as pkg/task.py"
            )
        return value

    @property
    def task_name(self) -> str:
        """What the task is called: its module; of a file its folder and its name, no path.

        Examples
        --------
        >>> Training(task="/srv/my-app/task.py").task_name
        'my-app.task'
        """
        if not self.task.endswith(FILE):
            return self.task
        path = PurePath(self.task)
        return ".".join(part for part in (path.parent.name, path.stem) if part)

    @model_validator(mode="after")
    def _momentum_is_sgds(self) -> Training:
        if self.momentum and self.optimizer != "sgd":
            raise ValueError(
                f"momentum is SGD's, and {self.optimizer} has moments of its own: it must be 0"
                f" with it, got {self.momentum:g}; or give optimizer = sgd"
            )
        return self

    def in_round(self, number: int) -> Training:
        """Return the settings of a round: its learning rate.

        Of R rounds the t-th has eta, eta (1 - (t-1)/R), or eta (1 + cos(pi (t-1)/R)) / 2.

        Parameters
        ----------
        number : int
            t, from 1.

        Examples
        --------
        >>> rates = Training(rounds=4, learning_rate=0.8, schedule="linear")
        >>> [round(rates.in_round(t).learning_rate, 3) for t in (1, 2, 3, 4)]
        [0.8, 0.6, 0.4, 0.2]
        """
        if self.schedule == "constant":
            return self
        done = (number - 1) / self.rounds
        left = 1 - done if self.schedule == "linear" else (1 + math.cos(math.pi * done)) / 2
        return self.model_copy(update={"learning_rate": self.learning_rate * left})
