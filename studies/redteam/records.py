"""What was evaluated: a line each, so that a search that was interrupted goes on."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from anml_fl.system.files import make_folder, write_whole
from studies.redteam.evaluation import Evaluation, Found, Target

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from studies.redteam.attack import Attack

FILE = "evaluations.jsonl"


@dataclass(slots=True)
class Records:
    """Evaluations of a target, in a folder.

    Parameters
    ----------
    target : Target
    path : Path
        Of the file: what was asked for in its first line, an evaluation in each other one.
    """

    target: Target
    path: Path
    _known: dict[tuple[Attack, int], Evaluation] = field(default_factory=dict)

    @classmethod
    def open(cls, folder: Path, target: Target, asked: Mapping[str, Any]) -> Records:
        """Open a folder, or make it.

        Parameters
        ----------
        folder : Path
        target : Target
        asked : mapping
            What a search must have in common with the one that is in the folder.

        Raises
        ------
        ValueError
            If the folder holds another search, or a line that is none of its own.
        """
        records = cls(target, folder / FILE)
        header = json.dumps(asked, sort_keys=True)
        if not records.path.exists():
            make_folder(folder)
            write_whole(records.path, f"{header}\n".encode())
            return records
        first, *lines = records.path.read_text(encoding="utf-8").splitlines(keepends=True)
        if first.rstrip("\n") != header:
            raise ValueError(
                f"{records.path} is of another search ({_differing(first, asked)}): name"
                " another folder"
            )
        whole = [line for line in lines if line.endswith("\n")]
        if whole != lines:  # the last line was being written when the process ended
            write_whole(records.path, "".join([first, *whole]).encode())
        for line in whole:
            one = Evaluation.from_json(line)
            records._known[one.attack, one.seed] = one
        return records

    def evaluate(self, attack: Attack, seeds: Iterable[int]) -> Found:
        """Look an attack up, or try it and write down what it did."""
        found = []
        for seed in seeds:
            if (attack, seed) not in self._known:
                one = self.target.evaluate(attack, seed)
                with self.path.open("a", encoding="utf-8") as file:
                    file.write(one.to_json() + "\n")
                self._known[attack, seed] = one
            found.append(self._known[attack, seed])
        return Found(attack, tuple(found))

    def __len__(self) -> int:
        return len(self._known)


def _differing(first: str, asked: Mapping[str, Any]) -> str:
    try:
        there = dict(json.loads(first))
    except (TypeError, ValueError):
        return "its first line says of none"
    return ", ".join(
        f"{key} {there.get(key)!r}, not {value!r}"
        for key, value in asked.items()
        if there.get(key) != value
    )
