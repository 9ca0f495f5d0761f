"""`anml init`: a small app to begin with, for Flower and for `anml run`."""

from __future__ import annotations

import keyword
import re
import shlex
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

import click

from anml_fl.commands.failure import errors_reported
from anml_fl.commands.help import Command

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.resources.abc import Traversable

# What Flower lets an app's project and folder be called, and pip a project.
_NAME = re.compile(r"(?=.{1,32}$)[A-Za-z]([A-Za-z0-9-]*[A-Za-z0-9])?", re.ASCII)
_TEMPLATE = ".tpl"
_PACKAGE = "package"
_HIDDEN = {"gitignore": ".gitignore"}

_NEXT = """\
{folder} holds a small federated app. Next:

  cd {place} && python -m pytest
  anml run --task {package}.task
  flwr run . --stream --federation-config "num-supernodes=8"
  anml verify runs/{name}

Your own model, data and training belong into {package}/task.py; README.md says more."""


@click.command(cls=Command)
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def init(folder: Path) -> None:
    """Write a small working app into FOLDER, which must be new or empty.

    It has a task (network, data, training, test), a ClientApp, a ServerApp and a test of its
    own, and runs with `anml run --task` and with `flwr run .`.
    """
    with errors_reported():
        write_app(folder)
    name = folder.resolve().name
    package, place = package_of(name), shlex.quote(str(folder))
    click.echo(_NEXT.format(folder=folder, place=place, package=package, name=name))


def package_of(name: str) -> str:
    """Name the package of an app: Python's name for what Flower calls it.

    Raises
    ------
    ValueError
        If Flower would refuse the name, or Python finds another module by it.

    Examples
    --------
    >>> package_of("my-app")
    'my_app'
    >>> package_of("my_app")
    Traceback (most recent call last):
    ValueError: an app's name is a letter, then letters, digits and hyphens, 32 in all at most,
    as Flower wants it, and no hyphen at the end; got 'my_app'
    """
    if not _NAME.fullmatch(name):
        raise ValueError(
            "an app's name is a letter, then letters, digits and hyphens, 32 in all at most,"
            f" as Flower wants it, and no hyphen at the end; got {name!r}"
        )
    package = name.lower().replace("-", "_")
    if keyword.iskeyword(package) or find_spec(package) is not None:
        raise ValueError(
            f"the app's package would be called {package!r}, which is a module or a word of"
            f" Python's already; choose another name than {name!r}, such as my-{name[:29]}"
        )
    return package


def write_app(folder: Path) -> None:
    """Write the app.

    Parameters
    ----------
    folder : Path
        Its name becomes the project's.

    Raises
    ------
    ValueError
        If the name cannot be one.
    FileExistsError
        If there is something in the folder.
    """
    name = folder.resolve().name
    words = {"name": name, "package": package_of(name)}
    if folder.is_dir() and any(folder.iterdir()):
        raise FileExistsError(f"{folder} is not empty: name a folder that is not there yet")
    for place, template in _templates(files("anml_fl.commands") / "templates" / "app"):
        path = folder.joinpath(*(words["package"] if p == _PACKAGE else p for p in place))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(template.substitute(words), encoding="utf-8")


def _templates(
    folder: Traversable, above: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Template]]:
    """Walk over the templates, each with where its file goes."""
    for entry in sorted(folder.iterdir(), key=lambda one: one.name):
        if entry.is_dir():
            yield from _templates(entry, (*above, entry.name))
        elif entry.name.endswith(_TEMPLATE):
            name = entry.name.removesuffix(_TEMPLATE)
            text = entry.read_text(encoding="utf-8")
            yield (*above, _HIDDEN.get(name, name)), Template(text)
