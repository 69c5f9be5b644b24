"""The process behind the endpoint: one a state folder, found by its lock, stopped by its pid."""

from __future__ import annotations

import errno
import http.client
import json
import logging
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from dataclasses import asdict
from pathlib import Path
from typing import Any

from localcloud import state_folder
from localcloud.errors import (
    BadSetting,
    LocalCloudError,
    NotRunning,
    PortBusy,
)
from localcloud.launch import tail
from localcloud.records import write_atomically
from localcloud.site import Site

log = logging.getLogger(__name__)

HEALTH = "/_localcloud/health"
SERVERS = "/_localcloud/servers"
_PAGES = {HEALTH: "pid", SERVERS: "servers"}
"""What a page of ours has for certain."""
STOP_DEADLINE_S = 30.0
EXPLAINED = 2
"""The exit code of a command that has said in one sentence why it failed."""
READY_S = 60.0
"""Longer than the slowest machine needs; one that has ended is not waited for."""
_POLL_S = 0.02


def log_path(site: Site) -> Path:
    """Where the daemon writes what it does."""
    return site.state_dir / "daemon.log"


def health(site: Site, timeout_s: float = 1.0) -> dict[str, Any] | None:
    """What the daemon says of itself, None when it does not answer within ``timeout_s``."""
    return page(site, HEALTH, timeout_s)


def page(site: Site, path: str, timeout_s: float) -> dict[str, Any] | None:
    """One of the daemon's own pages, None when there is no daemon or something else answers."""
    try:
        with urllib.request.urlopen(site.endpoint_url + path, timeout=timeout_s) as answer:
            found = json.load(answer)
    except (urllib.error.URLError, http.client.HTTPException, OSError, ValueError):
        return None
    return found if isinstance(found, dict) and _PAGES[path] in found else None


def serve(site: Site) -> int:
    """Run the endpoint until SIGTERM or SIGINT; returns 0. The servers keep running.

    Raises `AlreadyRunning`, `PortBusy` or `StateUnreadable`.
    """
    state_folder.prepare(site)
    with state_folder.only_daemon(site):
        _log_to(log_path(site))
        try:
            return _serve(site)
        except LocalCloudError:
            log.exception("the daemon gave up")
            raise
        finally:
            (site.state_dir / "daemon.json").unlink(missing_ok=True)


def _serve(site: Site) -> int:
    # moto and its models take half a second: only the daemon pays it, not who asks for health.
    from werkzeug.serving import WSGIRequestHandler, make_server

    from localcloud.fleet import Fleet
    from localcloud.wiring import build, warm

    class Handler(WSGIRequestHandler):  # type: ignore[misc]
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        def log(self, type: str, message: str, *args: Any) -> None:
            pass

    _claim_port(site)
    fleet = Fleet(site)
    fleet.recover()
    try:
        front = build(site, fleet, {HEALTH: _ready, SERVERS: lambda: _servers(fleet)})
        server = make_server(
            site.endpoint_host, site.endpoint_port, front, threaded=True, request_handler=Handler
        )
        server.daemon_threads = True
        stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
        threading.Thread(target=warm, name="warm", daemon=True).start()
        worker = threading.Thread(
            target=server.serve_forever, args=(_POLL_S,), name="http", daemon=True
        )
        worker.start()
        about = {"pid": os.getpid(), "endpoint_url": site.endpoint_url}
        write_atomically(site.state_dir / "daemon.json", json.dumps(about).encode())
        log.info("ready at %s, pid %d", site.endpoint_url, os.getpid())
        front.open()
        gauges, heartbeats = fleet.gauges, fleet.heartbeats
        gauges.open()
        if site.replaces_silent:
            heartbeats.open()
        stopping.wait()
        log.info("stopping; the servers keep running")
        heartbeats.close()
        gauges.close()
        front.close()
        server.shutdown()
        worker.join(5)
        server.server_close()
    finally:
        fleet.close()
    return 0


def _claim_port(site: Site) -> None:
    # werkzeug prints and exits on a busy port; ask first, and in our own words.
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((site.endpoint_host, site.endpoint_port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise BadSetting(
                    f"{site.endpoint_host}:{site.endpoint_port} cannot be used: {error.strerror}; "
                    "is the loopback interface up?"
                ) from error
            raise PortBusy(f"{site.endpoint_host}:{site.endpoint_port}") from error


def _ready() -> dict[str, Any]:
    return {"status": "ready", "pid": os.getpid()}


def _servers(fleet: Any) -> dict[str, Any]:
    return {"servers": [asdict(row) for row in fleet.listing()]}


def _log_to(path: Path) -> None:
    handler = logging.FileHandler(path)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    logging.getLogger("localcloud").setLevel(logging.DEBUG)


def spawn_unless_running(site: Site) -> subprocess.Popen[bytes] | None:
    """Start the daemon detached if there is none, without waiting for it.

    Raises `PortBusy` when another program has the endpoint's address, `BadSetting` when the
    state folder cannot be ours.
    """
    if state_folder.locked(site):
        return None
    _claim_port(site)
    state_folder.prepare(site)
    return _spawn(site)


def ensure_running(
    site: Site, deadline_s: float = READY_S, started: subprocess.Popen[bytes] | None = None
) -> int:
    """The pid of the site's daemon, started detached if there is none.

    ``started`` is what `spawn_unless_running` gave a moment ago.

    Raises `NotRunning` with the end of the log when it is not ready within ``deadline_s``,
    `PortBusy` when another program answers on the endpoint.
    """
    found = health(site, 0.5) if state_folder.locked(site) else None
    if found is not None:
        return int(found["pid"])
    started = started or spawn_unless_running(site)
    end = time.monotonic() + deadline_s
    while time.monotonic() < end:
        found = health(site, 0.5)
        if found is not None:
            return int(found["pid"])
        if started is not None and started.poll() is not None and not state_folder.locked(site):
            break
        time.sleep(_POLL_S)
    if started is not None and started.poll() == EXPLAINED:
        explained = log_path(site).read_text(errors="replace").rpartition("\nlocalcloud: ")[2]
        raise NotRunning(f"the local cloud does not start: {explained.strip()}")
    raise NotRunning(
        f"the local cloud did not become ready within {deadline_s:.0f} s; the end of "
        f"{log_path(site)}:\n{tail(log_path(site), 15)}"
    )


def _spawn(site: Site) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "LOCALCLOUD_STATE": str(site.state_dir),
        "LOCALCLOUD_PREFIX": site.prefix,
        "LOCALCLOUD_SILENT": "replace" if site.replaces_silent else "leave",
    }
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
        # moto must not find another cloud by the caller's settings.
        environment.pop(name, None)
    root = str(Path(__file__).resolve().parent.parent)
    with log_path(site).open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "localcloud", "serve"],
            cwd=root,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


def stop(site: Site) -> None:
    """Stop the daemon, then every server; the data stays. Works when the daemon is dead."""
    _stop_daemon(site)
    from localcloud.fleet import Fleet

    Fleet(site).down()


def _stop_daemon(site: Site) -> None:
    pid = state_folder.daemon_pid(site)
    if pid is None:
        return
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        # The lock is asked again with the handle open: the pid can not be somebody else's now.
        if state_folder.daemon_pid(site) != pid:
            return
        signal.pidfd_send_signal(handle, signal.SIGTERM)
        if not _ended(handle, STOP_DEADLINE_S):
            log.warning("daemon %d did not stop in %.0f s: killed", pid, STOP_DEADLINE_S)
            signal.pidfd_send_signal(handle, signal.SIGKILL)
            _ended(handle, STOP_DEADLINE_S)
    except ProcessLookupError:
        return
    finally:
        os.close(handle)


def _ended(handle: int, timeout_s: float) -> bool:
    poller = select.poll()
    poller.register(handle, select.POLLIN)
    return bool(poller.poll(timeout_s * 1000))
