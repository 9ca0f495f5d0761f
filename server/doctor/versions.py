"""Versions: of Python, of what we need, of ourselves; and that torch has the device."""

from __future__ import annotations

import platform
from importlib import metadata
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

import anml_fl
from anml_fl.system import import_path
from server.doctor.finding import Finding, ok, problem, warning

if TYPE_CHECKING:
    from collections.abc import Sequence

_NAME = "anml-fl"
_INSTALL = "install what the lock pins: `make setup` in a checkout, else pip install anml-fl"


def check_versions() -> list[Finding]:
    """Compare what is installed with what this distribution asks for.

    Examples
    --------
    >>> [found.check for found in check_versions()]
    ['python', 'packages', 'anml-fl']
    """
    try:
        about, needs = metadata.metadata(_NAME), metadata.requires(_NAME) or []
    except metadata.PackageNotFoundError:
        return [problem(_NAME, f"{_NAME} is not installed, only its sources are", _INSTALL)]
    return [
        _python(about["Requires-Python"] or ""),
        *_packages(needs),
        _ours(about["Version"]),
    ]


def check_imports(path: Sequence[str] | None = None) -> Finding:
    """Look for what would be imported in our packages' place.

    Parameters
    ----------
    path : sequence of str, optional
        Places that modules are looked for in, `sys.path` by default.

    Examples
    --------
    >>> check_imports([]).status
    'ok'
    """
    if not (found := import_path.others(path)):
        return ok("imports", f"nothing else has the name of {', '.join(import_path.PACKAGES)}")
    return warning(
        "imports",
        f"{', '.join(found.values())} could be taken for ours. `anml` and what it starts use"
        " their own; flwr, flower-supernode and python -m, called by hand, may not",
        f"take {' and '.join(found)} out of PYTHONPATH, and start in another folder",
    )


def check_device(device: str) -> Finding:
    """Try the device that contributors train on.

    Parameters
    ----------
    device : str
        As in the setting `training.device`.

    Examples
    --------
    >>> check_device("cpu").status
    'ok'
    """
    import torch  # noqa: PLC0415 - nothing else that is examined needs it

    built = f"CUDA {torch.version.cuda}" if torch.version.cuda else "no CUDA"
    what = f"torch {torch.__version__} ({built})"
    try:
        torch.zeros(1, device=device).item()
    except Exception as error:  # noqa: BLE001 - torch raises what the device's driver raises
        why = " ".join(str(error).split())[:200]
        return problem(
            "device",
            f"{what} cannot use training.device = {device!r}: {why}",
            "set training.device to cpu, or install torch's build for the device:"
            " make setup TORCH_BACKEND=cu130 (or another)",
        )
    return ok("device", f"{what} trains on {device}")


def _python(wanted: str) -> Finding:
    found = platform.python_version()
    if SpecifierSet(wanted).contains(found, prereleases=True):
        return ok("python", f"Python {found}")
    return problem(
        "python",
        f"Python {found}, but {wanted} is needed",
        "make the environment anew with such a Python: make setup PYTHON=/path/to/python",
    )


def _packages(needs: list[str]) -> list[Finding]:
    """Look at each package that is needed without extras."""
    wrong, seen = [], []
    for line in needs:
        need = Requirement(line)
        if need.marker is not None and not need.marker.evaluate({"extra": ""}):
            continue
        try:
            version = metadata.version(need.name)
        except metadata.PackageNotFoundError:
            wrong.append(problem("packages", f"{need.name} is not installed", _INSTALL))
            continue
        if need.specifier.contains(version, prereleases=True):
            seen.append(f"{need.name} {version}")
        else:
            what = f"{need.name} {version} is installed, but {need.specifier} is needed"
            wrong.append(problem("packages", what, _INSTALL))
    first = [name for name in seen if name.split()[0] in ("flwr", "torch", "numpy")]
    return wrong or [ok("packages", f"{', '.join(first)} and {len(seen) - len(first)} more")]


def _ours(installed: str) -> Finding:
    if installed == anml_fl.__version__:
        return ok(_NAME, f"{_NAME} {installed}")
    return problem(
        _NAME,
        f"{_NAME} {installed} is installed, but the code that runs is {anml_fl.__version__}",
        "install this code: make setup, or pip install --editable .",
    )
