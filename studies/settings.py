"""Settings of a study: checked, and changed by name."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from anml_fl.method.gate import Gate
from anml_fl.system.near import known_ones

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class Settings(BaseModel):
    """What a study leaves to choose; each kind of study has its own."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    def data_key(self) -> tuple[object, ...]:
        """Tell which settings have the same data and the same fit: all that agree in it.

        Returns
        -------
        tuple
            Hashable.
        """
        return tuple(getattr(self, name) for name in type(self).model_fields)

    def changed(self, **settings: Any) -> Self:
        """Set some settings anew, checked as at first.

        Parameters
        ----------
        **settings
            By name.

        Returns
        -------
        Settings
            Of the same kind.

        Raises
        ------
        ValueError
            If a name is unknown, or a value out of range; it names both, and what would
            be right.

        Examples
        --------
        >>> from studies.sample.recipe import Recipe
        >>> Recipe().changed(beta="0.1").beta
        0.1
        >>> Recipe().changed(betta=0.1)
        Traceback (most recent call last):
        ValueError: unknown setting 'betta'; did you mean beta?...
        """
        known = type(self).model_fields
        for name in settings:
            if name not in known:
                raise ValueError(
                    f"unknown setting {name!r};"
                    f" {known_ones(name, known, 'anml study settings STUDY')}"
                )
        try:
            return type(self).model_validate({**self.model_dump(), **settings})
        except ValidationError as error:
            first = error.errors()[0]
            name = str(first["loc"][0])
            raise ValueError(f"{name} = {first['input']!r}: {first['msg']}") from error


_GATE = Gate()


class GateSettings(Settings):
    """Settings with what Algorithms 1 and 2 leave to choose."""

    alpha: Share = Field(_GATE.alpha, description="Share of q in the blend.")
    tau: float = Field(_GATE.tau, gt=0, le=1e6, description="Softmax temperature.")
    tau_h: Share = Field(_GATE.tau_h, description="Threshold of stage 1.")
    tau_c: float = Field(_GATE.tau_c, ge=-1, le=1, description="Threshold of stage 2.")

    @property
    def gate(self) -> Gate:
        """The two-stage gate that these settings are."""
        return Gate(self.tau_h, self.tau_c, self.alpha, self.tau)


def parse_settings(texts: tuple[str, ...]) -> dict[str, str]:
    """Read settings given as texts.

    Parameters
    ----------
    texts : tuple of str
        KEY=VALUE each.

    Returns
    -------
    dict
        Not checked: which there are is up to the study.

    Raises
    ------
    ValueError
        If one has no "=", or is given twice.

    Examples
    --------
    >>> parse_settings(("beta=0.2", "fit=0"))
    {'beta': '0.2', 'fit': '0'}
    """
    settings: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise ValueError(f"a setting must be KEY=VALUE, got {text!r}")
        if name in settings:
            raise ValueError(f"setting {name!r} is given twice: give it once")
        settings[name] = value
    return settings
