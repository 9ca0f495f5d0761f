"""Which files of a run the close of its ledger stands for: by its settings, nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anml_fl.run.files import CLAIMS, MODEL, ROUNDS, SCHEMA, STATISTICS, WORTH
from anml_fl.settings.run import APP

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def bound_files(strategies: Sequence[str], settings: Mapping[str, Any]) -> list[str]:
    """List the files, with `/`, from the run's folder on.

    Parameters
    ----------
    strategies : sequence of str
    settings : mapping
        As `config.toml` has them, section by section; they may be older or anybody's.

    Examples
    --------
    >>> bound_files(["anml"], {})
    ['anml/rounds.jsonl', 'anml/model.safetensors']
    >>> bound_files(["anml"], {"table": {"schema": "schema.toml"}})[2:]
    ['anml/claims.jsonl', 'schema.toml', 'statistics.json']
    """
    table = settings.get("table")
    said = table if isinstance(table, dict) else {}
    on_nodes = bool(said.get("schema")) and not said.get("data")
    claimed = on_nodes and not said.get("test")
    names = (ROUNDS, MODEL, CLAIMS) if claimed else (ROUNDS, MODEL)
    found = [f"{strategy}/{name}" for strategy in strategies for name in names]
    if said.get("data") or said.get("schema"):
        found.append(SCHEMA)
    if on_nodes:
        found.append(STATISTICS)
    evaluation = settings.get("evaluation")
    if isinstance(evaluation, dict) and evaluation.get("worth") is True:
        found.append(WORTH)
    return found


def files_if_there(strategies: Sequence[str], settings: Mapping[str, Any]) -> list[str]:
    """List the files that the close stands for where they are: settings do not tell.

    Parameters
    ----------
    strategies : sequence of str
    settings : mapping
        As `bound_files` takes them.

    Examples
    --------
    >>> files_if_there(["anml"], {"engine": "app"}), files_if_there(["anml"], {})
    (['anml/claims.jsonl'], [])
    """
    if settings.get("engine") != APP:
        return []
    # Whether nodes are asked to evaluate is between the app and its strategy.
    return [f"{strategy}/{CLAIMS}" for strategy in strategies]
