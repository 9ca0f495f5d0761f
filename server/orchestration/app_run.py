"""A run inside somebody's own Flower app, kept as `anml run` keeps its own."""

from __future__ import annotations

import secrets
from contextlib import contextmanager
from dataclasses import dataclass, replace
from logging import INFO, WARNING
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flwr.app import Array, ArrayRecord
from flwr.common.logger import log
from pydantic import ValidationError
from safetensors.numpy import load_file

from anml_fl.run.claims import ClaimsRecord, append_claims, cut_claims
from anml_fl.run.code_hash import code_hash
from anml_fl.run.files import MODEL
from anml_fl.run.manifest import Manifest, kept_decisive, kept_run
from anml_fl.run.parsing import parsed_once
from anml_fl.run.participants import participants
from anml_fl.run.server_seed import keep_seed, kept_seed, missing
from anml_fl.run.strategy_folder import StrategyFolder
from anml_fl.settings.registry import RegistrySettings
from anml_fl.settings.run import APP, RunConfig
from anml_fl.settings.section import ConfigError
from anml_fl.settings.settlement import SettlementSettings
from anml_fl.settings.training import Training
from anml_fl.system.untrusted_text import explained
from server.orchestration.app_folder import app_folder, run_name
from server.orchestration.round_log import RoundLog
from server.orchestration.round_told import round_told
from server.orchestration.run_folder import close_run, failure_noted, finished, open_run
from server.orchestration.settlement import Settlement, check_pool, run_id
from server.report.page import write_report
from strategies.arrays import values_of
from strategies.run_log import Begun
from strategies.sampling import DrawnSeed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from strategies.claims import Claims
    from strategies.round import Round
    from strategies.run_log import Plan

    Arrays = Mapping[str, NDArray[Any]]


@dataclass(slots=True, kw_only=True)
class _Open:
    """The run that is being written."""

    out: Path
    config: RunConfig
    folder: StrategyFolder
    rounds: RoundLog
    settlement: Settlement
    manifest: Manifest
    arrays: Arrays


class AppRun:
    """Keeps an app's runs; a `strategies.run_log.RunLog`.

    Parameters
    ----------
    save : str or Path
        The folder, seen from that of the process; `~` is the home folder. Where it holds a
        finished run or one with other settings, the next free name is taken: `mine-2`.
    pool : int
        Micro-units that a round shares out by weight.
    record_updates : bool
        Whether each round's updates are kept.

    Raises
    ------
    ConfigError
        If there is no such folder, or a number lies outside its range.
    """

    def __init__(self, save: str | Path, **settlement: Any) -> None:
        if not str(save):
            raise ConfigError("save must name a folder, such as 'runs/mine', got ''")
        try:
            # Absolute now: an app may change its working folder.
            self._save = Path(save).expanduser().absolute()
        except RuntimeError as error:
            raise ConfigError(f"save: {save!r} names no folder: {error}") from error
        try:
            self._settlement = SettlementSettings(**settlement)
        except ValidationError as error:
            raise ConfigError(explained(error)) from error
        self._open: _Open | None = None

    @contextmanager
    def running(self, plan: Plan) -> Iterator[Begun]:
        """Open the run's folder, or go on with the run in it; close it when the block ends.

        Raises
        ------
        ConfigError
            If the folder holds something else, another process writes to it, or the run in it
            has another model.
        LedgerError, CheckpointError
            If what is there does not fit its ledger, or is damaged.
        """
        _check_arrays(plan.arrays)
        with (
            app_folder(
                self._save,
                lambda name: self._settings(plan, name),
                lambda out: _differing(plan, out),
            ) as (out, config),
            failure_noted(out),
        ):
            log(INFO, "this run is kept in %s", out)
            try:
                yield self._begin(plan, out, config)
            except KeyboardInterrupt:
                log(WARNING, "stopped; the same app goes on with the run in %s", out)
                raise
            self._end()

    def claimed(self, server_round: int, claims: Claims) -> None:
        """Write down what contributors say of a round's model."""
        record = ClaimsRecord(
            server_round,
            claims.values,
            claims.examples,
            dict(claims.left_out),
            claims.leading,
            claims.metrics,
        )
        append_claims(self._running.folder.path, record)

    def add(self, done: Round) -> None:
        """Keep a round, settle it, let reputations move by it, and write it down."""
        run = self._running
        run.arrays = values_of(done.arrays)
        run.manifest.add(done.codes, done.own)
        run.rounds.add(done, run.arrays, {})
        log(INFO, "%s", round_told(done.record))

    @property
    def _running(self) -> _Open:
        if self._open is None:
            raise RuntimeError("no run is open: rounds are kept within `running`")
        return self._open

    def _settings(self, plan: Plan, name: str) -> RunConfig:
        """Say of a run what its strategy knows, and nothing else."""
        try:
            config = RunConfig(
                name=run_name(name),
                engine=APP,
                strategies=(plan.rule.name,),
                training=Training(
                    rounds=plan.rounds, timeout=plan.timeout, min_replies=plan.min_replies
                ),
                aggregation=plan.rule.settings,
                registry=RegistrySettings(reputation=plan.signals.reputation),
                settlement=self._settlement,
            )
        except ValidationError as error:
            raise ConfigError(f"save: this run cannot be kept: {explained(error)}") from error
        check_pool(config)
        return config

    def _begin(self, plan: Plan, out: Path, config: RunConfig) -> Begun:
        open_run(out, config)
        name, run, code = config.settling, run_id(config), code_hash()
        # A folder that was removed leaves its rounds in the registry: a run under its name and
        # settings is another one, and draws a name.
        drawn = f"{config.name}-{secrets.token_hex(8)}"
        called = plan.signals.run or kept_run(out) or drawn
        folder = StrategyFolder(out / name)
        before = _seed_of(out)
        seed = plan.seed if before is None else before
        about: dict[str, Any] = {"decisive": dict(plan.decisive)}
        if not isinstance(seed, DrawnSeed):
            about["sampling_seed"] = seed
        elif before is None:
            if folder.begun():
                raise missing(out)
            keep_seed(out, seed)
        manifest = Manifest(out, config, code, {}, called, about)
        over = finished(out, config, name)
        kept = None if over else folder.resume(run)
        settlement = Settlement(out, config)
        rounds = RoundLog(
            run=run,
            seed=config.seed,
            code=code,
            folder=folder,
            settlement=settlement,
            keeps_updates=config.settlement.record_updates,
            signals=replace(plan.signals, run=called),
        )
        arrays: Arrays = values_of(plan.arrays)
        if over or kept is not None:
            model = load_file(folder.path / MODEL) if kept is None else kept.arrays
            arrays = _same_model(model, arrays, out)
        if kept is not None:
            rounds.take_up(kept)
            cut_claims(folder.path, kept.record.round, of_each=False)
        self._open = _Open(
            out=out,
            config=config,
            folder=folder,
            rounds=rounds,
            settlement=settlement,
            manifest=manifest,
            arrays=arrays,
        )
        records = folder.records() if over or kept is not None else []
        if records:
            log(
                WARNING,
                "%s holds %d of %d rounds already: it goes on after them, with their model"
                " instead of the app's initial_arrays",
                out,
                len(records),
                config.training.rounds,
            )
        return Begun(
            arrays=ArrayRecord({key: Array(value) for key, value in arrays.items()}),
            run=called,
            records=records,
            state={} if kept is None else kept.state,
            seed=seed,
        )

    def _end(self) -> None:
        run, self._open = self._running, None
        run.folder.finish(run.arrays)
        parse = parsed_once()
        people = participants(StrategyFolder(run.folder.path, parse).records())
        close_run(run.out, run.config, people, run.settlement, parse=parse)
        page = write_report(run.out, parse=parse)
        log(INFO, "this run is kept in %s; its page: %s", run.out, page)


def _differing(plan: Plan, out: Path) -> str:
    """Name the options by which a run in a folder decides otherwise; "" if there is none."""
    (kept, _), seed = kept_decisive(out), _seed_of(out)
    names = sorted({*kept} | {*plan.decisive}) if kept else []
    found = [name for name in names if kept.get(name) != plan.decisive.get(name)]
    if not isinstance(plan.seed, DrawnSeed) and seed not in (None, plan.seed):
        found.append("seed")
    return ", ".join(found)


def _seed_of(out: Path) -> int | None:
    """Read by which seed a run in a folder draws, if there is one."""
    drawn = kept_seed(out)
    return kept_decisive(out)[1] if drawn is None else DrawnSeed(drawn)


def _check_arrays(arrays: ArrayRecord) -> None:
    """Refuse what a file of the model cannot hold, before anyone trains."""
    for name, array in arrays.items():
        if array.dtype == "complex128":
            raise ConfigError(
                f"save: array {name!r} is complex128, which safetensors cannot hold: make it"
                " complex64, or two arrays of float64"
            )


def _same_model(kept: Arrays, own: Arrays, out: Path) -> Arrays:
    """Put a kept model into the app's order; refuse another one."""
    forms = [{name: (a.shape, a.dtype) for name, a in of.items()} for of in (kept, own)]
    if forms[0] != forms[1]:
        names = sorted({*kept} | {*own})
        name = next(n for n in names if forms[0].get(n) != forms[1].get(n))
        raise ConfigError(
            f"save: {out} holds an interrupted run of another model (array {name!r} is"
            f" {_form(kept.get(name))} there, {_form(own.get(name))} in this app): remove the"
            " folder, or give another one"
        )
    # A file does not keep the order, and sums over a vector follow it.
    return {name: kept[name] for name in own}


def _form(array: NDArray[Any] | None) -> str:
    return "missing" if array is None else f"{array.dtype.name} {array.shape}"
