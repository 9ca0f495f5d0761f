"""What `anml attribution` found, and its file in a run's folder: `attribution.json`."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import ConfigDict, FiniteFloat, TypeAdapter, ValidationError

from anml_fl.run.files import ATTRIBUTION
from anml_fl.system.files import refuse_link, write_whole
from anml_fl.system.untrusted_text import explained

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

EstimatorName = Literal["leave_one_out", "gtg_shapley", "exact_shapley"]

ESTIMATORS: Mapping[EstimatorName, str] = {
    "leave_one_out": "leave-one-out",
    "gtg_shapley": "GTG-Shapley",
    "exact_shapley": "exact Shapley",
}
"""Name in the file to name for readers, in the order in which they are shown."""


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one contributor was paid, and what its updates were worth.

    Parameters
    ----------
    contributor : str
        Stable identity.
    behaviour : str
    settled : float, optional
        Share of what was paid out, in [0, 1]; None where nothing was.
    leave_one_out, gtg_shapley : float
        Test accuracy, summed over rounds; 1 is all of it, and below 0 is harm.
    exact_shapley : float, optional
        Likewise; None where there are too many contributors.
    """

    __pydantic_config__: ClassVar = ConfigDict(extra="forbid", strict=True)

    contributor: str
    behaviour: str
    settled: FiniteFloat | None
    leave_one_out: FiniteFloat
    gtg_shapley: FiniteFloat
    exact_shapley: FiniteFloat | None


@dataclass(frozen=True, slots=True)
class Estimator:
    """How one way of valuing went.

    Parameters
    ----------
    name : str
        "leave_one_out", "gtg_shapley" or "exact_shapley".
    with_settled, with_exact : float, optional
        Spearman's rank correlation of its values with the settled shares and with the
        exact values, in [-1, 1]; None where undefined.
    evaluations : int
        Coalitions whose model was tested, over all rounds.
    seconds : float, optional
        Wall-clock time. Left out of the file, which is the same whenever it is written.
    """

    __pydantic_config__: ClassVar = ConfigDict(extra="forbid", strict=True)

    name: EstimatorName
    with_settled: FiniteFloat | None
    with_exact: FiniteFloat | None
    evaluations: int
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Attribution:
    """Settled shares beside values, for one strategy of a finished run.

    Parameters
    ----------
    strategy : str
        The run's settling strategy.
    rounds : int
        Rounds that were valued.
    seed : int
        Of the sampling in GTG-Shapley.
    settled_by : str
        "ledger", or "weights" where there is none.
    contributors : tuple of Contribution
        By stable identity.
    estimators : tuple of Estimator
    """

    __pydantic_config__: ClassVar = ConfigDict(extra="forbid", strict=True)

    strategy: str
    rounds: int
    seed: int
    settled_by: Literal["ledger", "weights"]
    contributors: tuple[Contribution, ...]
    estimators: tuple[Estimator, ...]

    def to_json(self) -> str:
        r"""Write as JSON, the same bytes for the same findings.

        Examples
        --------
        >>> Attribution("anml", 8, 0, "weights", (), ()).to_json()[:40]
        '{\n  "contributors": [],\n  "estimators": '
        """
        fields = asdict(self)
        for estimator in fields["estimators"]:
            del estimator["seconds"]
        return json.dumps(fields, indent=2, sort_keys=True, allow_nan=False) + "\n"


_ATTRIBUTION = TypeAdapter(Attribution)


def save_attribution(folder: Path, attribution: Attribution) -> Path:
    """Write `attribution.json`: the whole file, or none of it.

    Parameters
    ----------
    folder : Path
        The run's.
    attribution : Attribution

    Returns
    -------
    Path
        The file.

    Raises
    ------
    OSError
        If it cannot be written, or a link stands in its place.
    """
    path = folder / ATTRIBUTION
    refuse_link(path)
    write_whole(path, attribution.to_json().encode())
    return path


def load_attribution(folder: Path, contributors: Mapping[str, str]) -> Attribution | None:
    """Read `attribution.json`, if it is there.

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
    path = folder / ATTRIBUTION
    try:
        found = _ATTRIBUTION.validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError as error:
        raise ValueError(
            f"{path}: {explained(error)}; anml attribution writes it anew"
        ) from error
    if wrong := _wrong(found, contributors):
        raise ValueError(f"{path}: {wrong}; anml attribution writes it anew")
    return found


def _wrong(found: Attribution, contributors: Mapping[str, str]) -> str | None:
    """Say what keeps an attribution from being about these contributors."""
    if [(one.contributor, one.behaviour) for one in found.contributors] != sorted(
        contributors.items()
    ):
        return "the contributors are not those of summary.json"
    names = [estimator.name for estimator in found.estimators]
    exact = {one.exact_shapley is not None for one in found.contributors}
    expected = [name for name in ESTIMATORS if name != "exact_shapley" or True in exact]
    if names != expected:
        return f"the values call for the estimators {', '.join(expected)}, got {names}"
    if len(exact) > 1 or len({one.settled is None for one in found.contributors}) > 1:
        return "settled and exact_shapley must be known for all contributors or for none"
    return None
