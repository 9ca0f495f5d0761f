"""What a task's `test` says of a model: its loss, its accuracy, or both."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any

from anml_fl.catalogue import shown_kind
from anml_fl.settings.section import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable

_ACCURACIES = ("accuracy", "acc", "top1accuracy", "top1acc")
_LOSSES = ("loss", "avgloss", "meanloss")
# What stands before such a name, and says where it was found.
_WHERE = (
    "testing", "test", "evaluation", "eval", "validation", "valid", "val", "centralized",
    "federated", "server",
)  # fmt: skip
_FORMS = (
    '(loss, accuracy), (loss, {"accuracy": ...}), {"accuracy": ...}, {"loss": ...} or the loss'
    " alone"
)


@dataclass(frozen=True, slots=True)
class Tested:
    """How good a model is.

    Parameters
    ----------
    loss : float
        nan where nothing says it.
    accuracy : float
        In [0, 1]; nan where nothing says it.
    """

    loss: float
    accuracy: float

    @property
    def error(self) -> float:
        """1 - accuracy; nan where nothing says it."""
        return 1.0 - self.accuracy


def understood(answer: Any, called: str) -> Tested:
    """Read what a task's `test` returned.

    Parameters
    ----------
    answer : object
        (loss, accuracy), (loss, mapping), (loss, examples, mapping), a mapping with a loss or
        an accuracy, or one number, which is the loss.
    called : str
        What errors call the function.

    Raises
    ------
    ConfigError
        If it is anything else, or the accuracy does not lie in [0, 1].

    Examples
    --------
    >>> understood((0.5, {"accuracy": 0.75, "f1": 0.7}), "task.test")
    Tested(loss=0.5, accuracy=0.75)
    >>> understood(0.5, "task.test")
    Tested(loss=0.5, accuracy=nan)
    >>> understood((0.5, 75.0), "task.test")
    Traceback (most recent call last):
    anml_fl.settings.section.ConfigError: task.test: the accuracy must lie in [0, 1], ...
    """
    match answer:
        case Mapping():
            loss, accuracy = _named(answer, _LOSSES), _named(answer, _ACCURACIES)
            whole = loss is not None or accuracy is not None
        case (first, Mapping() as named) | (first, _, Mapping() as named):
            loss, accuracy = _number(first), _named(named, _ACCURACIES)
            whole = loss is not None
        case (first, second):
            loss, accuracy = _number(first), _number(second)
            whole = loss is not None and accuracy is not None
        case _:
            loss, accuracy = _number(answer), None
            whole = loss is not None
    if not whole:
        raise ConfigError(f"{called} must give {_FORMS}, got {_shown(answer)}")
    if accuracy is not None and (accuracy < 0 or accuracy > 1):
        raise ConfigError(
            f"{called}: the accuracy must lie in [0, 1], got {accuracy:g}; what is understood:"
            f" {_FORMS}"
        )
    return Tested(
        math.nan if loss is None else loss, math.nan if accuracy is None else accuracy
    )


def weighed(found: Iterable[tuple[Tested, int]]) -> Tested:
    """Average over loaders, each by its number of examples; nan over none.

    Examples
    --------
    >>> weighed([(Tested(1.0, 0.5), 10), (Tested(3.0, 1.0), 30)])
    Tested(loss=2.5, accuracy=0.875)
    """
    listed = list(found)
    total = sum(count for _, count in listed) or math.nan
    return Tested(
        sum(one.loss * count for one, count in listed) / total,
        sum(one.accuracy * count for one, count in listed) / total,
    )


def _named(answer: Mapping[Any, Any], names: tuple[str, ...]) -> float | None:
    found = {_plain(str(name)): value for name, value in answer.items()}
    return next((_number(found[name]) for name in names if name in found), None)


def _plain(name: str) -> str:
    name = name.lower().replace("_", "").replace("-", "").replace(" ", "")
    for where in _WHERE:
        name = name.removeprefix(where)
    return name


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, Real):
        return float(value)
    # A number of numpy or torch, in an array of one element.
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple) and set(shape) <= {1} and hasattr(value, "item"):
        return float(value.item())
    return None


def _shown(answer: Any) -> str:
    if isinstance(answer, Mapping):
        names = ", ".join(sorted(str(name)[:40] for name in answer)[:8])
        return f"a mapping of {names or 'nothing'}"
    if isinstance(answer, list | tuple):
        return f"{type(answer).__name__} of {', '.join(map(_kind, answer)) or 'nothing'}"
    return _kind(answer)


def _kind(value: Any) -> str:
    shape = getattr(value, "shape", None)
    return shown_kind(value) + (
        f" of shape {tuple(shape)}" if isinstance(shape, tuple) and shape else ""
    )
