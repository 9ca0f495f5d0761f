"""What the server's data say at a run's end of the models that were trained."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from anml_fl.federation.own_task.task import ModuleTask
from server.orchestration.class_errors import class_errors
from server.orchestration.own_data import own_data, test_classes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from anml_fl.federation.task import Task
    from anml_fl.run.schema import ClassErrors
    from anml_fl.settings.run import RunConfig


@dataclass(frozen=True, slots=True)
class Measured:
    """What a summary holds beside what follows from the rounds.

    Parameters
    ----------
    held : mapping
        Contributor to what it gathered itself.
    classes : sequence of int
        Rows of each class among those that the server tests on.
    tested_on : str
        On what models were tested, of a task of one's own.
    class_errors : mapping
        Class to how final models err in it.
    """

    held: Mapping[str, Any] = field(default_factory=dict)
    classes: Sequence[int] = ()
    tested_on: str = ""
    class_errors: Mapping[str, ClassErrors] = field(default_factory=dict)


def measured_of(out: Path, config: RunConfig, task: Task) -> Measured:
    """Measure a run's final models, every strategy finished."""
    return Measured(
        own_data(out, config, task),
        test_classes(task),
        task.tested_on if isinstance(task, ModuleTask) else "",
        class_errors(out, config, task),
    )
