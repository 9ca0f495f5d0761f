"""Notebooks, carried out once: what tests look at is what the site shows."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from traitlets.config import Config

if TYPE_CHECKING:
    from nbformat import NotebookNode

NOTEBOOKS = {
    path.stem: path
    for path in sorted((Path(__file__).parents[2] / "docs" / "notebooks").glob("*.ipynb"))
}
LONGEST = 120
"""Seconds that a cell may take, on a busy machine."""

# What a kernel begins with: a warning is an error, but for those that pytest lets pass here,
# and what ipykernel says of itself when it ends; and nobody but this machine is asked.
_STARTUP = """\
import sys
import warnings

warnings.simplefilter("error")
warnings.filterwarnings("ignore", "'click.* is deprecated", DeprecationWarning)
warnings.filterwarnings("ignore", category=PendingDeprecationWarning, module="ipykernel")


def _stays_here(event, words):
    asks = event == "socket.getaddrinfo"
    goes = event == "socket.connect" and isinstance(words[1], tuple)
    if asks or (goes and words[1][0] != "127.0.0.1"):
        raise RuntimeError("a notebook needs no network")


sys.addaudithook(_stays_here)
"""


def carry_out(cache: Path) -> dict[str, NotebookNode | CellExecutionError]:
    """Carry all notebooks out, two at a time, each in a folder of its own.

    Parameters
    ----------
    cache : Path
        Folder for their outputs, where myst-nb looks for them.

    Returns
    -------
    dict
        Notebook with its outputs, or what ended it, by name.
    """
    kept = get_cache(cache)
    done = asyncio.run(_all())
    for name, notebook in done.items():
        if not isinstance(notebook, CellExecutionError):
            bundle = CacheBundleIn(notebook, str(NOTEBOOKS[name]))
            kept.cache_notebook_bundle(bundle, check_validity=False)
    return done


async def _all() -> dict[str, NotebookNode | CellExecutionError]:
    two = asyncio.Semaphore(2)

    async def one(name: str) -> tuple[str, NotebookNode | CellExecutionError]:
        async with two:
            # A socket's path is short; a port would be open to every account of the machine.
            with tempfile.TemporaryDirectory(prefix="anml-nb-") as place:
                return name, await _carried_out(name, Path(place))

    return dict(await asyncio.gather(*map(one, NOTEBOOKS)))


async def _carried_out(name: str, place: Path) -> NotebookNode | CellExecutionError:
    notebook = nbformat.read(NOTEBOOKS[name], as_version=4)
    (place / "ipython" / "profile_default" / "startup").mkdir(parents=True)
    startup = place / "ipython" / "profile_default" / "startup" / "strict.py"
    startup.write_text(_STARTUP, encoding="utf-8")
    (place / "work").mkdir()
    client = NotebookClient(
        notebook,
        config=Config({"AsyncKernelManager": {"transport": "ipc", "ip": str(place / "at")}}),
        timeout=LONGEST,
        record_timing=False,
        resources={"metadata": {"path": str(place / "work")}},
    )
    programs = Path(sys.executable).parent
    environment = {
        **os.environ,
        "HOME": str(place),
        "IPYTHONDIR": str(place / "ipython"),
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
    }
    try:
        return await client.async_execute(env=environment)
    except CellExecutionError as error:
        return error


if __name__ == "__main__":
    for name, ended in carry_out(Path(sys.argv[1]).resolve()).items():
        if isinstance(ended, CellExecutionError):
            sys.exit(f"docs/notebooks/{name}.ipynb does not run to its end:\n{ended}")
