"""Ports that a federation would listen on: free, or held by whom."""

from __future__ import annotations

import errno
import socket

import psutil

from server.doctor.finding import Finding, ok, problem


def check_port(purpose: str, port: int, host: str = "0.0.0.0") -> Finding:  # noqa: S104 - all of this machine's addresses are what a server would take
    """Try to take a port, and let it go again.

    Parameters
    ----------
    purpose : str
        What would listen there.
    host : str
        Address that it would be bound to.
    """
    name = "ports"
    with socket.socket() as probe:
        # As servers do: what is left of closed connections holds nobody up.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except PermissionError:
            return problem(
                name,
                f"port {port} for {purpose} is for the administrator alone",
                "choose one from 1024 on",
            )
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                return problem(name, f"port {port} for {purpose}: {error}", "choose another")
            return problem(
                name,
                f"port {port} for {purpose} is held by {_holder(port)}",
                "stop it, unless it is this federation's own; or choose another port",
            )
    return ok(name, f"port {port} for {purpose} is free")


def _holder(port: int) -> str:
    """Name the process that listens on a port."""
    try:
        held = [
            one
            for one in psutil.net_connections(kind="tcp")
            if one.laddr and one.laddr.port == port and one.status == psutil.CONN_LISTEN
        ]
        for one in held:
            if one.pid is not None:
                # Not its command line: others' have tokens in it.
                return f"process {one.pid} ({psutil.Process(one.pid).name()})"
    except psutil.Error:
        pass  # macOS shows this to the administrator alone
    return "a process that only the administrator may see"
