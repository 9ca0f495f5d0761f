"""`--track wandb`: a run of Weights & Biases for each strategy, of one group."""

from __future__ import annotations

import json
import os
from pathlib import Path
from shutil import rmtree
from typing import TYPE_CHECKING, Any

from anml_fl.system.files import make_folder, read_text, write_whole
from server.tracking.names import plain_name
from server.tracking.run_mark import TRACKING
from server.tracking.tracker import TrackerKind

if TYPE_CHECKING:
    from server.tracking.tracked_round import TrackedRound
    from server.tracking.tracked_run import TrackedRun
    from server.tracking.tracker import Ending

# Seconds that a server has to answer at the beginning.
_ANSWER = 20.0
# Unless the user chose otherwise: nothing goes to wandb's makers, nor which machine this is.
_USUAL = {"WANDB_ERROR_REPORTING": "false", "WANDB_HOST": "anml"}
_ENDED = -1


class _Wandb:
    """Runs of W&B, which go on under the run's mark.

    Its library keeps what it is given in `tracking/wandb` of the run's folder and sends it by
    itself. Offline it cannot be asked what it has, so that is written down beside it: once the
    library has finished, for until then the last rounds may be in its memory alone. What a
    session had that was killed before is told again.
    """

    def __init__(self, run: TrackedRun, where: str) -> None:
        for name, value in _USUAL.items():
            os.environ.setdefault(name, value)
        self._run = run
        self._entity, _, self._project = where.rpartition("/")
        folder = run.folder / TRACKING
        make_folder(folder)
        place = f"{plain_name(where)}." if where else ""
        self._path, self._folder = folder / f"wandb.{place}json", folder
        self._runs: dict[str, Any] = {}
        self._told: dict[str, int] = {}
        # Given to the library since; and the folder of each session that has not finished.
        self._given: dict[str, int] = {}
        self._open: dict[str, str] = {}
        self._killed: frozenset[str] = frozenset()
        if self._path.exists():
            found = json.loads(read_text(self._path))
            # A run that began anew in the folder is another one.
            if found["run"] == run.mark:
                self._told = found["rounds"]
                self._forget(found.get("open", {}))

    def last(self, strategy: str) -> int:
        told = self._told.get(strategy, 0)
        if strategy not in self._killed:
            return told
        # What came to the server all the same; offline, and without any, its first step is 0.
        return max(told, int(self._of(strategy).starting_step) - 1)

    def log(self, one: TrackedRound) -> None:
        kinds = {f"reason/{plain_name(who)}": kind for who, kind in one.kinds.items()}
        told = {"round": one.round, "branch": one.branch, **one.flat(), **kinds}
        self._of(one.strategy).log(told, step=one.round)
        self._given[one.strategy] = one.round

    def conclude(self, ending: Ending) -> None:
        if self._told.get(_ended(ending.strategy)) == _ENDED:
            return
        run = self._of(ending.strategy)
        run.summary["ledger_head"] = ending.head
        for path in ending.files:
            run.save(str(path), base_path=str(self._run.folder), policy="now")
        self._given[_ended(ending.strategy)] = _ENDED

    def close(self) -> None:
        runs, self._runs = self._runs, {}
        given, self._given = self._given, {}
        for strategy, run in runs.items():
            run.finish()
            self._told |= {n: given[n] for n in (strategy, _ended(strategy)) if n in given}
            del self._open[strategy]
            self._write()

    def _forget(self, sessions: dict[str, str]) -> None:
        """Take away what sessions left that were killed: all of it is told again."""
        self._killed = frozenset(sessions)
        for name in sessions.values():
            left = self._folder / "wandb" / name
            if left.name == name and name.startswith("offline-run-") and left.is_dir():
                rmtree(left)

    def _write(self) -> None:
        kept = {"run": self._run.mark, "rounds": self._told, "open": self._open}
        write_whole(self._path, f"{json.dumps(kept)}\n".encode())

    def _of(self, strategy: str) -> Any:
        if strategy in self._runs:
            return self._runs[strategy]
        import wandb as library

        named = self._project or os.environ.get("WANDB_PROJECT") or plain_name(self._run.name)
        self._runs[strategy] = library.init(
            entity=self._entity or None,
            project=named,
            id=f"{self._run.mark}-{plain_name(strategy)}",
            name=f"{self._run.name} {strategy}",
            group=self._run.mark,
            config=self._run.settings,
            dir=str(self._folder),
            resume=None if os.environ.get("WANDB_MODE") == "offline" else "allow",
            reinit="create_new",
            settings=library.Settings(
                silent=True,
                console="off",
                init_timeout=_ANSWER,
                # Of the machine, its programs and its repositories nothing is told.
                x_disable_meta=True,
                x_disable_stats=True,
                x_disable_machine_info=True,
                x_save_requirements=False,
                disable_git=True,
                disable_code=True,
                disable_job_creation=True,
            ),
        )
        self._open[strategy] = Path(self._runs[strategy].settings.sync_dir).name
        self._write()
        return self._runs[strategy]


def _ended(strategy: str) -> str:
    return f"{strategy} ended"


wandb = TrackerKind(_Wandb, "PROJECT or ENTITY/PROJECT", "wandb", "wandb")
