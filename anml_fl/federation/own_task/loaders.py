"""What a task's `load_data` gives: a contributor's loaders, asked for once, and kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from torch.utils.data import DataLoader

from anml_fl.catalogue import shown_kind
from anml_fl.federation.own_task.arguments import arguments, meaning
from anml_fl.federation.own_task.generators import seeded_generators
from anml_fl.method.threads import one_thread
from anml_fl.seeding import stream
from anml_fl.settings.section import ConfigError

if TYPE_CHECKING:
    from anml_fl.federation.own_task.module import TaskModule

# Of so many contributors a process keeps the loaders; those of others are made again, alike.
_KEPT = 1024
_BY_PLACE = ("partition_id", "num_partitions")
_TESTS = ("valloader", "testloader")
# What loaders are called in a mapping, beside what parameters are called.
_SHORT = {
    "train": "trainloader", "training": "trainloader",
    "val": "valloader", "valid": "valloader", "validation": "valloader", "dev": "valloader",
    "test": "testloader", "testing": "testloader", "eval": "testloader",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """Whose loaders are meant, and how they are made.

    Parameters
    ----------
    contributor : str
        Stable identity.
    index : int
        Its place among the contributors.
    total : int
        How many there are.
    batch_size, epochs : int
    lr : float
        Before any schedule.
    seed : int
        The run's.
    """

    contributor: str
    index: int
    total: int
    batch_size: int
    epochs: int
    lr: float
    seed: int

    @property
    def known(self) -> dict[str, Any]:
        """What `load_data` can be given."""
        return {
            "partition_id": self.index,
            "num_partitions": self.total,
            "batch_size": self.batch_size,
            "epochs": self.epochs,
            "lr": self.lr,
            "seed": self.seed,
        }


@dataclass(frozen=True, slots=True)
class Loaders:
    """A contributor's loaders.

    Parameters
    ----------
    train, validation, test : torch.utils.data.DataLoader
        Or whatever else gives batches again and again and has a `dataset` with a length.
        Where `load_data` gives two, validation is the test.
    """

    train: Any
    validation: Any
    test: Any


@lru_cache(maxsize=_KEPT)
def loaders_of(module: TaskModule, place: Place) -> Loaders:
    """Ask a task for a contributor's loaders, once in this process.

    Raises
    ------
    ConfigError
        If `load_data` takes what nobody can give, or gives no loaders.
    """
    called = f"{module.name}.load_data"
    given, named = arguments(module.load_data, called, place.known, _BY_PLACE)
    rng = stream(place.seed, "load_data", place.contributor)
    with one_thread(), seeded_generators(rng):
        found = module.load_data(*given, **named)
        parts = _by_name(found, called)
        if isinstance(parts, list | tuple) and any(_only_once(one) for one in parts[:3]):
            raise ConfigError(
                f"{called} gives a loader that can be gone through once alone, and is needed"
                " in each epoch and round: give a torch.utils.data.DataLoader, or let __iter__"
                " begin again"
            )
    if not isinstance(parts, list | tuple) or len(parts) < 2:
        raise ConfigError(
            f"{called} must give (trainloader, testloader), or (trainloader, valloader,"
            f" testloader), got {shown_kind(found)}"
            + (f" of {len(parts)}" if isinstance(parts, list | tuple) else "")
        )
    for loader in parts[:3]:
        examples_in(loader, called)
    return Loaders(parts[0], parts[1], parts[min(len(parts), 3) - 1])


def tells_apart(module: TaskModule) -> bool:
    """Whether `load_data` is told whose data are asked for."""
    known = {**Place("", 0, 1, 1, 1, 1.0, 0).known, "partition_id": (who := object())}
    given, named = arguments(module.load_data, "load_data", known, _BY_PLACE)
    return any(one is who for one in (*given, *named.values()))


def _only_once(loader: Any) -> bool:
    """Whether a loader begins where it ended; torch's own, whose workers cost, do not."""
    if isinstance(loader, DataLoader) or not hasattr(loader, "__iter__"):
        return False
    return iter(loader) is iter(loader)


def _by_name(found: Any, called: str) -> Any:
    """Put loaders that have names in order; what has none is in order."""
    if hasattr(found, "_asdict"):  # a named tuple
        found = found._asdict()
    if not isinstance(found, Mapping):
        return found
    named = {_role(str(name)): loader for name, loader in found.items()}
    if "trainloader" not in named or not named.keys() & {*_TESTS}:
        names = ", ".join(str(name)[:40] for name in found)
        raise ConfigError(
            f"{called}: of a mapping of loaders the names are read, which must be train and"
            f" test, or train, val and test, got {names or 'none'}"
        )
    return [named[role] for role in ("trainloader", *_TESTS) if role in named]


def _role(name: str) -> str:
    plain = name.lower().replace("_", "")
    return meaning(_SHORT.get(plain, name), dict.fromkeys(("trainloader", *_TESTS)))


@lru_cache(maxsize=4)
def central_loader(module: TaskModule, batch_size: int, seed: int) -> Any:
    """Ask a task for the server's own test loader, once in this process; None without one.

    Raises
    ------
    ConfigError
        As `loaders_of`.
    """
    if module.centralized is None:
        return None
    called = f"{module.name}.{module.centralized.__name__}"
    known = {"batch_size": batch_size, "seed": seed}
    given, named = arguments(module.centralized, called, known)
    with one_thread(), seeded_generators(stream(seed, "load_data")):
        loader = module.centralized(*given, **named)
    examples_in(loader, called)
    return loader


def examples_in(loader: Any, called: str) -> int:
    """Count the examples that a loader goes through, by its dataset.

    Raises
    ------
    ConfigError
        If it has none.
    """
    try:
        count = len(loader.dataset)
    except (AttributeError, TypeError):
        raise ConfigError(
            f"{called} must give loaders as torch.utils.data.DataLoader, whose dataset has a"
            f" length, got {shown_kind(loader)}"
        ) from None
    if count < 1:
        raise ConfigError(f"{called} gives a loader of a dataset without any example")
    return count
