from __future__ import annotations

import traceback
from typing import TYPE_CHECKING

import pytest

from anml_fl.datasets.table import TableError

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def refusal() -> Callable[..., str]:
    """What a call is refused with; nothing that a log could print of it holds SECRET."""

    def told(call, *arguments, **named) -> str:
        with pytest.raises(TableError) as caught:
            call(*arguments, **named)
        error: BaseException | None = caught.value
        everything = "".join(traceback.format_exception(error, chain=True))
        while error is not None:
            everything += repr(error) + repr(vars(error)) + repr(getattr(error, "object", ""))
            error = error.__cause__ or error.__context__
        assert "SECRET" not in everything
        return str(caught.value)

    return told
