"""The site, built once as `make docs` builds it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.docs.notebooks import carry_out

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def outputs(tmp_path_factory) -> Path:
    """Name the folder in which notebooks' outputs are kept."""
    return tmp_path_factory.mktemp("outputs")


@pytest.fixture(scope="session")
def notebooks(outputs) -> dict[str, Any]:
    """Carry the notebooks out, once for all tests and for the site."""
    return carry_out(outputs)


@pytest.fixture(scope="session")
def site(tmp_path_factory, notebooks, outputs) -> Path:
    """Build the site; any warning, as of a link that leads nowhere, fails, and any word."""
    made = tmp_path_factory.mktemp("site")
    words = ["-W", "--keep-going", "-q", "-d", str(made / "doctrees")]
    words += ["-D", f"nb_execution_cache_path={outputs}"]
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", *words, str(ROOT / "docs"), str(made / "html")],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    return made / "html"
