"""Flower's bundle of a checkout: that it builds, is small enough, and holds the packages."""

from __future__ import annotations

import os
import shutil
import subprocess
import tomllib
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

from flwr.common.constant import FAB_MAX_SIZE

import anml_fl
from anml_fl.system.switches import SWITCHES
from server.doctor.finding import Finding, ok, problem
from server.engines.processes import script

_NAME = "bundle"
_PACKAGES = frozenset({"anml_fl", "strategies", "server", "clients"})
_WAIT = 600


def checkout() -> Path | None:
    """Find the checkout that this code was imported from; a wheel has none."""
    root = Path(anml_fl.__file__).resolve().parent.parent
    try:
        project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return root if "flwr" in project.get("tool", {}) else None


def check_bundle(root: Path | None, limit: int = FAB_MAX_SIZE) -> Finding:
    """Build the bundle that `flwr run .` would send to the nodes.

    Parameters
    ----------
    root : Path, optional
        The checkout; None for an installation from a wheel.
    limit : int
        Bytes that Flower takes.
    """
    if root is None:
        return ok(_NAME, "skipped: installed from a wheel, and `anml up` sends no code")
    with TemporaryDirectory() as folder, TemporaryDirectory() as beside:
        done = subprocess.run(  # noqa: S603 - our own scripts, no shell
            [script("flwr"), "build", "--app", str(_sources(root, Path(beside, root.name)))],
            cwd=folder,
            env={**os.environ, **SWITCHES, "FLWR_HOME": folder},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
            timeout=_WAIT,
        )
        built = list(Path(folder).glob("*.fab"))
        if done.returncode or len(built) != 1:
            said = " ".join((done.stderr or done.stdout).split())
            said = said.replace(str(Path(beside, root.name)), str(root))[-300:]
            remedy = "mend pyproject.toml, [tool.flwr.app], by what Flower says"
            return problem(_NAME, f"flwr build fails in {root}: {said}", remedy)
        size = built[0].stat().st_size
        with zipfile.ZipFile(built[0]) as archive:
            tops = {name.split("/")[0] for name in archive.namelist()}
    if lacking := sorted(_PACKAGES - tops):
        remedy = "let fab-include in pyproject.toml name them"
        return problem(_NAME, f"the bundle lacks {', '.join(lacking)}", remedy)
    if size > limit:
        remedy = "let fab-include in pyproject.toml name sources alone"
        what = f"the bundle has {size} bytes, and Flower takes {limit}"
        return problem(_NAME, what, remedy)
    return ok(_NAME, f"builds, {size / 1e6:.1f} of {limit / 1e6:.0f} MB")


def _sources(root: Path, folder: Path) -> Path:
    """Copy what a bundle may hold: Flower looks at each file of a checkout's environment."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = project["tool"]["flwr"].get("app", {}).get("fab-include", ())
    tops = {str(pattern).lstrip("/").split("/")[0] for pattern in patterns}
    if not tops or any(set(top) & set("*?[!") for top in tops):
        return root
    folder.mkdir()  # by its own name: Flower takes not every one
    for top in {*tops, "pyproject.toml", ".gitignore"}:
        if (root / top).is_dir():
            shutil.copytree(
                root / top, folder / top, ignore=shutil.ignore_patterns("__pycache__")
            )
        elif (root / top).exists():
            shutil.copy(root / top, folder / top)
    return folder
