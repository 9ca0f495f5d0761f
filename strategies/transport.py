"""How a model travels, and which of its arrays contributors are judged by."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from flwr.app import ConfigRecord

from strategies import protocol
from strategies.buffers import buffers_of
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

    Raises
    ------
    TypeError
        If `judged` is one text.
    """

    ttl: float | None = None
    packed: bool = False
    judged: Judged | None = None

    def __post_init__(self) -> None:
        if isinstance(self.judged, str):
            raise TypeError(f"a collection of names is needed, got the text {self.judged!r}")

    def layout(self, arrays: ArrayRecord) -> Layout:
        """Tell a model's parameters from its buffers.

        Raises
        ------
        ValueError
            If the model cannot be averaged, or `judged` does not fit it.
        """
        layout = Layout.of(arrays)
        return replace(layout, buffers=buffers_of(layout, self.judged))

    def sent(
        self, arrays: ArrayRecord, layout: Layout, config: ConfigRecord
    ) -> tuple[ArrayRecord, ConfigRecord]:
        """Pack a model, if it is to be, and say in the config how."""
        if not self.packed:
            return arrays, config
        packed = ConfigRecord({**config, protocol.LAYOUT: layout_text(layout)})
        return pack(arrays, layout.names), packed
