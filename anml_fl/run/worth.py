"""Whether joining is worth it, for each contributor; and its file in a run's folder."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import ConfigDict, FiniteFloat, TypeAdapter, ValidationError

from anml_fl.models.metrics import METRICS
from anml_fl.run.decimals import decimals, with_half
from anml_fl.run.files import WORTH
from anml_fl.run.paired_interval import FEWEST, Interval, paired_interval
from anml_fl.system.files import write_whole
from anml_fl.system.untrusted_text import explained

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

Verdict = Literal["joining helps", "joining costs", "no difference shown", "cannot be said"]
Better = Literal["higher", "lower"]


@dataclass(frozen=True, slots=True)
class Scores:
    """How one kind of model did, one entry a repeat; None where a score is not defined.

    Parameters
    ----------
    own : tuple of float
        On the contributor's own test rows.
    pooled : tuple of float
        On everybody's.
    others : tuple of float
        On everybody else's.
    """

    __pydantic_config__: ClassVar = ConfigDict(extra="forbid", strict=True)

    own: tuple[FiniteFloat | None, ...]
    pooled: tuple[FiniteFloat | None, ...]
    others: tuple[FiniteFloat | None, ...]


@dataclass(frozen=True, slots=True)
class SiteWorth:
    """What joining is worth to one contributor, and what it is worth to the others.

    Parameters
    ----------
    contributor : str
        Stable identity.
    behaviour : str
    alone, without, joined : Scores
        Its own model, the federation's without it, and the federation's with it.
    gain, gain_pooled : Interval, optional
        Joined against alone, on its own and on all test rows; above 0, joining is better. None
        with fewer than two repeats that can be compared.
    gain_of_taking_part : Interval, optional
        Joined against the federation's model without it, on its own rows.
    brings : Interval, optional
        The federation with it against without it, on the others' rows.
    verdict : str
        What `gain` says in words; of fewer than three repeats, that it cannot be said.
    """

    __pydantic_config__: ClassVar = ConfigDict(extra="forbid", strict=True)

    contributor: str
    behaviour: str
    alone: Scores
    without: Scores
    joined: Scores
    gain: Interval | None
    gain_pooled: Interval | None
    gain_of_taking_part: Interval | None
    brings: Interval | None
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A repeat that could not be made, and why."""

    __pydantic_config__: ClassVar = ConfigDict(extra="forbid", strict=True)

    repeat: int
    reason: str


@dataclass(frozen=True, slots=True)
class Worth:
    """Alone, without and together, over all repeats.

    Parameters
    ----------
    strategy : str
        The run's settling strategy, which the federations were trained by.
    metric : str
        "error", or as `models.metrics` names it.
    better : str
        Whether "higher" or "lower" is better.
    share : bool
        Whether it is shown as a percentage.
    repeats : int
        Other splits and seeds: the run's seed + 0, + 1, ...
    sites : tuple of SiteWorth
        By stable identity.
    left_out : tuple of LeftOut
    """

    __pydantic_config__: ClassVar = ConfigDict(extra="forbid", strict=True)

    strategy: str
    metric: str
    better: Better
    share: bool
    repeats: int
    sites: tuple[SiteWorth, ...]
    left_out: tuple[LeftOut, ...] = ()

    @property
    def title(self) -> str:
        """What is compared, as people write it."""
        return METRICS[self.metric].title if self.metric in METRICS else self.metric

    @property
    def places(self) -> int:
        """How many decimals all numbers of a table have, so that they can be compared."""
        if self.share:
            return 1
        scores = [
            score
            for site in self.sites
            for model in (site.alone, site.without, site.joined)
            for score in map(mean_score, (model.own, model.pooled))
            if score is not None
        ]
        gains = [
            gain
            for site in self.sites
            for gain in (site.gain, site.gain_pooled, site.gain_of_taking_part, site.brings)
            if gain is not None
        ]
        return decimals(scores, gains)

    def to_json(self) -> str:
        r"""Write as JSON, the same bytes for the same findings.

        Examples
        --------
        >>> Worth("anml", "error", "lower", True, 5, ()).to_json()[:24]
        '{\n  "better": "lower",\n  '
        """
        return json.dumps(asdict(self), indent=2, sort_keys=True, allow_nan=False) + "\n"


def site_worth(
    contributor: str,
    behaviour: str,
    models: tuple[Scores, Scores, Scores],
    *,
    better: Better,
    ratios: tuple[float, float, float] = (0.0, 0.0, 0.0),
) -> SiteWorth:
    """Compare what a contributor has alone, without joining, and joined.

    Parameters
    ----------
    contributor, behaviour : str
    models : tuple of Scores
        Alone, without, joined.
    better : str
        "higher" or "lower".
    ratios : tuple of float
        Test rows a training row, of its own, of all and of the others': see `paired_interval`.

    Examples
    --------
    >>> alone, joined = (Scores(own, own, own) for own in ((0.3, 0.4, 0.35), (0.1, 0.2, 0.15)))
    >>> found = site_worth("a", "honest", (alone, alone, joined), better="lower")
    >>> found.verdict, found.gain.mean
    ('joining helps', 0.2)
    """
    alone, without, joined = models
    own, pooled, others = ratios

    def gain(
        first: Sequence[float | None], second: Sequence[float | None], ratio: float
    ) -> Interval | None:
        sign = 1 if better == "higher" else -1
        pairs = zip(first, second, strict=True)
        found = [None if None in (a, b) else sign * (a - b) for a, b in pairs]  # type: ignore[operator]
        return paired_interval(found, ratio)

    against_alone = gain(joined.own, alone.own, own)
    return SiteWorth(
        contributor=contributor,
        behaviour=behaviour,
        alone=alone,
        without=without,
        joined=joined,
        gain=against_alone,
        gain_pooled=gain(joined.pooled, alone.pooled, pooled),
        gain_of_taking_part=gain(joined.own, without.own, own),
        brings=gain(joined.others, without.others, others),
        verdict=_verdict(against_alone),
    )


def _verdict(gain: Interval | None) -> Verdict:
    if gain is None or gain.pairs < FEWEST:
        return "cannot be said"
    said: dict[int, Verdict] = {1: "joining helps", 0: "no difference shown"}
    return said.get(gain.sign, "joining costs")


_WORTH = TypeAdapter(Worth)


def save_worth(folder: Path, worth: Worth) -> None:
    """Write `worth.json`: the whole file, or none of it."""
    write_whole(folder / WORTH, worth.to_json().encode())


def load_worth(folder: Path, contributors: Mapping[str, str]) -> Worth | None:
    """Read `worth.json`, if it is there.

    Parameters
    ----------
    folder : Path
        The run's.
    contributors : mapping
        Identity to behaviour of the run's contributors, as in `summary.json`.

    Raises
    ------
    ValueError
        If the file says something else than it should, or is about other contributors.
    """
    path = folder / WORTH
    try:
        found = _WORTH.validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError as error:
        raise ValueError(f"{path}: {explained(error)}") from error
    told = [(one.contributor, one.behaviour) for one in found.sites]
    if told != sorted(contributors.items()):
        raise ValueError(f"{path}: the contributors are not those of summary.json")
    return found


def mean_score(scores: Sequence[float | None]) -> float | None:
    """Average the repeats that have a score; None where none has."""
    known = [one for one in scores if one is not None]
    return fmean(known) if known else None


def written(value: float | Interval | None, worth: Worth) -> str:
    r"""Write a score or a gain for readers, as a percentage without its sign where it is one.

    Examples
    --------
    >>> worth = Worth("anml", "error", "lower", True, 5, ())
    >>> written(0.25, worth), written(Interval(0.021, -0.01, 0.052, 5), worth)
    ('25.0', '+2.1 ± 3.1')
    """
    if value is None:
        return "—"
    scale = 100 if worth.share else 1
    if isinstance(value, float):
        return f"{scale * value:,.{worth.places}f}"
    return with_half(value, worth.places, scale=scale, signed=True)
