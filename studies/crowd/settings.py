"""Settings of the studies of real annotators."""

from __future__ import annotations

from pydantic import Field

from studies.settings import GateSettings, Share


class CrowdSettings(GateSettings):
    """How annotators are scored and weighed, and what is trained on their labels."""

    gold: int = Field(5, ge=1, le=1000, description="Answers checked of each annotator.")
    v: Share = Field(0.25, description="Verification of every annotator: self-attested.")
    fit: int = Field(50, ge=1, le=10_000, description="Epochs before labels are scored.")
    epochs: int = Field(100, ge=1, le=10_000, description="Epochs of the final training.")
    learning_rate: float = Field(0.001, gt=0, le=10, description="Of Adam, full batch.")
    beta: Share = Field(0.3, description="Share of bad answers that Krum's score allows for.")
    fraction: float = Field(0.7, gt=0, le=1, description="Share that selection keeps.")

    def data_key(self) -> tuple[object, ...]:
        """Tell which settings check the same answers, and score them alike.

        Returns
        -------
        tuple
            Hashable.

        Examples
        --------
        >>> CrowdSettings(v=0.65).data_key() == CrowdSettings().data_key()
        True
        >>> CrowdSettings(fit=100).data_key() == CrowdSettings().data_key()
        False
        """
        return self.gold, self.fit, self.learning_rate, self.beta
