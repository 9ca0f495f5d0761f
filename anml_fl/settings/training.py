"""What contributors do with the model: a group of settings."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import Annotated

from pydantic import Field, field_validator

from anml_fl.plugins import MODELS
from anml_fl.settings.names import NameOf
from anml_fl.settings.section import Section, Share

ModelName = Annotated[str, NameOf(MODELS)]

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
    learning_rate: float = Field(0.1, gt=0, description="Learning rate of SGD.")
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
