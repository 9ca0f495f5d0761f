"""Data sets of Hugging Face as tables: saved to a folder, or from the hub."""

from __future__ import annotations

import os
import re
import sys
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from anml_fl.datasets.table import TableError
from anml_fl.tables.columns import Columns
from anml_fl.tables.reading.hub import from_hub, listed
from anml_fl.tables.reading.pixels import pixels_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from numpy.typing import NDArray

_TRAIN = "train"
_EXTRA = "pip install 'anml-fl[huggingface]'"
_HUB_NAME = re.compile(r"([\w.-]+/[\w.-]+)(?::([\w.-]+))?", re.ASCII)
_PROGRESS = "HF_DATASETS_DISABLE_PROGRESS_BARS"


def read_hugging_face(name: str) -> Columns:
    """Read a data set that was saved to a folder, or one of the hub.

    Parameters
    ----------
    name : str
        A folder that `save_to_disk` wrote, or OWNER/NAME with :SUBSET where the data set has
        several; then #SPLIT, for another one than "train" or the only one.

    Returns
    -------
    Columns
        Typed; a class is its name, and pictures are pixels. Columns of lists and the like are
        left out: nothing can be learned from them here.

    Raises
    ------
    TableError
        If the extra is not installed, there is no such data set or split, or the hub cannot
        be reached: saying what to do.
    """
    if find_spec("datasets") is None:
        raise TableError(f"hf:{name} needs Hugging Face's datasets, not installed: {_EXTRA}")
    place, _, split = name.partition("#")
    folder = Path(place).expanduser()
    with _quiet():
        if folder.exists():
            where, found = str(folder), _saved(folder)
        elif hub := _HUB_NAME.fullmatch(place):
            where, found = f"hf:{place}", from_hub(hub[1], hub[2])
        else:
            raise TableError(
                f"hf:{place}: is neither a folder that is there nor a name of the hub,"
                " which is OWNER/NAME, such as ylecun/mnist"
            )
        return _columns(where, _split(where, found, split))


def _saved(folder: Path) -> Any:
    import datasets  # noqa: PLC0415 - an extra, and slow to import

    try:
        return datasets.load_from_disk(str(folder))
    except FileNotFoundError:
        raise TableError(
            f"{folder}: is no data set of Hugging Face; Dataset.save_to_disk and"
            " DatasetDict.save_to_disk write such a folder"
        ) from None
    except Exception as error:  # noqa: BLE001 - its text may quote what stands in the data
        raise TableError(
            f"{folder}: cannot be read ({type(error).__name__}); save it anew by save_to_disk"
        ) from None


def _split(where: str, found: Any, wanted: str) -> Any:
    if not isinstance(found, dict):
        if wanted:
            raise TableError(f"{where}: has no splits, got #{wanted}; leave it away")
        return found
    splits: Mapping[str, Any] = found
    chosen = wanted or (
        _TRAIN if _TRAIN in splits or len(splits) > 1 else next(iter(splits), "")
    )
    if chosen not in splits:
        raise TableError(
            f"{where}: has no split {chosen!r}, but {listed(list(splits)) or 'none'};"
            " name one behind a #, as in hf:NAME#test"
        )
    return splits[chosen]


def _columns(where: str, dataset: Any) -> Columns:
    import datasets  # noqa: PLC0415

    def place(row: int) -> str:
        return f"row {row + 1}"

    # Images stay encoded in Arrow's form, and only pixels.py decodes them.
    table: pa.Table = dataset.with_format("arrow")[:]
    kept: dict[str, pa.ChunkedArray] = {}
    pictures: list[str] = []
    for name, feature in dataset.features.items():
        column = table.column(name)
        if isinstance(feature, datasets.Image):
            pictures.append(name)
        elif isinstance(feature, datasets.ClassLabel):
            kept[name] = _class_names(column, feature.names)
        elif isinstance(feature, datasets.Value) and "binary" not in feature.dtype:
            kept[name] = column
    if len(pictures) > 1:
        raise TableError(
            f"{where}: has several columns of pictures ({listed(pictures)}); keep one of them"
            " (Dataset.remove_columns), and save it by save_to_disk"
        )
    return Columns(
        where=where,
        table=pa.table(kept),
        place=place,
        pixels=_pixels(where, table.column(pictures[0]), place) if pictures else None,
    )


def _class_names(codes: pa.ChunkedArray, names: list[str]) -> pa.ChunkedArray:
    """Name each class; -1 says that nobody knows it."""
    known = pc.if_else(pc.greater_equal(codes, 0), codes, None)
    return pa.chunked_array(
        [pa.array(names, pa.string()).take(chunk) for chunk in known.chunks], pa.string()
    )


def _pixels(
    where: str, column: pa.ChunkedArray, place: Callable[[int], str]
) -> NDArray[np.uint8]:
    sources: list[Path | bytes] = []
    for row, cell in enumerate(column.to_pylist()):
        content, path = (cell["bytes"], cell["path"] or "") if cell else (None, "")
        if content is None and not Path(path).is_file():
            raise TableError(
                f"{where}, {place(row)}: there is no picture; take the row out, or save the"
                " data set by save_to_disk where its files are"
            )
        sources.append(Path(path) if content is None else content)
    return pixels_of(sources, lambda row: f"{where}, {place(row)}")


@contextmanager
def _quiet() -> Iterator[None]:
    """Show the library's progress in a terminal alone, and leave it as it was set."""
    import datasets  # noqa: PLC0415

    if sys.stderr.isatty() or _PROGRESS in os.environ or datasets.are_progress_bars_disabled():
        yield
        return
    datasets.disable_progress_bars()
    try:
        yield
    finally:
        datasets.enable_progress_bars()
