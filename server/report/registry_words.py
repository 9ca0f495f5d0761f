"""Whether a run had a registry to ask, or v, r and s say nothing of anybody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anml_fl.reasons.vouching import section
from anml_fl.settings.federation import HONEST
from anml_fl.settings.run import APP
from server.report.data_words import settings_of

if TYPE_CHECKING:
    from collections.abc import Mapping


def asks_registry(settings: Mapping[str, Any]) -> bool:
    """Tell whether anything was asked of a registry, real or simulated.

    Parameters
    ----------
    settings : mapping
        As `config.toml` has them.

    Returns
    -------
    bool
        False where v and r are those of a stranger for everybody: then they are not shown.

    Examples
    --------
    >>> nobody = {"federation": {"scenario": "unknown"}, "registry": {"database": ""}}
    >>> asks_registry(nobody), asks_registry(nobody | {"registry": {"database": "a.db"}})
    (False, True)
    """
    federation, registry = section(settings, "federation"), section(settings, "registry")
    simulated = not registry.get("database") or registry.get("simulated")
    return settings.get("engine") == APP or not (
        simulated
        and federation.get("scenario") == "unknown"
        and set(section(federation, "behaviours")) <= {HONEST}
        and not registry.get("reputation")
        and not registry.get("gold")
    )


def registry_asked(config: str) -> bool:
    """Tell the same from the text of `config.toml`, which may be anything: then True."""
    return asks_registry(settings_of(config))
