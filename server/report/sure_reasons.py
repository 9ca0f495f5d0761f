"""Why each contributor of a round counted as it did, whatever the run's settings hold."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from anml_fl.reasons.round_reasons import RoundReasons
from anml_fl.reasons.schemes import Dials
from anml_fl.reasons.words import because, sentences
from anml_fl.run.dials import dials_of
from anml_fl.run.files import CONFIG
from server.report.wording import sentence

if TYPE_CHECKING:
    from anml_fl.method.records import RoundRecord
    from anml_fl.reasons.reason import Reason


def known_dials(config: str) -> Dials | None:
    r"""Read what weights depend on from a run's settings; None where one is no such setting.

    Parameters
    ----------
    config : str
        Text of config.toml.

    Examples
    --------
    >>> known_dials("[aggregation]\ntau = 0.5").gate.tau, known_dials("aggregation.tau = -1")
    (0.5, None)
    """
    with suppress(ValueError):  # an odd setting takes no page down: less is said then
        return dials_of(config, Path(CONFIG))
    return None


class SureReasons:
    """The reasons of one round, in words.

    Parameters
    ----------
    record : RoundRecord
    dials : Dials, optional
        None where the run's settings cannot be read: then nothing is said of what would have
        been, nor of thresholds.

    Examples
    --------
    >>> from anml_fl.method.records import ContributorRecord
    >>> from anml_fl.method.records import RoundRecord
    >>> late = ContributorRecord("a", 0.0, 1, 1, 1, 1, 0.0, False, reason="late")
    >>> SureReasons(RoundRecord(1, "anml", None, 0.0, 1.0, (late,)), None).why
    ['no valid reply: late']
    """

    def __init__(self, record: RoundRecord, dials: Dials | None) -> None:
        self.record = record
        self._known = dials is not None
        self._reasons = RoundReasons(record, dials or Dials())

    @cached_property
    def why(self) -> list[str]:
        """Part of a sentence for each contributor, in the record's order."""
        return [because(reason) for reason in self._reasons.all()]

    def because(self, contributor: str) -> str:
        """Say in part of a sentence what decided; KeyError as `reason`."""
        return because(self._reasons.of(contributor))

    def reason(self, contributor: str) -> Reason:
        """Give the reason of one contributor, as data.

        Raises
        ------
        KeyError
            If the round did not ask it.
        """
        found = self._reasons.of(contributor)
        return found if self._known else replace(found, without={}, uncut=None, under={})

    def full(self, contributor: str) -> str:
        """Say all that is known of it, in sentences; KeyError as `reason`."""
        if self._known:
            return sentences(self._reasons, contributor)
        return f"{sentence(self.because(contributor))}."
