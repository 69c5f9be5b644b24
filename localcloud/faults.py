"""Faults for drills: a server's processes killed, stopped, cut off the network, or let go on."""

from __future__ import annotations

import shlex
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal, get_args

import psutil

from localcloud import cuts, daemon
from localcloud.errors import LocalCloudError, NotRunning
from localcloud.site import Site

Fault = Literal["kill", "stop", "cut", "continue"]
_SIGNALS: Mapping[Fault, signal.Signals] = {
    "stop": signal.SIGSTOP,
    "continue": signal.SIGCONT,
}
FAULTS: tuple[Fault, ...] = get_args(Fault)


class NoSuchServer(LocalCloudError):
    """Nobody runs under this identifier."""


def inflict(site: Site, fault: Fault, identifier: str, region: str | None = None) -> str:
    """Do ``fault`` to the server of a database; what was done, in words.

    It reaches all its processes: PostgreSQL has one for each client. ``continue`` takes back a stop
    and a cut.
    """
    pid = _pid(site, identifier, region)
    try:
        server = psutil.Process(pid)
        if fault == "kill":
            _kill(server)
            return f"SIGKILL to {identifier}, pid {pid}"
        processes = [server, *server.children(recursive=True)]
        if fault == "cut":
            ends = sum(cuts.cut(process.pid) for process in processes)
            return f"{identifier}, pid {pid}, hears nothing any more at {ends} sockets"
        for process in processes:
            if fault == "continue":
                cuts.mend(process.pid)
            process.send_signal(_SIGNALS[fault])
    except (psutil.NoSuchProcess, ProcessLookupError, FileNotFoundError) as error:
        raise NoSuchServer(f"the server of {identifier} (pid {pid}) has just ended") from error
    return f"{_SIGNALS[fault].name} to {identifier}, pid {pid}"


def _kill(server: psutil.Process) -> None:
    """End all processes at one moment, as a loss of power does.

    Without their first, PostgreSQL's go on for milliseconds, and show a commit that no standby has
    acknowledged. Who is stopped shows nothing, and has no new children.
    """
    server.suspend()
    children = server.children(recursive=True)
    for action in (signal.SIGSTOP, signal.SIGKILL):
        for process in children:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(action)
    server.kill()


def command(site: Site) -> str:
    """The shell command that does a fault to a server of ``site``, for the record of a stack."""
    words = (
        "env",
        f"LOCALCLOUD_STATE={site.state_dir}",
        f"LOCALCLOUD_PREFIX={site.prefix}",
        f"PYTHONPATH={Path(__file__).resolve().parent.parent}",
        sys.executable,
        *("-m", "localcloud", "fault"),
    )
    return shlex.join(words)


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
