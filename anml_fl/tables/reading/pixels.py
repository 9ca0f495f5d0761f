"""Pictures as arrays of pixels: all of one size, in grey or in red, green and blue."""

from __future__ import annotations

import io
import struct
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from anml_fl.datasets.table import TableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP")
"""What a picture may be kept as; none of them runs anything."""

LARGEST = 1024
"""Most pixels on a side."""

_GREY = ("1", "L", "LA", "La")
_DEEP = ("I", "F")
# What Pillow raises over a file that is damaged.
_DAMAGED = (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, struct.error)


def pixels_of(
    sources: Sequence[Path | bytes], place: Callable[[int], str]
) -> NDArray[np.uint8]:
    """Decode pictures.

    They become grey if all are, or else red, green and blue. What is transparent is laid on
    white.

    Parameters
    ----------
    sources : sequence of Path or bytes
        A file each, or what stands in it.
    place : callable
        From a picture, counted from 0, to what it is called in messages.

    Returns
    -------
    (n, channels, height, width) uint8

    Raises
    ------
    TableError
        If a picture is damaged, too large, animated, has more than 8 bits a channel, or has
        another size than the first: naming it, and what would be right.

    Examples
    --------
    >>> file = io.BytesIO()
    >>> Image.new("RGB", (3, 2), (255, 128, 0)).save(file, "PNG")
    >>> pixels_of([file.getvalue()], str)[0, :, 0, 0]
    array([255, 128,   0], dtype=uint8)
    """
    if not sources:
        raise TableError("no pictures; one at least must be there")
    with warnings.catch_warnings():
        # Of odd metadata, and of a size that is refused below.
        warnings.simplefilter("ignore")
        size, grey = _size_and_grey(sources, place)
        mode, channels = ("L", 1) if grey else ("RGB", 3)
        found = np.empty((len(sources), channels, size[1], size[0]), np.uint8)
        for row, source in enumerate(sources):
            with _opened(source, place(row)) as picture:
                flat = np.asarray(_flat(picture).convert(mode))
            found[row] = flat if grey else flat.transpose(2, 0, 1)
    return found


def _size_and_grey(
    sources: Sequence[Path | bytes], place: Callable[[int], str]
) -> tuple[tuple[int, int], bool]:
    """Look at the headers alone, so that nothing is decoded in vain, or fills the memory."""
    first: tuple[int, int] | None = None
    grey = True
    for row, source in enumerate(sources):
        with _opened(source, place(row)) as picture:
            size, mode = picture.size, picture.mode
            animated = getattr(picture, "is_animated", False)
        first = first or size
        if max(size) > LARGEST:
            raise TableError(
                f"{place(row)}: is {_sides(size)} pixels, and {LARGEST} x {LARGEST} is the"
                " most; make all pictures smaller"
            )
        if size != first:
            raise TableError(
                f"{place(row)}: is {_sides(size)} pixels, and {place(0)} is {_sides(first)};"
                " all must be of one size: resize them, in Python with Pillow:"
                f" Image.open(FILE).resize({first}).save(FILE)"
            )
        if animated:
            raise TableError(f"{place(row)}: holds several pictures; save one of them alone")
        if mode.startswith(_DEEP):
            raise TableError(
                f"{place(row)}: has more than 8 bits a channel ({mode}); save it with 8,"
                " scaled from 0 to 255 as all others are"
            )
        grey = grey and mode in _GREY
    assert first is not None  # noqa: S101 - there is one picture at least
    return first, grey


@contextmanager
def _opened(source: Path | bytes, place: str) -> Iterator[Image.Image]:
    try:
        file = source if isinstance(source, Path) else io.BytesIO(source)
        with Image.open(file, formats=FORMATS) as picture:
            yield picture
    except Image.DecompressionBombError:
        raise TableError(
            f"{place}: is far larger than {LARGEST} x {LARGEST} pixels, which is the most;"
            " make all pictures smaller"
        ) from None
    except _DAMAGED:
        raise TableError(
            f"{place}: cannot be read as a picture; it must be a whole file of"
            f" {', '.join(FORMATS)}: save it anew, or take it out"
        ) from None


def _flat(picture: Image.Image) -> Image.Image:
    if not picture.has_transparency_data:
        return picture
    white = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(white, picture.convert("RGBA"))


def _sides(size: tuple[int, int]) -> str:
    return f"{size[0]} x {size[1]}"
