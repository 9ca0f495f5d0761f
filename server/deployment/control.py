"""What is asked of a running SuperLink: register keys, submit a run, say how it ended."""

from __future__ import annotations

import re
import ssl
import subprocess
import time
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx
import tomli_w
from flwr.common.serde import run_from_proto
from flwr.proto.control_pb2 import (
    ListRunsRequest,
    RegisterNodeRequest,
    StopRunRequest,
)
from flwr.supercore.control import ControlHttpClient
from flwr.supercore.error import ApiErrorCode, FlowerError
from flwr.supercore.interceptors import RuntimeVersionHttpInterceptor

from anml_fl.registry.clock import now
from anml_fl.registry.domain import Contributor
from anml_fl.registry.keys import node_key
from anml_fl.registry.sql import SqlRegistry
from anml_fl.settings.section import ConfigError
from anml_fl.system import proxies
from anml_fl.system.files import write_whole
from server.deployment.credentials import ShownSecret, credentials
from server.engines.processes import script
from server.engines.simulation import write_app

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from sqlalchemy import Engine

    from anml_fl.settings.run import RunConfig
    from server.deployment.state import Node

CONNECTION = "anml"
# Of Table 4's, the one whose decay rate is the settings' default. Another can be given by
# `anml registry add contributor` before.
_DOMAIN = "fast-moving research"
_STARTED = re.compile(r"Successfully started run (\d+)")


class ControlError(RuntimeError):
    """SuperLink cannot be reached, or refuses: says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended, as SuperLink has it.

    Parameters
    ----------
    status : str
        "completed", "failed" or "stopped"; "" while it goes on.
    """

    status: str
    details: str


class Control:
    """A SuperLink's Control API, over TLS.

    Parameters
    ----------
    address : str
        HOST:PORT.
    ca : Path
        Certificate of the authority that it must show.
    home : Path
        Folder for what Flower's command line keeps; made if needed.
    secret : str, optional
        The owner's.
    """

    def __init__(self, address: str, ca: Path, home: Path, secret: str | None = None) -> None:
        self.address = address
        self._ca = ca.resolve()
        self._home = home.resolve()
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        connection = {"address": address, "root-certificates": str(self._ca)}
        write_whole(
            self._home / "config.toml",
            tomli_w.dumps(
                {"superlink": {"default": CONNECTION, CONNECTION: connection}}
            ).encode(),
        )
        host = address.rpartition(":")[0].strip("[]")
        self._own = proxies.own(host)
        proxy = "" if self._own else proxies.between(host)
        # For messages: a proxy refuses in its own words, as if they were SuperLink's.
        self._where = f"SuperLink at {address}" + (
            f", through {proxy} (NO_PROXY={host} would go past it)" if proxy else ""
        )
        write_whole(self._home / "credentials.yaml", credentials(address, secret), mode=0o600)
        authority = self._ca.read_bytes()
        try:
            with proxies.bypassed() if self._own else nullcontext():
                self._client = ControlHttpClient.from_server_address(
                    address,
                    insecure=False,
                    root_certificates=authority,
                    interceptors=[
                        RuntimeVersionHttpInterceptor(component_name="flwr CLI"),
                        *([] if secret is None else [ShownSecret(secret)]),
                    ],
                )
        except (ImportError, httpx.InvalidURL, ValueError) as error:
            # A proxy of a kind, or by a name, that the client cannot use.
            raise ControlError(f"{self._where} cannot be called: {error}") from error

    def wait(self, seconds: float) -> None:
        """Wait until SuperLink answers.

        Raises
        ------
        ControlError
            If it does not in time, or shows a certificate that does not hold.
        """
        context = ssl.create_default_context(cafile=str(self._ca))
        end = time.monotonic() + seconds
        while True:
            try:
                # As every other call: elsewhere through the proxy, if there is one.
                url, proxied = f"https://{self.address}/health", not self._own
                with httpx.Client(verify=context, trust_env=proxied, timeout=2.0) as client:
                    if client.get(url).is_success:
                        return
                why = "it is not healthy"
            except httpx.HTTPError as error:
                why = str(error) or type(error).__name__
                if "CERTIFICATE_VERIFY_FAILED" in why or "WRONG_VERSION_NUMBER" in why:
                    raise ControlError(
                        f"{self._where} cannot be trusted: {why}; expected is a"
                        f" certificate that {self._ca} vouches for"
                    ) from error
            if time.monotonic() > end:
                raise ControlError(
                    f"{self._where} did not answer within {seconds:.0f} s: {why}"
                )
            time.sleep(0.2)

    def register(self, nodes: Iterable[Node]) -> None:
        """Let nodes in; those that are registered already stay so.

        Raises
        ------
        ControlError
            If SuperLink refuses one.
        """
        for node in nodes:
            request = RegisterNodeRequest(public_key=node_key(node.public), name=node.name)
            try:
                self._client.RegisterNode(request)
            except httpx.HTTPStatusError as error:
                refusal = FlowerError.from_json(error.response.text)
                if refusal and refusal.code == ApiErrorCode.PUBLIC_KEY_ALREADY_IN_USE:
                    continue
                raise ControlError(
                    f"SuperLink refuses {node.name}'s key: {_why(error)}"
                ) from error
            except httpx.HTTPError as error:
                raise ControlError(f"{self._where}: {error}") from error

    def submit(self, config: RunConfig, out: Path, environment: Mapping[str, str]) -> int:
        """Submit a run.

        Parameters
        ----------
        out : Path
            Folder for its results, as SuperLink's machine names it.
        environment : mapping
            Of Flower's command line.

        Returns
        -------
        int
            The run's id.

        Raises
        ------
        ControlError
            If it is not accepted.
        """
        work = self._home / "submitted"
        work.mkdir(exist_ok=True)
        app = write_app(work, config, out)
        done = subprocess.run(  # noqa: S603 - our own scripts, no shell
            [script("flwr"), "run", str(app), CONNECTION],
            cwd=work,
            env={**environment, "FLWR_HOME": str(self._home)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
        if found := _STARTED.search(done.stdout):
            return int(found[1])
        said = " ".join((done.stderr or done.stdout).split())
        raise ControlError(
            f"the run was not accepted by {self._where} (flwr run left with"
            f" {done.returncode}): {said}"
        )

    def ending(self, run: int) -> Ending:
        """Say how a run ended, if it has.

        Raises
        ------
        ControlError
            If SuperLink cannot be asked.
        """
        try:
            reply = self._client.ListRuns(ListRunsRequest(run_id=run))
        except httpx.HTTPStatusError as error:
            refusal = FlowerError.from_json(error.response.text)
            if refusal and refusal.code == ApiErrorCode.RUN_ID_NOT_FOUND:
                # One that keeps nothing on disk was started again.
                return Ending("failed", "SuperLink does not know it any more")
            raise ControlError(f"SuperLink on run {run}: {_why(error)}") from error
        except httpx.HTTPError as error:
            raise ControlError(f"{self._where}: {error}") from error
        status = run_from_proto(reply.run_dict[run]).status
        return Ending(status.sub_status, status.details)

    def stop(self, run: int) -> None:
        """Stop a run, if it still goes on and SuperLink can be reached."""
        with suppress(httpx.HTTPError):
            self._client.StopRun(StopRunRequest(run_id=run))

    def close(self) -> None:
        """Close the connection."""
        self._client.close()


def _why(error: httpx.HTTPStatusError) -> str:
    """Say what SuperLink said."""
    with suppress(ValueError, TypeError, KeyError):
        return str(error.response.json()["detail"])
    return error.response.text or str(error)


def enrol(engine: Engine, nodes: Iterable[Node]) -> None:
    """Register which key is whose; what the registry has already stays.

    Raises
    ------
    ConfigError
        If it knows a contributor by another key, or a key as another's.
    """
    registry = SqlRegistry(engine, clock=now)
    moment = registry.now()
    keys = {one.identity: one.public_key for one in registry.contributors(moment)}
    owners = {key: name for name, key in keys.items()}
    for node in nodes:
        key = node_key(node.public)
        if keys.get(node.name, key) != key:
            raise ConfigError(
                f"the registry knows {node.name} by another key than {node.public}: put that"
                " key there again, or give another registry.database"
            )
        if owners.get(key, node.name) != node.name:
            raise ConfigError(
                f"{node.public} is {owners[key]}'s key in the registry, not {node.name}'s: a"
                " node is one contributor"
            )
        if node.name not in keys:
            registry.add_contributor(
                Contributor(node.name, node.name, _DOMAIN, key, moment), at=moment
            )
