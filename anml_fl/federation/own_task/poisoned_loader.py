"""A loader whose samples a behaviour has changed: taken apart, and put together alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.nn.functional import one_hot
from torch.utils.data import DataLoader, Dataset, RandomSampler

from anml_fl.catalogue import shown_kind
from anml_fl.datasets.prepare import Samples
from anml_fl.settings.section import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from torch import Tensor

    Poison = Callable[[Samples], Samples]

LABELS = ("label", "labels", "y", "target", "targets", "fine_label")
"""What the labels are called in a batch that is a mapping."""
_RIGHT = (
    f"batches (features, labels), or mappings with one of {', '.join(LABELS)}, all of them"
    " tensors with a row for each example, and labels that are integers, values or one-hot"
)


def poisoned(loader: Any, poison: Poison, called: str) -> DataLoader[Any]:
    """Let a behaviour change the samples that a loader gives.

    Parameters
    ----------
    loader : torch.utils.data.DataLoader
        Of batches (features, labels), or of mappings with one entry that is called as one of
        `LABELS`. Labels are integers, (n,), values, (n,) or (n, 1), or one-hot, (n, classes).
    poison : callable
        From samples to samples.
    called : str
        What errors call the task.

    Returns
    -------
    torch.utils.data.DataLoader
        Batches of the same form and size, in random order where the loader's is.

    Raises
    ------
    ConfigError
        If the batches are of another form; or the behaviour changes what has no floating
        point, such as token ids, or the number of rows where a batch holds more than it knows.
    """
    batches = _Batches.of(_in_order(loader), called)
    before = batches.samples(called)
    after = poison(before)
    if not isinstance(after, Samples):
        raise ConfigError(
            f"a behaviour must give anml_fl.datasets.prepare.Samples, got {shown_kind(after)}"
        )
    rows = batches.changed(before, after, called)
    size = getattr(loader, "batch_size", None) or batches.size
    shuffled = isinstance(getattr(loader, "sampler", None), RandomSampler)
    return DataLoader(
        _Places(len(after.labels)),
        batch_size=size,
        shuffle=shuffled,
        drop_last=bool(getattr(loader, "drop_last", False)),
        collate_fn=rows.batch,
    )


class _Places(Dataset[int]):
    """The places of rows, which are put into batches by whoever has them."""

    def __init__(self, count: int) -> None:
        self._count = count

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, place: int) -> int:
        return place


@dataclass(frozen=True, slots=True)
class _Batches:
    """All rows of a loader, entry by entry.

    Parameters
    ----------
    entries : mapping
        Name, or place in the batch, to a tensor with a row for each example.
    label : object
        Which entry the labels are.
    form : callable
        From entries of a batch to a batch as the loader gives it.
    size : int
        Rows of the first batch.
    """

    entries: Mapping[Any, Tensor]
    label: Any
    form: Callable[[dict[Any, Any]], Any]
    size: int

    @classmethod
    def of(cls, batches: Iterable[Any], called: str) -> _Batches:
        listed = list(batches)
        first, parts = listed[0], [_entries(batch, called) for batch in listed]
        names = list(parts[0])
        found = [name for name in names if name in LABELS]
        if isinstance(first, Mapping) and len(found) != 1:
            raise _refused(called, f"a mapping of {', '.join(map(str, names))[:200]}")
        return cls(
            {name: torch.cat([part[name] for part in parts]).cpu() for name in names},
            found[0] if isinstance(first, Mapping) else 1,
            type(first) if isinstance(first, Mapping) else _sequence(type(first)),
            len(parts[0][names[0]]),
        )

    @property
    def moving(self) -> list[Any]:
        """Entries that a behaviour sees as features: those of floating point, or else all."""
        others = [name for name in self.entries if name != self.label]
        return [n for n in others if self.entries[n].is_floating_point()] or others

    def samples(self, called: str) -> Samples:
        """Put the features beside each other, and name the classes."""
        labels = self.entries[self.label]
        if labels.ndim == 2 and labels.shape[1] == 1:
            labels = labels[:, 0]
        hot = _one_hot(labels)
        if not hot and labels.ndim != 1:
            raise _refused(called, f"labels of shape {tuple(labels.shape)}, not one-hot")
        columns = [self.entries[n].reshape(len(labels), -1) for n in self.moving]
        features = torch.cat([one.to(torch.float32) for one in columns], dim=1).numpy()
        if hot:
            return Samples(features, labels.argmax(1).numpy(), labels.shape[1])
        if labels.is_floating_point():
            values: Any = labels.to(torch.float32).numpy()
            return Samples(features, values, 1)
        classes = labels.to(torch.int64).numpy()
        if classes.min() < 0:
            raise _refused(called, f"a label of {classes.min()}")
        return Samples(features, classes, max(2, int(classes.max()) + 1))

    def changed(self, before: Samples, after: Samples, called: str) -> _Batches:
        """Put changed samples in the place of the rows."""
        old = self.entries[self.label]
        entries = dict(self.entries)
        labels = torch.tensor(after.labels)
        if _one_hot(old):
            labels = one_hot(labels.to(torch.int64), old.shape[1])
        entries[self.label] = labels.to(old.dtype).reshape(-1, *old.shape[1:])
        same = before.features.shape == after.features.shape
        if not (same and np.array_equal(before.features, after.features)):
            moving, rest = self.moving, set(self.entries) - {self.label, *self.moving}
            fixed = [name for name in moving if not self.entries[name].is_floating_point()]
            if fixed or (rest and len(after.labels) != len(old)):
                what = ", ".join(str(name) for name in fixed or sorted(map(str, rest)))
                raise ConfigError(
                    f"{called}: the behaviour changes features, and {what} of a batch cannot"
                    " be moved: what has floating point can; label_flip changes labels alone"
                )
            start = 0
            for name in moving:
                one = self.entries[name]
                width = int(np.prod(one.shape[1:]))
                part = torch.tensor(after.features[:, start : start + width])
                entries[name] = part.to(one.dtype).reshape(-1, *one.shape[1:])
                start += width
        elif len(after.labels) != len(old):
            raise ConfigError(f"{called}: the behaviour must give a label for each row")
        return _Batches(entries, self.label, self.form, self.size)

    def batch(self, places: Sequence[int]) -> Any:
        """Give the rows at some places as the loader does."""
        chosen = torch.tensor(places)
        return self.form({name: rows[chosen] for name, rows in self.entries.items()})


def _one_hot(labels: Tensor) -> bool:
    """Whether each row has a single 1, at the place of its class, and is 0 elsewhere."""
    return (
        labels.ndim == 2
        and labels.shape[1] > 1
        and bool(((labels == 0) | (labels == 1)).all())
        and bool((labels.sum(1) == 1).all())
    )


def _sequence(kind: type[Any]) -> Callable[[dict[Any, Any]], Any]:
    return lambda entries: (list if issubclass(kind, list) else tuple)(entries.values())


def _in_order(loader: Any) -> Iterable[Any]:
    """Give each row of a loader once, and none dropped; in order, where that can be had."""
    if not isinstance(loader, DataLoader) or loader.batch_size is None:
        return [*loader]
    return DataLoader(loader.dataset, loader.batch_size, collate_fn=loader.collate_fn)


def _entries(batch: Any, called: str) -> dict[Any, Tensor]:
    if isinstance(batch, Mapping):
        entries = dict(batch)
    elif isinstance(batch, list | tuple) and len(batch) == 2:
        entries = dict(enumerate(batch))
    else:
        more = f" of {len(batch)}" if isinstance(batch, list | tuple) else ""
        raise _refused(called, f"{shown_kind(batch)}{more}")
    lengths = {
        len(one) for one in entries.values() if isinstance(one, torch.Tensor) and one.ndim
    }
    tensors = all(isinstance(one, torch.Tensor) and one.ndim for one in entries.values())
    if not tensors or len(lengths) != 1:
        kinds = ", ".join(shown_kind(one) for one in entries.values())
        raise _refused(called, f"entries of {kinds or 'nothing'}")
    return entries


def _refused(called: str, got: str) -> ConfigError:
    return ConfigError(
        f"{called}: a behaviour that changes samples needs {_RIGHT}, got {got}; one that"
        " changes updates needs nothing"
    )
