"""What is shown fits its terminal, and in a pipe or a file it is whole: a row a line."""

from __future__ import annotations

import sys
from itertools import pairwise
from typing import TYPE_CHECKING

from anml_fl.system.colours import coloured

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

# Columns where nobody's terminal ends a line.
_ENDLESS = 100_000


def console(*, stderr: bool = False, quiet: bool = False) -> Console:
    """Make what writes to a stream: NO_COLOR, FORCE_COLOR and COLUMNS are honoured.

    Parameters
    ----------
    stderr : bool
        Standard error in place of standard output.
    quiet : bool
        Write nothing.
    """
    from rich.console import Console  # noqa: PLC0415 - `anml --help` is quick

    stream = sys.stderr if stderr else sys.stdout
    if stream.isatty():
        return Console(stderr=stderr, quiet=quiet)
    # Colours may be forced; nothing moves in a file.
    return Console(
        stderr=stderr,
        quiet=quiet,
        width=_ENDLESS,
        force_terminal=coloured(stream),
        force_interactive=False,
    )


def say(text: str, to: Console) -> None:
    """Print a text as it is, broken between words alone; in a pipe or a file not at all."""
    to.print(text, markup=False, highlight=False)


def warn(text: str, to: Console) -> None:
    """Print what went wrong, on standard error where all else is left unsaid."""
    if to.quiet:
        to = console(stderr=True)
    say(text, to)


def show(table: Table, to: Console) -> None:
    """Print a table whose words are whole, however narrow the terminal is.

    Where its columns' longest words do not fit beside one another, each row stands below the
    other, a line a column. In a pipe or a file a row is a line, and no line is drawn.

    Parameters
    ----------
    table : rich.table.Table
        Its columns' kinds, titles and cells are used; their widths are found here.
    to : rich.console.Console
    """
    heads = [_text(column.header) for column in table.columns]
    rows = [
        [_text(cell) for cell in row]
        for row in zip(*(column.cells for column in table.columns), strict=True)
    ]
    if table.title:
        to.print(_text(table.title), style="bold", soft_wrap=True)
    if to.width >= _ENDLESS:
        _print_lines(table, [_joined(head) for head in heads], rows, to)
        return
    # The box's edges, what parts two columns, and the blank before each.
    room = to.width - 2 * len(heads) - 1
    cells = list(zip(heads, *rows, strict=True))
    least = [max(_longest_word(one) for one in column) for column in cells]
    most = [max(_longest_line(one) for one in column) for column in cells]
    if sum(least) > room:
        _print_stacked([_joined(head) for head in heads], rows, to)
    else:
        _print_boxed(table, heads, rows, widths(least, most, room), to)


def widths(least: Sequence[int], most: Sequence[int], room: int) -> list[int]:
    """Share room out: to each column its longest word, then to whom it saves most lines.

    Parameters
    ----------
    least, most : sequence of int
        Columns of each one's longest word, and of its longest line.
    room : int
        Columns in all, at least those of all longest words.

    Examples
    --------
    >>> widths([3, 5], [8, 40], 60), widths([3, 5], [8, 40], 30)
    ([8, 40], [5, 25])
    """
    found = list(least)
    for _ in range(min(room, sum(most)) - sum(found)):
        narrow = [place for place, width in enumerate(found) if width < most[place]]
        found[max(narrow, key=lambda place: most[place] / found[place])] += 1
    return found


def _print_boxed(
    table: Table, heads: list[Text], rows: list[list[Text]], wide: list[int], to: Console
) -> None:
    from rich import box  # noqa: PLC0415 - as above
    from rich.table import Table  # noqa: PLC0415

    shown = Table(box=box.SIMPLE_HEAD, padding=(0, 0, 0, 1), show_lines=table.show_lines)
    for column, head, width in zip(table.columns, heads, wide, strict=True):
        shown.add_column(head, justify=column.justify, width=width)
    for cells, row in zip(rows, table.rows, strict=True):
        shown.add_row(*cells, end_section=row.end_section)
    to.print(shown)


def _print_lines(table: Table, heads: list[Text], rows: list[list[Text]], to: Console) -> None:
    lines = [heads, *([_joined(cell) for cell in row] for row in rows)]
    wide = [max(cell.cell_len for cell in column) for column in zip(*lines, strict=True)]
    right = [column.justify == "right" for column in table.columns]
    for line in lines:
        for place, cell in enumerate(line):
            gap = wide[place] - cell.cell_len
            if right[place]:
                cell.pad_left(gap)
            elif place < len(line) - 1:
                cell.pad_right(gap)
        text = type(heads[0])("  ").join(line)
        text.rstrip()
        to.print(text, soft_wrap=True)


def _print_stacked(heads: list[Text], rows: list[list[Text]], to: Console) -> None:
    from rich.padding import Padding  # noqa: PLC0415 - as above

    for row in rows:
        for place, (head, cell) in enumerate(zip(heads, row, strict=True)):
            if not cell.plain:
                continue
            left = 2 if place else 0
            line = type(cell)(f"{head.plain}: " if head.plain else "").append_text(cell)
            # A word that is wider than all is left to the terminal, so that it can be copied.
            if _longest_word(line) > to.width - left:
                to.print(type(cell)(" " * left).append_text(line), soft_wrap=True)
            else:
                to.print(Padding(line, (0, 0, 0, left), expand=False))


def _text(cell: object) -> Text:
    from rich.text import Text  # noqa: PLC0415 - as above

    return cell if isinstance(cell, Text) else Text.from_markup(str(cell))


def _joined(cell: Text) -> Text:
    """Put lines of a cell into one; a word that is parted at a hyphen is one again."""
    lines = cell.split("\n")
    found = lines[0].copy()
    for before, line in pairwise(lines):
        found.append("" if before.plain.endswith("-") else " ").append_text(line)
    return found


def _longest_word(cell: Text) -> int:
    from rich.cells import cell_len  # noqa: PLC0415 - as above

    return max((cell_len(word) for word in cell.plain.split()), default=1)


def _longest_line(cell: Text) -> int:
    return max((line.cell_len for line in cell.split("\n")), default=1) or 1
