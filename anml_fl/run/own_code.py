"""Which code of one's own a run is made of: a hash of each module that its settings name.

It stands apart from the hash of this project's code (`code_hash`): data, models and tasks of
one's own make nobody a stranger.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from anml_fl.catalogue import is_own
from anml_fl.chain import JOINT
from anml_fl.federation.own_task.module import located, source_file

if TYPE_CHECKING:
    from collections.abc import Iterable

    from anml_fl.settings.run import RunConfig


def own_code(config: RunConfig) -> dict[str, str]:
    """Hash every module of one's own that a run's settings name.

    Returns
    -------
    dict
        Module to 64 hexadecimal digits; without those that are not here, sorted.
    """
    federation, training = config.federation, config.training
    named = (
        *config.strategies,
        *federation.behaviours,
        federation.dataset,
        federation.scenario,
        training.model,
    )
    return _hashes(training.task, named)


def shared_code(task: str, dataset: str, model: str) -> dict[str, str]:
    """Hash those that server and contributors both have: of task, data set and model.

    Parameters
    ----------
    task, dataset, model : str
        As settings name them.

    Returns
    -------
    dict
        As of `own_code`.
    """
    return _hashes(task, (dataset, model))


def shared_modules(config: RunConfig) -> list[str]:
    """Name the modules that server and contributors both need, whether they are here or not.

    Examples
    --------
    >>> from anml_fl.settings.reading import from_flat
    >>> shared_modules(from_flat({"model": "mypkg.net:Net"}))
    ['mypkg.net']
    """
    named = config.federation.dataset, config.training.model
    return sorted(_sources(config.training.task, named))


def _sources(task: str, named: Iterable[str]) -> dict[str, str]:
    """Find modules, each with its file where its name alone does not lead to it."""
    parts = (part for name in named for part in name.split(JOINT))
    found = {part.partition(":")[0]: "" for part in parts if is_own(part)}
    if task:
        found[located(task)[1]] = task
    return found


def _hashes(task: str, named: Iterable[str]) -> dict[str, str]:
    found = _sources(task, named)
    hashes = (
        (module, module_hash(module, source)) for module, source in sorted(found.items())
    )
    return {module: digest for module, digest in hashes if digest}


def module_hash(module: str, source: str = "") -> str:
    """Hash a module's file; of one in a package every .py file of the outermost package.

    Parameters
    ----------
    module : str
        By its dotted name.
    source : str
        Its file, where the name alone does not lead to it.

    Returns
    -------
    str
        64 hexadecimal digits, the same wherever the module lies; empty if it is not here.
    """
    path = source_file(source or module)
    if path is None or not path.is_file():
        return ""
    inner = module.split(".")[1:] if path.stem != "__init__" else module.split(".")
    root = path.parents[len(inner) - 1] if inner else path.parent
    files = sorted(root.rglob("*.py")) if inner else [path]
    digest = sha256()
    for file in files:
        content, name = file.read_bytes(), file.relative_to(root).as_posix()
        # Its length stands before it, so that no two listings run into each other.
        digest.update(f"{len(name)}:{name}{len(content)}:".encode() + content)
    return digest.hexdigest()
