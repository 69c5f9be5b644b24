"""Faults for drills: a server's processes killed, stopped, or let go on."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from typing import Any, Literal

import psutil

from localcloud import daemon
from localcloud.errors import LocalCloudError, NotRunning
from localcloud.site import Site

Fault = Literal["kill", "stop", "continue"]
_SIGNALS: Mapping[Fault, signal.Signals] = {
    "kill": signal.SIGKILL,
    "stop": signal.SIGSTOP,
    "continue": signal.SIGCONT,
}
FAULTS: tuple[Fault, ...] = tuple(_SIGNALS)


class NoSuchServer(LocalCloudError):
    """Nobody runs under this identifier."""


def inflict(site: Site, fault: Fault, identifier: str, region: str | None = None) -> str:
    """Send ``fault`` to the server of a database; what was done, in words.

    A stop reaches all its processes: PostgreSQL has one for each client.
    """
    pid = _pid(site, identifier, region)
    try:
        server = psutil.Process(pid)
        stopped = [server] if fault == "kill" else [server, *server.children(recursive=True)]
        for process in stopped:
            process.send_signal(_SIGNALS[fault])
    except psutil.NoSuchProcess as error:
        raise NoSuchServer(f"the server of {identifier} (pid {pid}) has just ended") from error
    return f"{_SIGNALS[fault].name} to {identifier}, pid {pid}"


def _pid(site: Site, identifier: str, region: str | None) -> int:
    answer = daemon.page(site, daemon.SERVERS, 5)
    if answer is None:
        raise NotRunning(
            f"no local cloud answers on {site.endpoint_url}; `python -m localcloud up` starts it"
        )
    found: list[dict[str, Any]] = [
        row
        for row in answer["servers"]
        if row["identifier"] == identifier
        and row["kind"] != "endpoint"
        and region in (None, row["region"])
        and row["pid"] is not None
    ]
    if len(found) != 1:
        names = sorted({row["identifier"] for row in answer["servers"] if row["pid"] is not None})
        why = "no server" if not found else f"{len(found)} servers; say which by --region"
        raise NoSuchServer(f"{identifier!r} has {why}; there are {', '.join(names) or 'none'}")
    return int(found[0]["pid"])
