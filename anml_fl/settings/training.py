"""What contributors do with the model: a group of settings."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from anml_fl.plugins import MODELS
from anml_fl.settings.names import NameOf
from anml_fl.settings.section import Section, Share

ModelName = Annotated[str, NameOf(MODELS)]


class Training(Section):
    """What a contributor does with the model in a round."""

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
