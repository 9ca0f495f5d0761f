"""A module of somebody's own that is a task: found, imported, looked at."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module, invalidate_caches
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anml_fl.catalogue import UnusableError, shown_kind
from anml_fl.federation.own_task.arguments import meaning, parameters
from anml_fl.settings.section import ConfigError
from anml_fl.settings.training import FILE
from anml_fl.system.working_folder import search_it_last, started_in

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import ModuleType

    from anml_fl.settings.training import Training

WANTED = {
    "Net": "the class of a torch.nn.Module, or a function that gives one",
    "load_data": "a function load_data(partition_id, num_partitions) that gives (trainloader,"
    " testloader)",
    "train": "a function train(net, trainloader, epochs, lr, device) that trains the net",
    "test": "a function test(net, testloader, device) that gives (loss, accuracy)",
}
"""The names that a task has, and what each is."""
CENTRALIZED = "load_centralized_dataset"
"""The name of a function that gives the server's own test loader."""

# Packages of this project that are imported by these names.
_OURS = ("anml_fl", "clients", "server", "strategies", "studies")

# What is imported under one name and installed under another.
_INSTALLED_AS = {
    "PIL": "pillow",
    "cv2": "opencv-python",
    "flwr_datasets": "'flwr-datasets[vision]'",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}


@dataclass(frozen=True, slots=True)
class TaskModule:
    """What a task's module has.

    Parameters
    ----------
    name : str
        What it is called in messages.
    net, load_data, train, test : callable
        As `WANTED` says.
    centralized : callable, optional
        Gives the server's own test loader.
    """

    name: str
    net: Callable[..., Any]
    load_data: Callable[..., Any]
    train: Callable[..., Any]
    test: Callable[..., Any]
    centralized: Callable[..., Any] | None


def task_module(training: Training) -> TaskModule:
    """Import a task's module, and find its names.

    Raises
    ------
    ConfigError
        If it is not there, needs what is not installed, or lacks a name: listing each.
    UnusableError
        If importing it fails.
    """
    name = training.task_name
    module = _imported(training.task, name)
    lacking = [f"{one}, {what}" for one, what in WANTED.items() if not hasattr(module, one)]
    if lacking:
        if hidden := _hidden(module.__name__, _folder_of(training.task)):
            raise ConfigError(f"task {name}: {hidden}")
        raise ConfigError(f"task {name}: the module has no {'; no '.join(lacking)}")
    found = {one: getattr(module, one) for one in WANTED}
    for one, value in found.items():
        if not callable(value):
            raise ConfigError(
                f"task {name}: {one} must be {WANTED[one]}, got {shown_kind(value)}"
            )
    return TaskModule(
        name,
        found["Net"],
        found["load_data"],
        found["train"],
        found["test"],
        getattr(module, CENTRALIZED, None),
    )


def default_of(function: Callable[..., Any], meant: str) -> int | float | None:
    """Find the default that a function has for what is known here by a name.

    Examples
    --------
    >>> default_of(lambda net, loader, learning_rate=0.01: 0, "lr")
    0.01
    """
    for one in parameters(function, getattr(function, "__name__", "it")):
        if meaning(one.name, {meant: None}) and isinstance(one.default, int | float):
            return one.default
    return None


def takes(functions: Iterable[Callable[..., Any]], meant: str) -> bool:
    """Whether one of some functions has a parameter for what is known here by a name.

    Examples
    --------
    >>> takes([len, lambda net, loader, learning_rate: 0], "lr")
    True
    """
    return any(
        meaning(one.name, {meant: None})
        for function in functions
        for one in parameters(function, getattr(function, "__name__", "it"))
    )


def located(source: str) -> tuple[Path | None, str]:
    """Tell where a task is looked for, besides Python's places, and its module's name.

    Parameters
    ----------
    source : str
        As `training.task` says it. A file in a package is the package's module.

    Returns
    -------
    tuple
        A folder, or None; and the module's dotted name.

    Examples
    --------
    >>> located("mypkg.task"), located("/srv/app/task.py")
    ((None, 'mypkg.task'), (PosixPath('/srv/app'), 'task'))
    """
    if not source.endswith(FILE):
        return None, source
    path = Path(source)
    parts, folder = ([] if path.stem == "__init__" else [path.stem]), path.parent
    while (folder / "__init__.py").is_file():
        parts.insert(0, folder.name)
        folder = folder.parent
    return folder, ".".join(parts)


def source_file(source: str) -> Path | None:
    """Find the file of a task's module, or of any other module; None if it has none.

    Packages that it lies in are imported, itself it is not.
    """
    if source.endswith(FILE):
        return Path(source)
    search_it_last()
    try:
        spec = find_spec(source)
    except (ImportError, ValueError):
        return None
    return Path(spec.origin) if spec and spec.origin and spec.has_location else None


def _imported(source: str, name: str) -> ModuleType:
    folder, module = located(source)
    if folder is not None:
        if not Path(source).is_file():
            raise ConfigError(f"task {name}: there is no file {source}")
        _search_last(folder)
    # What it imports may lie in the folder where the command was given.
    search_it_last()
    try:
        found = import_module(module)
    except ModuleNotFoundError as error:
        missing = error.name or module
        if hidden := _hidden(missing, folder or started_in()):
            raise ConfigError(f"task {name}: {hidden}") from error
        raise ConfigError(_not_there(name, module, missing)) from error
    # SystemExit is none: the command would end as if all were well.
    except (Exception, SystemExit) as error:
        raise UnusableError(
            f"task {name}: importing it failed: {type(error).__name__}: {error}"
        ) from error
    if folder is not None and not _same(getattr(found, "__file__", None), source):
        raise ConfigError(
            f"task {name}: another module is called {module!r}, and comes before {source}:"
            " call yours otherwise, or lay it into a package"
        )
    return found


def _search_last(folder: Path) -> None:
    """Let modules be found in a folder, after every other place: it hides nothing."""
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
        invalidate_caches()


def _folder_of(source: str) -> Path:
    """Tell where a task's outermost package or module lies, as its owner means it."""
    return located(source)[0] or started_in()


def _hidden(wanted: str, folder: Path) -> str:
    """Say that another package or module hides the one of a folder; empty if none does."""
    top = wanted.partition(".")[0]
    mine = next((one for one in (folder / top, folder / f"{top}.py") if one.exists()), None)
    first = sys.modules.get(top)
    if mine is None or first is None:
        return ""
    found = [getattr(first, "__file__", None), *getattr(first, "__path__", ())]
    places = [Path(one).resolve() for one in found if one]
    if any(one.is_relative_to(mine.resolve()) for one in places):
        return ""
    whose = "of this project" if top in _OURS else "at " + (str(places[0]) if places else top)
    kind = "folder" if mine.is_dir() else "file"
    return (
        f"{wanted} is looked for in another {top!r}, {whose}, which comes before the {kind}"
        f" {mine.name} here: call yours otherwise, such as my_{top}"
    )


def _not_there(name: str, module: str, missing: str) -> str:
    if module == missing or module.startswith(f"{missing}."):
        return (
            f"task {name}: no module is called {missing}: is it in the folder where the"
            " command is given, or on PYTHONPATH, or installed? A run that goes on needs the"
            " folder in which it was begun"
        )
    top = missing.partition(".")[0]
    if top == module.partition(".")[0]:
        return f"task {name}: it imports {missing}, and its package has no such module"
    return (
        f"task {name}: it imports {missing}, which is not installed here: pip install"
        f" {_INSTALLED_AS.get(top, top)}"
    )


def _same(found: str | None, source: str) -> bool:
    return found is not None and Path(found).exists() and Path(found).samefile(source)
