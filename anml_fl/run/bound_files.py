"""Which files of a run the close of its ledger stands for: by its settings, nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anml_fl.run.files import CLAIMS, MODEL, ROUNDS, STATISTICS

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
    ['anml/claims.jsonl', 'statistics.json']
    """
    table = settings.get("table")
    said = table if isinstance(table, dict) else {}
    on_nodes = bool(said.get("schema")) and not said.get("data")
    claimed = on_nodes and not said.get("test")
    names = (ROUNDS, MODEL, CLAIMS) if claimed else (ROUNDS, MODEL)
    found = [f"{strategy}/{name}" for strategy in strategies for name in names]
    return [*found, STATISTICS] if on_nodes else found
