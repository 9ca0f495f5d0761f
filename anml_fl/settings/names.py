"""A setting that names an entry of an open table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic_core import PydanticCustomError, PydanticKnownError, core_schema

from anml_fl.catalogue import NameTooLongError, UnknownNameError
from anml_fl.chain import Chain

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler

    from anml_fl.catalogue import Catalogue

UNKNOWN = "unknown_name"
"""The kind of pydantic's error for a name that the table does not have."""

TOO_LONG = "name_too_long"
"""The kind of its error for one that would do, were it shorter."""


@dataclass(frozen=True, slots=True)
class NameOf:
    """Marks a text as a name of a table: `Annotated[str, NameOf(DATASETS)]`.

    Examples
    --------
    >>> from typing import Annotated
    >>> from pydantic import TypeAdapter
    >>> from anml_fl.plugins import MODELS
    >>> TypeAdapter(Annotated[str, NameOf(MODELS)]).validate_python("mlp")
    'mlp'
    """

    catalogue: Catalogue | Chain

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """Check against the table when a value is given, which other packages may add to."""
        return core_schema.no_info_plain_validator_function(self._checked)

    def _checked(self, value: Any) -> str:
        if isinstance(value, str):
            try:
                value.encode()
                return self.catalogue.check(value)
            except NameTooLongError as error:
                raise PydanticCustomError(TOO_LONG, "{why}", {"why": str(error)}) from None
            except UnknownNameError:
                pass
            except UnicodeEncodeError:
                raise PydanticKnownError("string_unicode") from None
        table = self.catalogue
        expected = table.expected if isinstance(table, Chain) else ", ".join(table.names)
        raise PydanticCustomError(UNKNOWN, "must be one of {expected}", {"expected": expected})
