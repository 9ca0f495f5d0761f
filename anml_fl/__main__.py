"""`anml`, or `python -m anml_fl`: sees that the command line can work here, and runs it."""

from __future__ import annotations

import os
import sys
from io import TextIOWrapper

from anml_fl import import_path


def main() -> None:
    """Run the command line."""
    try:
        os.getcwd()  # noqa: PTH109
    except FileNotFoundError:
        sys.exit("Error: the working folder is not there any more: cd to one that is")
    import_path.mend()
    for stream in (sys.stdout, sys.stderr):
        # A name that the terminal cannot show, or that is no text at all, ends no command.
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    # Not before: it imports what could be hidden.
    from anml_fl.cli import main as command  # noqa: PLC0415

    command()


if __name__ == "__main__":
    main()
