"""The model that has a round's arrays: built once, where all of it travels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anml_fl.models.places import Places, keeps_only_tensors

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from torch import nn

    from anml_fl.federation.task import Task


class ModelOfArrays:
    """Gives a task's model with other arrays, one at a time.

    Parameters
    ----------
    task : Task
        Layers of one's own may keep what does not travel: then it is built anew each time.
    """

    def __init__(self, task: Task) -> None:
        self._task = task
        model = task.initial_model()
        self._model = model if keeps_only_tensors(model) else None
        self._places = Places(model)

    def of(self, arrays: Mapping[str, NDArray[Any]]) -> nn.Module:
        """Give the model that has these arrays, until the next are asked for.

        Raises
        ------
        RuntimeError
            If they are another model's.
        """
        if self._model is None:
            return self._task.model_of(arrays)
        self._places.load(arrays)
        return self._model
