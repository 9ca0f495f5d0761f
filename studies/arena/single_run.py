"""The command that carries one federation of the arena out alone, with the same result."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from studies.arena.setup import Setup


def single_run(setup: Setup, dataset: str, seed: int) -> str:
    """Write the `anml run` of a federation.

    Parameters
    ----------
    setup : Setup
    dataset : str
    seed : int

    Examples
    --------
    >>> from studies.arena.setup import Setup
    >>> single_run(Setup(rule="krum"), "wine", 0)
    'anml run --dataset wine --contributors 20 --partition iid --behaviour honest=20 ...'
    """
    words = ["anml", "run"]
    for name, value in setup.flat(dataset, seed).items():
        if name == "behaviours":
            for kind, count in value.items():
                words += ["--behaviour", f"{kind}={count}"]
        elif name == "strategies":
            words += ["--strategy", value]
        elif str(value).lower() in ("true", "false"):
            words.append(f"--{'' if str(value).lower() == 'true' else 'no-'}{name}")
        else:
            words += [f"--{name}", str(value)]
    return shlex.join(words)
