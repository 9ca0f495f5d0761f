"""What may be asked of a run, and what is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from server.page.columns import round_columns
from server.page.heat import heat
from server.page.history import contributor_history, curves
from server.page.missing import latest_missing
from server.page.person import person_reasons
from server.page.round_reasons import round_reasons
from server.page.snapshot import snapshot

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from server.page.following import Following

_MOST_ROWS_ASKED = 80


class NotHereError(Exception):
    """There is nothing at an address."""


def question(
    run: str, rest: list[str], request: Request
) -> tuple[object, Callable[[Following], Any]]:
    """Say what is asked of a run, and how it is answered.

    Parameters
    ----------
    run : str
        Its folder's name.
    rest : list of str
        Parts of the address behind it, decoded.
    request : Request

    Returns
    -------
    object
        Tells this question from every other.
    callable
        From the followed run to what JSON has.

    Raises
    ------
    NotHereError
        If nothing is asked by that; the answer too, of a stranger.
    """
    match rest:
        case ["state.json"]:
            return "state", lambda following: snapshot(following, run).fields()
        case ["curves.json"]:
            return "curves", curves
        case ["heat.json"]:
            strategy = request.query_params.get("strategy", "")
            who = tuple(request.query_params.getlist("who")[:_MOST_ROWS_ASKED])
            return ("heat", strategy, who), _of_strategy(strategy, heat, who)
        case [strategy, "rounds", file] if (number := file.removesuffix(".json")) != file:
            return (strategy, number), _of_strategy(strategy, _round, number)
        case [strategy, "rounds", number, "reasons.json"]:
            return (strategy, number, "why"), _of_strategy(strategy, _why, number)
        case [strategy, "rounds", number, "reasons", file] if (
            one := file.removesuffix(".json")
        ) != file:
            of_one = (strategy, number, "of", one)
            return of_one, _of_strategy(strategy, _reasons, number, one)
        case [strategy, "missing.json"]:
            return (strategy, "missing"), _of_strategy(strategy, latest_missing)
        case [strategy, "contributors", file] if (one := file.removesuffix(".json")) != file:
            return (strategy, "of", one), _of_strategy(strategy, _history, one)
    raise NotHereError


def _of_strategy(
    strategy: str, make: Callable[..., Any], *more: object
) -> Callable[[Following], Any]:
    def answered(following: Following) -> Any:
        if strategy not in following.rounds:
            raise NotHereError
        return make(following, strategy, *more)

    return answered


def _round(following: Following, strategy: str, number: str) -> Any:
    return round_columns(following, strategy, _number(following, strategy, number))


def _why(following: Following, strategy: str, number: str) -> Any:
    return round_reasons(following, strategy, _number(following, strategy, number))


def _reasons(following: Following, strategy: str, number: str, name: str) -> Any:
    round_ = _number(following, strategy, number)
    found = person_reasons(following, strategy, round_, name)
    if found is None:
        raise NotHereError
    return found


def _number(following: Following, strategy: str, asked: str) -> int:
    if asked == "last":
        return following.rounds[strategy].last
    if not (asked.isascii() and asked.isdecimal() and len(asked) < 10):
        raise NotHereError
    return int(asked)


def _history(following: Following, strategy: str, name: str) -> Any:
    found = contributor_history(following, strategy, name)
    if found is None:
        raise NotHereError
    return found
