"""A rule or an attack in the arena: its name, and the settings that it is tried with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from anml_fl.catalogue import is_own
from anml_fl.run.own_code import module_hash
from studies.settings import parse_settings

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Contender:
    """A rule or an attack with settings of its own.

    Parameters
    ----------
    label : str
        As the tables call it: NAME, or NAME;KEY=VALUE;... with settings of `anml run`.

    Examples
    --------
    >>> one = Contender("anml;scenario=unknown;alpha=0.5")
    >>> one.name, dict(one.settings)
    ('anml', {'scenario': 'unknown', 'alpha': '0.5'})
    """

    label: str

    @property
    def name(self) -> str:
        """Of the table of rules or behaviours, or `module:object`."""
        return self.label.partition(";")[0]

    @property
    def settings(self) -> Mapping[str, str]:
        """Settings by their names with hyphens.

        Raises
        ------
        ValueError
            If one is not KEY=VALUE, or is there twice.
        """
        _, _, rest = self.label.partition(";")
        given = parse_settings(tuple(rest.split(";"))) if rest else {}
        return {key.replace("_", "-"): value for key, value in given.items()}

    @property
    def own_code(self) -> Mapping[str, str]:
        """Hash the modules from outside that the name leads to: edited, they are another's.

        Examples
        --------
        >>> Contender("krum").own_code
        {}
        """
        parts = (part for part in self.name.split("+") if is_own(part))
        modules = [part.partition(":")[0] for part in parts]
        return {module: module_hash(module) for module in modules}
