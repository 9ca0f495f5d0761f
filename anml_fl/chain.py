"""Names of a chain: entries of one table, and one of another at its end, as in `nnm+krum`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from anml_fl.catalogue import NameTooLongError, UnknownNameError, refuse_long

if TYPE_CHECKING:
    from anml_fl.catalogue import Catalogue

JOINT = "+"


@dataclass(frozen=True, slots=True)
class Chain:
    """Two tables whose names are written in a chain.

    Parameters
    ----------
    before : Catalogue
        Of what may stand before the end, once or several times, in the order of its work.
    last : Catalogue
        Of what stands at the end; alone, too.

    Examples
    --------
    >>> from anml_fl.plugins import STRATEGIES
    >>> STRATEGIES.split("arc+nnm+krum")
    (('arc', 'nnm'), 'krum')
    >>> STRATEGIES.check("nmm+krum")
    Traceback (most recent call last):
    anml_fl.catalogue.UnknownNameError: unknown pre-aggregation 'nmm' in 'nmm+krum'; did ...
    """

    before: Catalogue
    last: Catalogue

    @property
    def kind(self) -> str:
        """What an entry is, as errors call it."""
        return self.last.kind

    @property
    def names(self) -> tuple[str, ...]:
        """Every name without a chain."""
        return self.last.names

    @property
    def expected(self) -> str:
        """What a name may be, in words: of both tables."""
        return (
            f"{', '.join(self.names)}; or, before one of them,"
            f" {', '.join(f'{one}{JOINT}' for one in self.before.names)}, as in"
            f" {self.before.names[0]}{JOINT}{self.names[0]}"
        )

    def split(self, name: str) -> tuple[tuple[str, ...], str]:
        """Part a name into what stands before the end, and the end; nothing is looked up."""
        *before, last = name.split(JOINT)
        return tuple(before), last

    def check(self, name: str) -> str:
        """Return the name of an entry, of whoever's own as `module:object`, or of a chain.

        Raises
        ------
        UnknownNameError
            If a part is none of these, or the chain is too long; it lists the names.
        """
        before, last = self.split(name)
        if not before:
            return self.last.check(name)
        for table, part in (*((self.before, one) for one in before), (self.last, last)):
            try:
                table.check(part)
            except NameTooLongError:
                raise
            except UnknownNameError:
                raise UnknownNameError(
                    f"unknown {table.kind} {part!r} in {name!r}; {table.meant(part)}"
                ) from None
        refuse_long(self.kind, name)
        return name
