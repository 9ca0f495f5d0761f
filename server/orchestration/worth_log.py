"""What is known so far of whether joining is worth it: a line a model, kept as it is found."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from anml_fl.run.files import WORTH_PARTIAL
from anml_fl.system.files import append_line, write_whole

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Figures = dict[str, list[float | None]]


class WorthLog:
    """Scores of the models that are trained already; the rest goes on after an interruption.

    Parameters
    ----------
    folder : Path
        The run's.
    run, code : str
        Which settings, and the hash of which code, they belong to: those of others are
        forgotten.
    """

    def __init__(self, folder: Path, run: str, code: str) -> None:
        self._path = folder / WORTH_PARTIAL
        head = json.dumps({"code": code, "run": run}, sort_keys=True)
        lines = self._whole_lines()
        if not lines or lines[0] != head:
            lines = [head]
        self._found: dict[str, Figures] = {}
        for number, line in enumerate(lines[1:], start=1):
            try:
                model, figures = json.loads(line)
                self._found[model] = dict(figures)
            except (ValueError, TypeError):
                lines = lines[:number]
                break
        # Without what a crash cut short: the next line would be added to it.
        write_whole(self._path, "".join(f"{line}\n" for line in lines).encode())

    def figures(self, model: str, found: Callable[[], Figures]) -> Figures:
        """Give a model's scores: as they were kept, or found now, and kept."""
        if model not in self._found:
            scores = found()
            append_line(self._path, json.dumps([model, scores], allow_nan=False))
            self._found[model] = scores
        return self._found[model]

    def _whole_lines(self) -> list[str]:
        try:
            *lines, _ = self._path.read_bytes().decode("utf-8", "replace").split("\n")
        except FileNotFoundError:
            return []
        return lines
