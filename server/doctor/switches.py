"""Flower's switches in the environment, and proxies that would catch its calls."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from anml_fl.system.proxies import between, own
from anml_fl.system.switches import SWITCHES
from server.doctor.finding import Finding, ok, problem, warning

if TYPE_CHECKING:
    from collections.abc import Mapping

# What Flower's open edition does not have, and stops at.
_NOT_THERE = "FLWR_OIDC_ENABLED"


def check_switches(environment: Mapping[str, str] = os.environ) -> list[Finding]:
    """Look at the switches that Flower reads.

    Examples
    --------
    >>> found = check_switches({"FLWR_OIDC_ENABLED": "1"})
    >>> [(one.check, one.status) for one in found]
    [('switches', 'problem'), ('switches', 'warning')]
    """
    found = []
    if environment.get(_NOT_THERE) == "1":
        found.append(
            problem(
                "switches",
                f"{_NOT_THERE}=1: Flower's open edition has no such log-in and would stop",
                f"unset {_NOT_THERE}",
            )
        )
    other = {
        name: environment.get(name)
        for name, value in SWITCHES.items()
        if environment.get(name) != value
    }
    if other:
        shown = ", ".join(f"{k} is {v or 'not set'}" for k, v in sorted(other.items()))
        wanted = " ".join(f"{name}={SWITCHES[name]}" for name in sorted(other))
        found.append(
            warning(
                "switches",
                f"{shown}. `anml` sets them for what it starts; flwr and flower-supernode,"
                " called by hand, would report home, look for updates or install packages",
                f"export {wanted}",
            )
        )
    return found or [ok("switches", ", ".join(f"{k}={v}" for k, v in SWITCHES.items()))]


def check_proxy(host: str) -> Finding:
    """Look for a proxy that would come between a node and SuperLink.

    Parameters
    ----------
    host : str
        SuperLink's.
    """
    proxy = between(host)
    if proxy and own(host):
        remark = "; flwr and flower-supernode, called by hand, go past it by NO_PROXY alone"
        return ok("proxy", f"{host} is this machine, which we call past {proxy}{remark}")
    if not proxy:
        return ok("proxy", f"no proxy between here and {host}")
    return warning(
        "proxy",
        f"calls to SuperLink at {host} would go through {proxy}",
        f"if that proxy does not let them through: export NO_PROXY={host}",
    )
