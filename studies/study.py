"""What a study is: cells, each of which a process can work out on its own."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Row(NamedTuple):
    """One measured value: a line of a study's table.

    Parameters
    ----------
    study, dataset, condition, method, metric : str
    value : float
        Errors and shares as fractions.
    trial, seed : int
    """

    study: str
    dataset: str
    condition: str
    method: str
    metric: str
    value: float
    trial: int
    seed: int


@dataclass(frozen=True, slots=True)
class Variant:
    """One condition of a study, and the methods that are compared in it.

    Parameters
    ----------
    condition : str
        As the paper's figures are listed, and further parts of our own after a semicolon.
    recipe : Settings
        Of the study's kind.
    methods : tuple of str
        As in `weighing.check_method`; what else they name is up to the study.
    """

    condition: str
    recipe: Any
    methods: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """Some trials of a study on one data set: what is worked out, stored and skipped as one.

    Parameters
    ----------
    study, dataset : str
    variants : tuple of Variant
        Compared on the same trials.
    trials : tuple of int
    seed : int
    trained : bool
        Whether final models are wanted; otherwise what was selected is enough.
    """

    study: str
    dataset: str
    variants: tuple[Variant, ...]
    trials: tuple[int, ...]
    seed: int
    trained: bool = True

    @property
    def key(self) -> str:
        """Hash of the whole configuration, 32 hexadecimal digits."""
        plain = {
            "study": self.study,
            "dataset": self.dataset,
            "variants": [
                [v.condition, v.recipe.model_dump(), v.methods] for v in self.variants
            ],
            "trials": self.trials,
            "seed": self.seed,
            "trained": self.trained,
        }
        return sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:32]

    def row(self, variant: Variant, method: str, metric: str, value: float, trial: int) -> Row:
        """Make a row of this cell."""
        return Row(
            self.study,
            self.dataset,
            variant.condition,
            method,
            metric,
            float(value),
            trial,
            self.seed,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Study:
    """One table or figure of the paper, or one of our own.

    Parameters
    ----------
    name : str
        As the command line has it.
    title : str
        What is compared.
    source : str
        Where in the paper.
    trials : mapping
        Data set to how many trials the paper has, or we.
    variants : callable
        From a data set to its conditions.
    run : callable
        Works a cell out.
    trained : bool
        As in `Cell`.
    block : mapping
        Data set to the trials of a cell, where it is not `BLOCKS`.
    cost : float
        How long a trial takes beside a sample-level experiment on the same data.
    quick : mapping
        Settings that make it short in the quick profile.
    """

    name: str
    title: str
    source: str
    trials: Mapping[str, int]
    variants: Callable[[str], tuple[Variant, ...]]
    run: Callable[[Cell], list[Row]]
    trained: bool = True
    block: Mapping[str, int] = field(default_factory=dict)
    cost: float = 1.0
    quick: Mapping[str, Any] = field(default_factory=dict)


BLOCKS: Mapping[str, int] = {"wine": 25, "breast_cancer": 10, "diabetes": 10, "digits": 2}
"""Trials of a cell: some seconds of work; 1 for the large data sets."""

# In the quick profile: enough to run every line, too few to conclude from.
_QUICK = {"wine": 2, "breast_cancer": 2, "diabetes": 2}
_LARGEST = "adult"


def cells(
    study: Study,
    *,
    seed: int = 0,
    trials: int | None = None,
    quick: bool = False,
    settings: Mapping[str, str] | None = None,
) -> list[Cell]:
    """Cut a study into cells.

    Parameters
    ----------
    study : Study
    seed : int
    trials : int, optional
        On every data set, instead of the study's own numbers.
    quick : bool
        Two trials on the small data sets; of a study that has none of them, one trial of the
        first condition, and none on Adult.
    settings : mapping, optional
        Settings of the recipe that override every variant's.

    Raises
    ------
    ValueError
        If `trials` or `seed` is out of range, or a setting is refused.

    Examples
    --------
    >>> from studies.catalogue import STUDIES
    >>> [len(cell.trials) for cell in cells(STUDIES["table-7"], trials=30)]
    [25, 5]
    """
    if trials is not None and not 1 <= trials <= 10_000:
        raise ValueError(f"trials must lie between 1 and 10000, got {trials}")
    if seed < 0:
        raise ValueError(f"seed must be >= 0, got {seed}")
    made = []
    small = [dataset for dataset in study.trials if dataset in _QUICK]
    for dataset, own in study.trials.items():
        if quick and (dataset not in small if small else dataset == _LARGEST):
            continue
        wanted = trials or (min(own, _QUICK.get(dataset, 1)) if quick else own)
        listed = study.variants(dataset)
        if quick and not small:
            listed = tuple(
                Variant(v.condition, v.recipe.changed(**study.quick), v.methods)
                for v in listed[:1]
            )
        variants = tuple(_overridden(v, settings or {}) for v in listed)
        block = study.block.get(dataset, BLOCKS.get(dataset, 1))
        made += [
            Cell(
                study.name,
                dataset,
                variants,
                tuple(range(first, min(first + block, wanted))),
                seed,
                study.trained,
            )
            for first in range(0, wanted, block)
        ]
    return made


def _overridden(variant: Variant, settings: Mapping[str, str]) -> Variant:
    # Named in the condition, so that nobody takes it for the paper's.
    named = ";".join([variant.condition, *map("=".join, settings.items())])
    return Variant(named, variant.recipe.changed(**settings), variant.methods)
