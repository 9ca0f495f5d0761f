"""Folders of pictures as a table: a folder a class, or a folder a site with one a class."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from anml_fl.datasets.table import TableError
from anml_fl.system.untrusted_text import visible
from anml_fl.tables.columns import SITE, Columns
from anml_fl.tables.reading.pixels import pixels_of
from anml_fl.tables.reading.regular import entries

if TYPE_CHECKING:
    from pathlib import Path

LABEL = "label"
"""The column with the name of the class's folder."""

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp")
"""How a picture's name ends, in small or capital letters."""

_LAYOUT = "pictures stand in DIR/CLASS/ or in DIR/SITE/CLASS/"
# What file managers leave behind.
_LITTER = ("thumbs.db", "desktop.ini", "__macosx")


def is_pictures(folder: Path) -> bool:
    """Whether a folder is one of pictures, laid out well or not.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as name:
    ...     Path(name, "sick").mkdir()
    ...     Path(name, "sick", "a.PNG").touch()
    ...     is_pictures(Path(name)), is_pictures(Path(name, "sick", "a.PNG"))
    (True, False)
    """
    if not folder.is_dir():
        return False
    outer = _folders(folder, folder)
    deep = (inner for one in outer for inner in (one, *_folders(one, folder)))
    # Beside tables, a picture in the folder itself is no more than a picture.
    files = [entry for entry in _entries(folder, folder) if not entry.is_dir()]
    alone = bool(files) and all(map(_is_picture, files))
    return alone or any(_is_picture(entry) for one in deep for entry in _entries(one, folder))


def read_pictures(folder: Path) -> Columns:
    """Read a folder of pictures: DIR/CLASS/* or DIR/SITE/CLASS/*, in the order of their names.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    Columns
        `LABEL`, and `columns.SITE` where there are sites; pixels as in `pixels.pixels_of`.

    Raises
    ------
    TableError
        If pictures lie elsewhere, something else lies among them, there are none, or one
        cannot be used: naming its path, and what would be right.
    """
    if not folder.is_dir():
        raise TableError(f"{folder}: is no folder; {_LAYOUT}")
    if loose := [entry for entry in _entries(folder, folder) if _is_picture(entry)]:
        raise TableError(
            f"{_shown(loose[0])}: lies in no class's folder; {_LAYOUT}, such as"
            f" {_shown(folder)}/CLASS/{visible(loose[0].name)}"
        )
    files, depth = _files(folder)
    parts = [file.relative_to(folder).parts for file in files]
    _check_names(folder, {name for part in parts for name in part[:-1]})
    columns = {LABEL: pa.array([part[-2] for part in parts], pa.string())}
    if depth == 2:
        columns[SITE] = pa.array([part[0] for part in parts], pa.string())
    return Columns(
        where=str(folder),
        table=pa.table(columns),
        place=lambda row: visible("/".join(parts[row])),
        by=SITE if depth == 2 else "",
        pixels=pixels_of(files, lambda row: _shown(files[row])),
    )


def _files(folder: Path) -> tuple[list[Path], int]:
    """List the pictures, and in how many folders each lies: 1, or 2 where there are sites."""
    found: dict[int, list[Path]] = {1: [], 2: []}
    for outer in _folders(folder, folder):
        found[1] += _pictures_in(outer, folder)
        for inner in _folders(outer, folder):
            found[2] += _pictures_in(inner, folder)
            if deeper := _folders(inner, folder):
                raise TableError(
                    f"{_shown(deeper[0])}: is a folder inside a class's folder; {_LAYOUT}"
                )
    if found[1] and found[2]:
        raise TableError(
            f"{_shown(folder)}: {_shown(found[1][0])} lies in one folder and"
            f" {_shown(found[2][0])} in two; {_LAYOUT}, all in the same way"
        )
    if not (found[1] or found[2]):
        raise TableError(
            f"{_shown(folder)}: holds no pictures ({', '.join(SUFFIXES)}); {_LAYOUT}"
        )
    return (found[1], 1) if found[1] else (found[2], 2)


def _pictures_in(folder: Path, root: Path) -> list[Path]:
    files = [entry for entry in _entries(folder, root) if not entry.is_dir()]
    pictures = [entry for entry in files if _is_picture(entry)]
    if pictures and len(pictures) < len(files):
        other = next(entry for entry in files if not _is_picture(entry))
        raise TableError(
            f"{_shown(other)}: is no picture ({', '.join(SUFFIXES)}) and lies among"
            " pictures; take it out, or save it as one"
        )
    return pictures


def _check_names(folder: Path, names: set[str]) -> None:
    for name in sorted(names):
        if not name.isprintable() or name != name.strip():
            raise TableError(
                f"{_shown(folder)}: the folder {visible(name)!r} must be named with"
                " printable characters, and no blanks around them; rename it"
            )


def _folders(folder: Path, root: Path) -> list[Path]:
    return [entry for entry in _entries(folder, root) if entry.is_dir()]


def _entries(folder: Path, root: Path) -> list[Path]:
    """List what lies in a folder, in the order of names, without what nobody put there."""
    return [entry for entry in entries(folder, root) if entry.name.lower() not in _LITTER]


def _is_picture(entry: Path) -> bool:
    return entry.suffix.lower() in SUFFIXES and entry.is_file()


def _shown(path: Path) -> str:
    return visible(str(path), limit=1000)
