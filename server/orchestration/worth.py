"""Is joining worth it? Each contributor alone, the federation without it, and with it.

Each repeat is a split and a seed of its own, the run's seed + 0, + 1, ...; repeat 0 is the run
itself. Names and behaviours stay those of the run. Alone a contributor trains honestly, for
the same rounds and epochs: nobody attacks oneself.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from logging import WARNING
from typing import TYPE_CHECKING, Any

import numpy as np
from flwr.common.logger import log

from anml_fl.run.worth import LeftOut, Scores, Worth, save_worth, site_worth
from anml_fl.settings.federation import HONEST
from anml_fl.settings.section import ConfigError
from server.orchestration.coalition import coalition_model, coalition_of, whole_task
from server.orchestration.settlement import run_id
from server.orchestration.worth_log import WorthLog

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from anml_fl.datasets.prepare import Partitioned
    from anml_fl.federation.task import Task
    from anml_fl.run.worth import Better
    from anml_fl.settings.run import RunConfig
    from server.orchestration.coalition import Again
    from server.orchestration.worth_log import Figures

_ALONE = "fedavg"


def check_worth(config: RunConfig, task: Task) -> None:
    """Refuse to compare where nobody's own test rows are known, or nothing can be repeated.

    Raises
    ------
    ConfigError
        Saying what it needs.
    """
    data = task.data
    if config.engine == "deployment" or config.table.on_nodes:
        raise ConfigError(
            "evaluation.worth: a federation without one of its contributors needs all others"
            " to train once more, which a deployment does not ask of its nodes; usable with"
            " the engines inline, cohort and simulation, where all data are here"
        )
    if config.registry.database and not config.registry.simulated:
        raise ConfigError(
            "evaluation.worth: its federations must not move reputations in"
            " registry.database; give --simulated, or a run without it"
        )
    if len(data.names) < 2:
        raise ConfigError("evaluation.worth: needs 2 contributors or more, got 1")
    if data.tested is None or not (data.tested >= 0).any():
        raise ConfigError(
            "evaluation.worth: needs contributors with test rows of their own, and"
            f" {config.data_name} by {config.federation.partition!r} has none; a table of your"
            " own has them with --by, heart_disease and mnist_writers with --partition natural"
            " and without --leave-out"
        )
    for name in data.names:
        if "," in name or name != name.strip():
            raise ConfigError(
                "evaluation.worth: contributors' names are listed with commas, so that none"
                f" may hold one, or begin or end with a blank, got {name!r}"
            )


def write_worth(
    config: RunConfig,
    out: Path,
    again: Again,
    behaviours: Mapping[str, str],
    code: str,
    run: Task,
) -> None:
    """Compare, and write `worth.json`; after an interruption with what was not found yet.

    Parameters
    ----------
    config : RunConfig
        As `check_worth` lets it pass.
    out : Path
        The run's folder.
    again : Again
    behaviours : mapping
        Contributor to behaviour.
    code : str
        Hash of the code.
    run : Task
        The run's own.
    """
    known = WorthLog(out, run_id(config), code)
    done: list[_Repeat] = []
    left_out = []
    for number in range(config.evaluation.repeats):
        repeated = config.model_copy(update={"seed": (config.seed + number) % 2**63})
        try:
            whole = whole_task(repeated, again.split(repeated, tuple(behaviours), number), run)
        except ValueError as error:
            # Another split may leave too few of a class.
            log(WARNING, "worth, repeat %d: %s", number, error)
            left_out.append(LeftOut(number, str(error)))
            continue
        done.append(
            _Repeat(
                _figures(repeated, whole, behaviours, again, code, (known, number)),
                _ratios(whole.data),
            )
        )
    save_worth(out, _worth(config, run, behaviours, done, tuple(left_out)))


@dataclass(frozen=True, slots=True)
class _Repeat:
    """Model to its scores; and test rows a training row, of one's own, of all, of others."""

    figures: Mapping[str, Figures]
    ratios: NDArray[np.float64]

    def scores(self, model: str, part: str, place: int) -> float | None:
        return self.figures[model][part][place]


def _figures(
    config: RunConfig,
    whole: Task,
    behaviours: Mapping[str, str],
    again: Again,
    code: str,
    kept: tuple[WorthLog, int],
) -> dict[str, Figures]:
    """Train and test all models of a repeat: n + 1 federations, and everybody alone."""
    known, number = kept
    wanted: list[tuple[str, dict[str, str], str, tuple[int, ...]]] = [
        ("joined", dict(behaviours), config.settling, tuple(range(len(behaviours))))
    ]
    for place, name in enumerate(behaviours):
        others = {who: how for who, how in behaviours.items() if who != name}
        wanted.append((f"without/{place}", others, config.settling, (place,)))
        wanted.append((f"alone/{place}", {name: HONEST}, _ALONE, (place,)))
    found = {}
    for model, members, rule, places in wanted:

        def tested(
            members: dict[str, str] = members,
            rule: str = rule,
            places: tuple[int, ...] = places,
        ) -> Figures:
            settings, task = coalition_of(config, whole, members)
            arrays = coalition_model(again, settings, task, rule, code)
            return _tested(task, whole.data, arrays, places)

        found[model] = known.figures(f"{number}/{model}", tested)
    return found


def _tested(
    task: Task, data: Partitioned, arrays: Mapping[str, NDArray[Any]], places: tuple[int, ...]
) -> Figures:
    """Score a model on these contributors' rows, on all, and on those of the others."""
    model = task.model_of(arrays)
    owner = np.asarray(data.tested)

    def score(rows: NDArray[np.bool_]) -> float | None:
        samples = data.test.take(np.flatnonzero(rows))
        found = task.score(model, samples) if task.measure else task.error(model, samples)
        return found if math.isfinite(found) else None

    return {
        "own": [score(owner == place) for place in places],
        "pooled": [score(np.full(owner.size, True))],
        "others": [score(owner != place) for place in places],
    }


def _ratios(data: Partitioned) -> NDArray[np.float64]:
    """Divide test rows by training rows: (3, n), of one's own, of all, of the others."""
    owner = np.asarray(data.tested)
    own = np.array([(owner == place).sum() for place in range(len(data.names))], float)
    trained = np.array([part.labels.size for part in data.parts], float)
    pooled = np.full(own.size, owner.size / trained.sum())
    others = (owner.size - own) / (trained.sum() - trained)
    return np.stack([own / trained, pooled, others])


def _worth(
    config: RunConfig,
    task: Task,
    behaviours: Mapping[str, str],
    done: Sequence[_Repeat],
    left_out: tuple[LeftOut, ...],
) -> Worth:
    ratios = np.zeros((3, len(behaviours)))
    # Where the test rows are given, every repeat has the same.
    if done and not config.table.test:
        ratios = np.mean([one.ratios for one in done], axis=0)
    better: Better = task.measure.better if task.measure else "lower"

    def scores(model: str, place: int) -> Scores:
        return Scores(
            own=tuple(one.scores(model, "own", place) for one in done),
            pooled=tuple(one.scores(model, "pooled", 0) for one in done),
            others=tuple(one.scores(model, "others", place) for one in done),
        )

    sites = [
        site_worth(
            name,
            behaviour,
            (scores(f"alone/{at}", 0), scores(f"without/{at}", 0), scores("joined", at)),
            better=better,
            ratios=tuple(ratios[:, at].tolist()),
        )
        for at, (name, behaviour) in enumerate(behaviours.items())
    ]
    return Worth(
        strategy=config.settling,
        metric=task.metric or "error",
        better=better,
        share=task.measure.share if task.measure else not task.regression,
        repeats=config.evaluation.repeats,
        sites=tuple(sorted(sites, key=lambda one: one.contributor)),
        left_out=left_out,
    )
