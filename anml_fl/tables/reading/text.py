"""Bytes of a file as UTF-8 text, whatever encoding it has; and what is no text."""

from __future__ import annotations

import codecs
import gzip
import re
import zipfile
import zlib
from contextlib import suppress
from io import BytesIO
from typing import TYPE_CHECKING

from anml_fl.datasets.table import TableError
from anml_fl.system.files import TextError, decoded

if TYPE_CHECKING:
    from collections.abc import Sequence

_BLOCK = 1 << 24
_MARKS = (
    # That of UTF-32 begins with that of UTF-16.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_AS_CSV = "export it as CSV"
_UNPACK = "unpack it, and give the table in it"
_OTHERS: Sequence[tuple[bytes, str, str]] = (
    (b"SQLite format 3\x00", "a database file (SQLite)", "export the table from it as CSV"),
    (b"\xd0\xcf\x11\xe0", "a spreadsheet or another file of Microsoft Office", _AS_CSV),
    (b"%PDF", "a PDF file", "a table is needed, as CSV or Parquet"),
    (b"\x89HDF", "an HDF5 file", "export the table from it as CSV or Parquet"),
    (b"PAR1", "a Parquet file, packed once more", _UNPACK),
    (b"ARROW1", "a Feather file", "write it as Parquet"),
    (b"FEA1", "a Feather file", "write it as Parquet"),
    (b"\x93NUMPY", "a single array (.npy)", "save features and label together with np.savez"),
    (b"Rar!", "an archive (RAR)", _UNPACK),
    (b"7z\xbc\xaf", "an archive (7-Zip)", _UNPACK),
    (b"BZh", "packed with bzip2", _UNPACK),
    (b"\xfd7zXZ\x00", "packed with xz", _UNPACK),
    (b"\x28\xb5\x2f\xfd", "packed with Zstandard", _UNPACK),
    (b"\x89PNG", "a picture", "give the folder that the pictures stand in"),
    (b"\xff\xd8\xff", "a picture", "give the folder that the pictures stand in"),
    (b"GIF8", "a picture", "give the folder that the pictures stand in"),
)
_JSON = re.compile(rb"\s*(\{\s*[\"}]|\[\s*[\[{])")
_PAGE = re.compile(rb"\s*<(!doctype|html|\?xml)", re.IGNORECASE)


def unpacked(content: bytes, where: str) -> bytes:
    """Unpack what is packed with gzip, whatever it is called; return anything else as it is.

    Raises
    ------
    TableError
        If it is cut short or damaged.
    """
    if not content.startswith(b"\x1f\x8b"):
        return content
    # Raised outside of `except`, since the errors have parts of the content in them.
    with suppress(OSError, EOFError, zlib.error):
        return gzip.decompress(content)
    raise TableError(f"{where} is no whole gzip file: copy it again")


def as_utf8(content: bytes, where: str) -> bytes:
    r"""Return text as UTF-8 without a byte order mark.

    Parameters
    ----------
    content : bytes
        UTF-8 with or without a byte order mark, or UTF-16 or UTF-32 with one.
    where : str
        What it was read from, for messages.

    Raises
    ------
    TableError
        If it is empty, no text, or text in another encoding: naming what it is, or the line,
        and quoting nothing.

    Examples
    --------
    >>> as_utf8("age\n63".encode("utf-16"), "a.csv")
    b'age\n63'
    >>> as_utf8(b"%PDF-1.7", "a.csv")
    Traceback (most recent call last):
    anml_fl.datasets.table.TableError: a.csv is a PDF file, by its content: a table is needed,
    as CSV or Parquet
    """
    if not content.strip():
        raise TableError(f"{where} is empty; it must have a header and rows")
    _refuse_other_forms(content, where)
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), "")
    if encoding:
        content = _from_utf_16_or_32(content, encoding, where)
    content = content.removeprefix(codecs.BOM_UTF8)
    if (at := content.find(b"\0")) >= 0:
        line = content.count(b"\n", 0, at) + 1
        raise TableError(
            f"{where}, line {line}: a NUL byte, which no text has; save the table as CSV in"
            " UTF-8"
        )
    if not _is_utf8(content):
        _refuse_encoding(content, where)
    if not content.strip():
        raise TableError(f"{where} is empty; it must have a header and rows")
    return content


def _from_utf_16_or_32(content: bytes, encoding: str, where: str) -> bytes:
    with suppress(UnicodeError):
        return content.decode(encoding).encode()
    raise TableError(
        f"{where} begins as {encoding.upper()}, and is none throughout; save it as UTF-8"
    )


def _is_utf8(content: bytes) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    view = memoryview(content)
    try:
        # In blocks, since a text takes up to four times what its bytes take.
        for start in range(0, len(view), _BLOCK):
            decoder.decode(view[start : start + _BLOCK])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _refuse_encoding(content: bytes, where: str) -> None:
    try:
        decoded(content, where)
    except TextError as error:
        raise TableError(
            f"{error}; a spreadsheet calls it CSV UTF-8, and iconv -f LATIN1 -t UTF-8 converts"
            " a file of Western Europe"
        ) from None


def _refuse_other_forms(content: bytes, where: str) -> None:
    what, advice = "", ""
    for magic, kind, way in _OTHERS:
        if content.startswith(magic):
            what, advice = kind, way
    if content.startswith(b"PK\x03\x04"):
        what, advice = _zipped(content)
    elif _JSON.match(content):
        what, advice = "JSON", "a table is needed, as CSV or Parquet"
    elif _PAGE.match(content):
        what, advice = "a web page or XML", "download the table itself, as CSV or Parquet"
    if what:
        raise TableError(f"{where} is {what}, by its content: {advice}")


def _zipped(content: bytes) -> tuple[str, str]:
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, ValueError):
        return "a damaged archive (zip) or spreadsheet", f"copy it again, or {_AS_CSV}"
    if any(name.startswith("xl/") or name == "content.xml" for name in names):
        return "a spreadsheet", _AS_CSV
    if names and all(name.endswith(".npy") for name in names):
        return "a file of NumPy arrays", "give its name the ending .npz"
    return "an archive (zip)", _UNPACK
