"""What every test has: a ledger's key of its own, never the user's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session", autouse=True)
def _ledger_key(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    # Programs that tests start inherit it.
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ANML_LEDGER_KEY", str(tmp_path_factory.mktemp("keys") / "ledger.key"))
        yield
