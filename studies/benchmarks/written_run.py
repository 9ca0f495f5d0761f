"""A finished run's folder as the engines write it, of rounds that nobody trained.

Ten thousand contributors take minutes to train, and seconds to write down. Records, ledger,
summary and report are made by the code that makes every run's: `anml verify` passes.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from anml_fl.federation.contributors import behaviours_of
from anml_fl.registry.keys import make_key
from anml_fl.run.parsing import parsed_once
from anml_fl.run.strategy_folder import StrategyFolder
from anml_fl.settings.reading import from_flat
from server.orchestration.ledger_key import signing_with
from server.orchestration.run_folder import close_run, open_run
from server.orchestration.settlement import Settlement
from server.report.page import write_report
from studies.benchmarks.drawn_rounds import STRATEGIES, crowd_of, drawn_round
from studies.benchmarks.harness import silent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from studies.benchmarks.harness import Progress


def write_run(
    out: Path,
    contributors: int,
    rounds: int,
    strategies: Sequence[str] = tuple(STRATEGIES),
    progress: Progress = silent,
) -> None:
    """Write a run's folder, with its report.

    Parameters
    ----------
    out : Path
        Made; it must not hold a run.
    contributors : int
        Of whom one in ten flips labels and one in ten forges credentials, >= 10.
    rounds : int
        Of each strategy, >= 1.
    strategies : sequence of str
        Of `STRATEGIES`.
    progress : callable

    Raises
    ------
    ValueError
        If there are too few contributors, or a strategy is none of these.

    Examples
    --------
    >>> write_run(Path("nowhere"), 9, 1)
    Traceback (most recent call last):
    ValueError: contributors must be at least 10, got 9
    """
    if contributors < 10:
        raise ValueError(f"contributors must be at least 10, got {contributors}")
    if strange := [name for name in strategies if name not in STRATEGIES]:
        raise ValueError(f"strategies must be of {', '.join(STRATEGIES)}, got {strange[0]!r}")
    tenth = contributors // 10
    config = from_flat(
        {
            "name": f"{contributors}-contributors",
            "dataset": "adult",
            "engine": "cohort",
            "contributors": contributors,
            "behaviours": f"label_flip={tenth},joint={tenth}",
            "rounds": rounds,
            "strategies": ",".join(strategies),
            "record-updates": False,
        }
    )
    crowd = crowd_of(behaviours_of(config), config.federation.scenario, config.seed)
    with TemporaryDirectory() as keys:
        key = Path(keys, "ledger.key")
        make_key(key)
        with signing_with(key):
            open_run(out, config)
            settlement = Settlement(out, config)
            model = {"weights": np.zeros(1000, dtype=np.float32)}
            for name in strategies:
                folder = StrategyFolder(out / name)
                progress(f"writing {rounds} rounds of {contributors:,} under {name}")
                for number in range(1, rounds + 1):
                    record = drawn_round(crowd, name, number)
                    line = record.to_json()
                    if name == config.settling:
                        settlement.settle(record, model, None, line)
                    folder.append(record, line)
                folder.finish(model)
            progress("summing up, checking, writing the report")
            parse = parsed_once()
            close_run(out, config, dict(crowd.behaviours), settlement, parse=parse)
            write_report(out, parse=parse)
