"""All checks of an installation, one after the other."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from anml_fl.ledger.key_file import KEY_FILE
from anml_fl.settings.section import ConfigError
from server.deployment.state import State
from server.doctor.bundle import check_bundle
from server.doctor.certificates import check_certificates
from server.doctor.clock import check_steadiness, check_superlink
from server.doctor.database import check_database
from server.doctor.finding import Finding, ok, problem
from server.doctor.keys import check_ledger_key, check_node_keys
from server.doctor.modes import check_modes
from server.doctor.own_table import OwnTable, check_policy, check_table
from server.doctor.ports import check_port
from server.doctor.storage import check_storage
from server.doctor.switches import check_proxy, check_switches
from server.doctor.versions import check_device, check_imports, check_versions
from server.orchestration.ledger_key import key_file

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from anml_fl.settings.run import RunConfig

    Check = Callable[[], Finding | list[Finding]]


@dataclass(frozen=True, slots=True)
class Installation:
    """What is to be examined.

    Parameters
    ----------
    state : Path, optional
        A federation's state folder; None where there is none.
    database : str
        As in the setting `registry.database`; "" for the one that the state folder names.
    superlink : str
        HOST:PORT of a SuperLink that runs; "" for none.
    ports : mapping
        What would listen, and where.
    runs : Path
        Folder for results.
    secrets : tuple of Path
        Further files that nobody else may read.
    checkout : Path, optional
        The checkout whose bundle is built.
    table : OwnTable, optional
        What this machine has of its own, if it is a node's.
    """

    state: Path | None = None
    database: str = ""
    superlink: str = ""
    ports: Mapping[str, int] | None = None
    runs: Path = Path("runs")
    secrets: tuple[Path, ...] = ()
    checkout: Path | None = None
    table: OwnTable | None = None


def examine(one: Installation) -> list[Finding]:
    """Examine an installation; nothing is changed, and nothing that is wrong ends it.

    Returns
    -------
    list of Finding
        In the order of the checks.
    """
    found: list[Finding] = []
    for name, check in _checks(one):
        try:
            result = check()
        except Exception as error:  # noqa: BLE001 - a doctor must report what it did not foresee
            what = f"could not be examined: {type(error).__name__}: {error}"
            result = problem(
                name, what, "see that the file or service it names is as it was made"
            )
        found += result if isinstance(result, list) else [result]
    return found


def _checks(one: Installation) -> list[tuple[str, Check]]:
    checks: list[tuple[str, Check]] = [
        ("versions", check_versions),
        ("imports", check_imports),
        ("switches", check_switches),
        ("clock", check_steadiness),
        ("disk", partial(check_storage, one.runs)),
        ("bundle", partial(check_bundle, one.checkout)),
    ]
    checks += [
        ("ports", partial(check_port, purpose, port))
        for purpose, port in (one.ports or {}).items()
    ]
    where, device = one.database, "cpu"
    folders, secrets = [], list(one.secrets)
    if one.state is not None:
        state, config = State(one.state), _settings(one.state)
        folders.append(one.state)
        secrets += state.secrets()
        checks += _of_state(state, config, one.superlink)
        if config is not None:
            where, device = where or config.registry.database, config.training.device
        # Where the settings name none, `anml up --local` makes one.
        if not where and (own := state.local / "registry.db").exists():
            where = str(own)
    checks += [
        ("device", partial(check_device, device)),
        ("ledger key", partial(_keys, one.state, folders, secrets)),
    ]
    if one.table is not None:
        checks += [
            ("table", partial(check_table, one.table.data, one.table.schema)),
            ("egress", partial(check_policy, one.table.egress)),
        ]
    if where:
        checks.append(("database", partial(check_database, where)))
    return checks


def _keys(state: Path | None, folders: list[Path], secrets: list[Path]) -> list[Finding]:
    """Check the ledger's key, and who may read it and the other secrets."""
    try:
        ledger_key = key_file() if state is None else State(state).ledger_key
    except ConfigError as error:
        return [problem("ledger key", f"{KEY_FILE} names no file", str(error))]
    return [check_ledger_key(ledger_key), *check_modes(folders, {*secrets, ledger_key})]


def _of_state(
    state: State, config: RunConfig | None, superlink: str
) -> list[tuple[str, Check]]:
    """List the checks of what only a federation's state folder has."""
    # Without settings to say who the nodes are: the folders that there are.
    folders = (
        sorted((state.folder / "nodes").glob("*"))
        if config is None
        else [node.folder for node in state.nodes(config)]
    )
    # SuperLink's own programs reach it there.
    hosts = ["127.0.0.1"]
    checks: list[tuple[str, Check]] = [("settings", partial(_readable, state))]
    if superlink:
        host = superlink.rpartition(":")[0].strip("[]")
        hosts.append(host)
        checks += [
            ("proxy", partial(check_proxy, host)),
            ("superlink", partial(check_superlink, superlink, state.ca)),
        ]
    certificates = (state.ca, state.server_certificate, state.server_key, hosts)
    return [
        *checks,
        ("certificates", partial(check_certificates, *certificates)),
        ("node keys", partial(check_node_keys, folders)),
    ]


def _settings(folder: Path) -> RunConfig | None:
    try:
        return State(folder).config()
    except (OSError, ValueError):
        return None  # `_readable` says why


def _readable(state: State) -> Finding:
    try:
        config = state.config()
    except (OSError, ValueError) as error:
        remedy = "mend the file, or move the folder away and let `anml up` make another"
        return problem("settings", str(error), remedy)
    total = config.federation.contributors
    return ok("settings", f"{state.folder}: {config.name}, {total} nodes")
