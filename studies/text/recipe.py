"""Settings of the experiments with networks: of samples, of answers, of a federation."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from studies.sample.recipe import Recipe
from studies.settings import GateSettings, Settings, Share


class NetworkRecipe(Recipe):
    """Settings at sample level: the paper's, but for the model and its training."""

    model: Literal["transformer", "cnn", "mlp"] = Field(
        "transformer", description="What is trained; an mlp sees how often each word is there."
    )
    samples: int = Field(1500, ge=10, description="Training samples, drawn by trial.")
    tested: int = Field(4000, ge=10, description="Test samples, at most.")
    pool: int = Field(1, ge=1, description="Side of the squares that images are averaged on.")
    batch_size: int = Field(64, ge=1, description="Samples a step.")
    fit: int = Field(3, ge=0, le=1000, description="Epochs before q is taken.")
    epochs: int = Field(6, ge=0, le=1000, description="Epochs of the final training.")
    learning_rate: float = Field(0.002, gt=0, le=10, description="Of Adam, in minibatches.")


class ApproximationRecipe(NetworkRecipe):
    """The same, for scores that approximate q."""

    in_trials: tuple[int, ...] = Field((2, 3, 4), description="Trials that have it, for time.")
    samples: int = Field(800, ge=10, description="Training samples, drawn by trial.")
    fit: int = Field(3, ge=1, le=1000, description="Epochs before q is taken.")


class CrowdRecipe(GateSettings):
    """How annotators are scored and weighed, and what an encoder is trained on."""

    in_trials: tuple[int, ...] = Field((2, 3, 4), description="Trials that have it, for time.")
    sentences: int = Field(1000, ge=10, description="Sentences with their answers, by trial.")
    gold: int = Field(5, ge=1, le=1000, description="Answers checked of each annotator.")
    v: Share = Field(0.25, description="Verification of every annotator: self-attested.")
    fit: int = Field(150, ge=1, le=100_000, description="Steps before labels are scored.")
    steps: int = Field(150, ge=1, le=100_000, description="Steps of the final training.")
    batch_size: int = Field(64, ge=1, description="Answers or sentences a step.")
    learning_rate: float = Field(0.002, gt=0, le=10, description="Of Adam.")
    beta: Share = Field(0.3, description="Share of bad answers that Krum's score allows for.")
    fraction: float = Field(0.7, gt=0, le=1, description="Share that selection keeps.")


class FederationRecipe(Settings):
    """How the annotators' federation trains."""

    in_trials: tuple[int, ...] = Field((0,), description="Trials that have it, for time.")
    attackers: float = Field(0.0, ge=0, lt=1, description="Share that flips all its labels.")
    gold: int = Field(5, ge=0, le=1000, description="Answers checked of each annotator.")
    rounds: int = Field(12, ge=1, le=1000, description="Rounds of training.")
    local_epochs: int = Field(1, ge=1, le=1000, description="Passes over own answers a round.")
    batch_size: int = Field(64, ge=1, le=10_000, description="Answers a step.")
    learning_rate: float = Field(0.1, gt=0, le=10, description="Of SGD.")
    server_learning_rate: float = Field(
        0.02, gt=0, le=10, description="Of the server's FedAdam, beta_2 0.99, tau 1e-6."
    )
    server_momentum: float = Field(0.7, ge=0, lt=1, description="Its beta_1.")
    fraction: float = Field(0.7, gt=0, le=1, description="Share of annotators selected.")
