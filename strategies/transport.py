"""How a model travels, and which of its arrays contributors are judged by."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from flwr.app import ConfigRecord

from strategies import protocol
from strategies.buffers import buffers_of, infinite_in
from strategies.instruction import RecordNames
from strategies.layout import Layout
from strategies.packing import layout_text, pack

if TYPE_CHECKING:
    from flwr.app import ArrayRecord

    from strategies.buffers import Judged


@dataclass(frozen=True, slots=True)
class Transport:
    """How models are sent.

    Parameters
    ----------
    ttl : float, optional
        Seconds after which an instruction that nobody fetched is dropped.
    packed : bool
        Whether a model's arrays travel as one, see `strategies.packing`; the ClientApps then
        need the mod `clients.unpacked.unpacked`.
    judged : collection of str or callable, optional
        Which arrays q looks at, by name; see `strategies.buffers`. The others, buffers, get
        the coordinate-wise median of the contributors who enter the model.
    arrayrecord_key, configrecord_key : str
        What the records with the model and the settings are called.

    Raises
    ------
    TypeError
        If `judged` is one text, or a record's name is none.
    ValueError
        If both records have one name, or others than usual where models travel packed.
    """

    ttl: float | None = None
    packed: bool = False
    judged: Judged | None = None
    arrayrecord_key: str = protocol.ARRAYS
    configrecord_key: str = protocol.CONFIG

    def __post_init__(self) -> None:
        for key in ("arrayrecord_key", "configrecord_key"):
            name = getattr(self, key)
            if not isinstance(name, str) or not name:
                raise TypeError(f"{key} must be a record's name, got {name!r}")
        if self.arrayrecord_key == self.configrecord_key:
            raise ValueError(
                "arrayrecord_key and configrecord_key must differ, got"
                f" {self.arrayrecord_key!r} twice"
            )
        if self.packed and self.names != RecordNames():
            raise ValueError(
                f"packed models travel as {protocol.ARRAYS!r} beside {protocol.CONFIG!r}, got"
                f" {self.arrayrecord_key!r} and {self.configrecord_key!r}"
            )
        if isinstance(self.judged, str):
            raise TypeError(f"a collection of names is needed, got the text {self.judged!r}")

    @property
    def names(self) -> RecordNames:
        """The records' names."""
        return RecordNames(self.arrayrecord_key, self.configrecord_key)

    def layout(self, arrays: ArrayRecord) -> Layout:
        """Tell a model's parameters from its buffers.

        Raises
        ------
        ValueError
            If the model cannot be averaged, or `judged` does not fit it.
        """
        layout = Layout.of(arrays)
        infinite = infinite_in(arrays) if self.judged is None else ()
        return replace(layout, buffers=buffers_of(layout, self.judged, infinite))

    def sent(
        self, arrays: ArrayRecord, layout: Layout, config: ConfigRecord
    ) -> tuple[ArrayRecord, ConfigRecord]:
        """Pack a model, if it is to be, and say in the config how."""
        if not self.packed:
            return arrays, config
        packed = ConfigRecord({**config, protocol.LAYOUT: layout_text(layout)})
        return pack(arrays, layout.names), packed
