"""The command that carries one federation of the arena out alone, with the same result."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from studies.arena.setup import Setup


def single_run(setup: Setup, dataset: str, rule: str, seed: int) -> str:
    """Write the `anml run` of a federation.

    Parameters
    ----------
    setup : Setup
    dataset : str
    rule : str
        Of `anml_fl.plugins.RULES`, or `module:object`.
    seed : int

    Examples
    --------
    >>> from studies.arena.setup import Setup
    >>> single_run(Setup(attackers=0), "wine", "krum", 0)
    'anml run --dataset wine --contributors 20 --partition iid --behaviour honest=20 ...'
    """
    words = ["anml", "run"]
    for name, value in setup.flat(dataset, rule, seed).items():
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
