"""ByzFL's rules and attacks, which ours are held against, without its training loops.

`import byzfl` also loads those, which need torchvision: its build on PyPI does not load beside
a CPU build of torch.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType


def byzfl_module(name: str) -> ModuleType:
    """Import a module of ByzFL's and nothing beside it.

    Parameters
    ----------
    name : str
        Within the package: "aggregators", "attacks".

    Raises
    ------
    ModuleNotFoundError
        If ByzFL is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> byzfl_module("aggregators").Median()(np.array([[1.0], [2.0], [9.0]]))
    array([2.])
    """
    if "byzfl" not in sys.modules:
        spec = find_spec("byzfl")
        if spec is None:
            raise ModuleNotFoundError(
                "byzfl is not installed: pip install --no-deps byzfl", name="byzfl"
            )
        package = ModuleType("byzfl")
        package.__path__ = list(spec.submodule_search_locations or ())
        sys.modules["byzfl"] = package
    return import_module(f"byzfl.{name}")
