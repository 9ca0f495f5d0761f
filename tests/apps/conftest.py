"""Apps of somebody's own, and what their runs leave."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from anml_fl.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType


@pytest.fixture(scope="session")
def lines() -> ModuleType:
    """The app of `kept_app.py`, which fits lines and keeps its run."""
    path = Path(__file__).with_name("kept_app.py")
    spec = importlib.util.spec_from_file_location("kept_app", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def anml() -> Callable[..., Any]:
    """Call the command line; gives its exit code and all that it prints."""

    def call(*arguments: object) -> tuple[int, str]:
        done = CliRunner().invoke(main, [str(one) for one in arguments])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done.exit_code, done.output

    return call
