"""The inline grid under the path that it had; its place is `server.engines.inline_grid`."""

from server.engines.inline_grid import InlineGrid

__all__ = ["InlineGrid"]
