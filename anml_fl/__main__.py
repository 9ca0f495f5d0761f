"""`anml`, or `python -m anml_fl`: sees that the command line can work here, and runs it."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from io import TextIOWrapper

from anml_fl.system import import_path

_UNWRITTEN = 2  # as of any command that could not do its work: 1 is an answer


def main() -> None:
    """Run the command line."""
    try:
        os.getcwd()  # noqa: PTH109 - to see whether it is there, and not to use it
    except FileNotFoundError:
        sys.exit("Error: the working folder is not there any more: cd to one that is")
    import_path.mend()
    for stream in (sys.stdout, sys.stderr):
        # A name that the terminal cannot show, or that is no text at all, ends no command.
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    # Not before: it imports what could be hidden.
    from anml_fl.cli import main as command  # noqa: PLC0415 - as said

    output = sys.stdout
    try:
        try:
            command()
        finally:
            print(end="", flush=True)  # or it fails after the exit code was given
    except SystemExit as end:
        # Where nobody reads on, click replaces the stream and exits with 1, and so does rich.
        if sys.stdout is not output or isinstance(end.__context__, BrokenPipeError):
            sys.exit(_UNWRITTEN)
        raise
    except OSError as error:
        # Commands tell of any other themselves: this one is of their output.
        before = error.__context__
        reported = isinstance(before, SystemExit) and before.code == _UNWRITTEN
        if not reported:
            with suppress(OSError):
                why = error.strerror or error
                print(f"Error: the output cannot be written: {why}", file=sys.stderr)
        # What is left in the buffers would fail again at the end.
        for stream in (sys.stdout, sys.stderr):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        sys.exit(_UNWRITTEN)


if __name__ == "__main__":
    main()
