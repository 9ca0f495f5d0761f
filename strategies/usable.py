"""What a rule must not decide: it goes into the model, payouts and files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from anml_fl.catalogue import UnusableError, shown_array, shown_kind
from anml_fl.method.judgement import ContributorJudgement, RoundJudgement
from anml_fl.method.measure import Measure
from strategies.decision import Decision
from strategies.server_step import STATE

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from strategies.cohort import Cohort
    from strategies.context import Context

# Of what float32 adds up to beside 1.
_ROUNDING = 1e-4


class Named(Protocol):
    """What decides, and what it is called, as a `strategies.rule.Rule`."""

    @property
    def name(self) -> str:
        """In messages."""
        ...

    @property
    def decide(self) -> Callable[[Cohort, Context], Decision]:
        """From a `Cohort` and a `Context` to a `Decision`."""
        ...


def decided(rule: Named, cohort: Cohort, context: Context) -> Decision:
    """Apply a rule, and refuse what cannot be used; nothing that it is given can be changed.

    Raises
    ------
    UnusableError
        If the rule fails, or what it gives is no `Decision`, or one that says nonsense.
    """
    try:
        decision = rule.decide(cohort, context)
    # SystemExit is no Exception, and would end the run as if all were well.
    except (Exception, SystemExit) as error:
        raise UnusableError(
            f"strategy {rule.name!r} failed in round {context.round}:"
            f" {type(error).__name__}: {error}"
        ) from error
    return usable(decision, rule.name, cohort)


def usable(decision: object, rule: str, cohort: Cohort) -> Decision:
    """Refuse what a rule must not decide.

    Parameters
    ----------
    decision : object
        What the rule gave.
    rule : str
        Its name, for the message.
    cohort : Cohort

    Returns
    -------
    Decision
        The same.

    Raises
    ------
    UnusableError
        Naming the first thing that is wrong.
    """
    if not isinstance(decision, Decision):
        raise UnusableError(
            f"strategy {rule!r} must return a strategies.decision.Decision, got"
            f" {shown_kind(decision)}"
        )
    wrong = (
        _wrong_arrays(decision, cohort)
        or _wrong_weights(decision, cohort)
        or _wrong_words(decision)
        or _wrong_judgements(decision, cohort)
        or _wrong_measure(decision, cohort)
        or wrong_state(decision.state)
    )
    if wrong:
        raise UnusableError(f"strategy {rule!r}: {wrong}")
    return decision


def _wrong_arrays(decision: Decision, cohort: Cohort) -> str | None:
    n, d = cohort.rows.shape
    for name, size, kind in (("update", d, "f"), ("weights", n, "f"), ("selected", n, "b")):
        value = getattr(decision, name)
        numbers = {"f": "floating-point numbers", "b": "bools"}[kind]
        kinds = {kind, cohort.rows.dtype.kind} if name == "update" else {kind}
        if not isinstance(value, np.ndarray) or value.dtype.kind not in kinds:
            got = value.dtype if isinstance(value, np.ndarray) else shown_kind(value)
            return f"{name} must be an array of {numbers}, got {got}"
        if value.shape != (size,):
            return f"{name} must have the shape ({size},), got {value.shape}"
    return None


def _wrong_weights(decision: Decision, cohort: Cohort) -> str | None:
    weights: NDArray[np.float64] = decision.weights
    if bad := np.flatnonzero((weights < 0) | np.isinf(weights)).tolist():
        return (
            "weights must be finite and >= 0, or nan where there are none,"
            f" got {weights[bad[0]]} for {cohort.contributors[bad[0]]}"
        )
    none = np.isnan(weights)
    if none.all():
        return None
    if none.any():
        who = cohort.contributors[int(none.argmax())]
        return f"weights must be numbers for all contributors or for none, got nan for {who}"
    total = float(weights.sum())
    nobody = total == 0 and not decision.selected.any()
    if not nobody and abs(total - 1) > _ROUNDING:
        return f"weights must sum to 1, got {total:g}"
    if not nobody and not (decision.selected & (weights > 0)).any():
        return "somebody who has a weight must be selected, and nobody is"
    return None


def _wrong_words(decision: Decision) -> str | None:
    for name in ("branch", "note"):
        if wrong := wrong_text(name, getattr(decision, name)):
            return wrong
    for name in ("rho_c", "min_s"):
        value = getattr(decision, name)
        if not isinstance(value, int | float | np.floating) or isinstance(value, bool):
            return f"{name} must be a number, or nan if there is none, got {shown_kind(value)}"
    return None


def _wrong_judgements(decision: Decision, cohort: Cohort) -> str | None:
    """Refuse what fits no cohort; that each number is in its range they see to themselves."""
    judged: Any = decision.judgements
    whole: Any = decision.judgement
    n = len(cohort.contributors)
    if not isinstance(judged, tuple):
        return f"judgements must be a tuple, got {shown_kind(judged)}"
    for one in judged:
        if not isinstance(one, ContributorJudgement):
            return f"judgements must be of ContributorJudgement, got {shown_kind(one)}"
    if whole is not None and not isinstance(whole, RoundJudgement):
        return f"judgement must be a RoundJudgement or None, got {shown_kind(whole)}"
    if len(judged) != (n if whole else 0):
        return (
            f"judgements must be as many as contributors, {n}, with a judgement of the round;"
            f" or none of either: got {len(judged)}, and {'one' if whole else 'none'} of the"
            " round"
        )
    return None


def _wrong_measure(decision: Decision, cohort: Cohort) -> str | None:
    measure: Any = decision.measure
    measured: Any = decision.measured
    if measure is None and measured is None:
        return None
    if not isinstance(measure, Measure):
        return f"measure must be a Measure where there is measured, got {shown_kind(measure)}"
    shape = (len(cohort.contributors),)
    if not (
        isinstance(measured, np.ndarray)
        and measured.dtype == np.float64
        and measured.shape == shape
    ):
        return f"measured must be float64 of the shape {shape}, got {shown_array(measured)}"
    return None


def wrong_text(name: str, value: object) -> str | None:
    """Say what is wrong with a text that records are to hold, or None in its place.

    Examples
    --------
    >>> wrong_text("note", 3)
    'note must be a text or None, got int'
    """
    if value is not None and not isinstance(value, str):
        return f"{name} must be a text or None, got {shown_kind(value)}"
    if value and not value.isprintable():
        return f"{name} must be printable text, got {value[:60]!a}"
    return None


def wrong_state(state: object) -> str | None:
    """Say what is wrong with what is to be given again in the next round.

    Examples
    --------
    >>> wrong_state([1])
    'state must be a mapping from names to arrays, got list'
    """
    if not isinstance(state, Mapping):
        return f"state must be a mapping from names to arrays, got {shown_kind(state)}"
    for key, array in state.items():
        if not isinstance(key, str):
            return f"state must have texts as names, got {shown_kind(key)}"
        if key.startswith(STATE):
            return f"state must have other names than {STATE}..., got {key!r}"
        if not isinstance(array, np.ndarray) or array.dtype.kind not in "fiub":
            return f"state[{key!r}] must be an array of numbers, got {shown_kind(array)}"
    return None
