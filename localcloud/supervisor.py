"""Owns the servers' processes: starts them, knows them again after a crash, sees them die.

Servers live in sessions of their own and outlive the daemon. One registry file a server,
in the run folder, says which process it is; a process that carries our state folder in its
arguments and is in no registry is an orphan of a kill between fork and registry, and goes.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import select
import signal
import subprocess
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path

from localcloud.errors import ServerFailed
from localcloud.launch import Launch, spawn, tail
from localcloud.processes import Process, command_lines, descends_from, wait_for_end
from localcloud.records import write_atomically
from localcloud.site import Site

log = logging.getLogger(__name__)

STOP_S = 15.0
_KILL_S = 5.0
_PROGRAMS = frozenset(
    {
        "haproxy",
        "initdb",
        "mariadbd",
        "memcached",
        "memcached_discovery.py",
        "pg_basebackup",
        "pgbouncer",
        "postgres",
        "redis-server",
        "valkey-server",
    }
)
_WORKER = "localcloud.migration"
"""The module of a migration's worker, whose program is Python."""
OnDeath = Callable[[], None]


class Supervisor:
    """The processes of one site. Safe to use from several threads."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._registry = site.run_dir
        self._lock = threading.RLock()
        self._children: dict[int, subprocess.Popen[bytes]] = {}
        self._watched: dict[int, tuple[str, OnDeath]] = {}
        self._stale: list[int] = []
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._closing = False
        self._watcher: threading.Thread | None = None
        self._reactions = ThreadPoolExecutor(8, thread_name_prefix="reaction")

    def start(self, launch: Launch) -> Process:
        """Start a server. Whether it answers is for its caller to find out."""
        self._registry.mkdir(parents=True, exist_ok=True)
        child = spawn(launch)
        process = Process.of(child.pid)
        if process is None:
            child.wait()
            raise ServerFailed(
                f"{launch.name} did not start, it ended at once; "
                f"see {launch.log}:\n{tail(launch.log)}"
            )
        process = replace(process, ends_by=launch.ends_by)
        with self._lock:
            self._children[child.pid] = child
        write_atomically(self._entry(launch.name), json.dumps(asdict(process)).encode())
        return process

    def running(self, name: str) -> Process | None:
        """The live process of ``name``, also one that an earlier daemon started."""
        process = self._registered(name)
        return process if process is not None and process.alive else None

    def watch(self, name: str, reaction: OnDeath) -> None:
        """Call ``reaction`` in a thread of ours once, when the process of ``name`` dies.

        A process that is dead already counts.
        """
        process = self.running(name)
        handle = process.open() if process is not None else None
        if handle is None:
            self._react(name, reaction)
            return
        with self._lock:
            self._watched[handle] = (name, reaction)
            if self._watcher is None:
                self._watcher = threading.Thread(target=self._watching, name="watch", daemon=True)
                self._watcher.start()
        self._nudge()

    def unwatch(self, name: str) -> None:
        """Forget the reaction for ``name``: its end is wanted."""
        with self._lock:
            for handle in [h for h, (watched, _) in self._watched.items() if watched == name]:
                del self._watched[handle]
                # The watcher closes it: it may be polling on it just now.
                self._stale.append(handle)
        self._nudge()

    def stop(self, name: str, *, kill: bool = False) -> None:
        """End the process of ``name`` and forget it: by its signal, after a while SIGKILL."""
        self.unwatch(name)
        process = self.running(name)
        if process is not None:
            self._end([process], kill=kill)
        self._entry(name).unlink(missing_ok=True)

    def stop_all(self) -> None:
        """End every registered process and every orphan; works for a dead daemon's, too."""
        names = self.names()
        for name in names:
            self.unwatch(name)
        self._end([p for p in map(self.running, names) if p is not None])
        self.stop_orphans()
        for name in names:
            self._entry(name).unlink(missing_ok=True)

    def stop_orphans(self) -> None:
        """Kill servers of this site that no registry file names."""
        known = {p.pid for p in map(self.running, self.names()) if p is not None}
        marks = (f"{self._site.state_dir}/", f"{self._site.run_dir}/")
        orphans = []
        for pid, argv in command_lines().items():
            ours = _is_server(argv) and any(m in a for a in argv for m in marks)
            # A server's own child shows its arguments until it has given itself a title.
            if ours and pid not in known and not descends_from(pid, known):
                process = Process.of(pid)
                if process is not None:
                    log.warning("process %d (%s) is in no registry: killed", pid, argv[0])
                    orphans.append(process)
        self._end(orphans, kill=True)

    def names(self) -> list[str]:
        """Every registered server, dead or alive."""
        return sorted(entry.stem for entry in self._registry.glob("*.process"))

    def close(self) -> None:
        """Stop watching; the servers keep running."""
        with self._lock:
            if self._closing:
                return
            self._nudge()
            self._closing = True
        if self._watcher is not None:
            self._watcher.join(5)
        self._reactions.shutdown(wait=True, cancel_futures=True)
        for handle in [*self._watched, *self._stale]:
            os.close(handle)
        self._watched.clear()
        self._stale.clear()
        os.close(self._wake)

    def _nudge(self) -> None:
        with self._lock:
            # Closed, the number of the descriptor is soon somebody else's.
            if not self._closing:
                os.eventfd_write(self._wake, 1)

    def _end(self, processes: list[Process], *, kill: bool = False) -> None:
        for process in processes:
            process.signal(signal.SIGKILL if kill else process.ends_by)
        stubborn = wait_for_end(processes, _KILL_S if kill else STOP_S)
        for process in stubborn:
            log.warning("process %d did not end in time: killed", process.pid)
            process.signal(signal.SIGKILL)
        left = wait_for_end(stubborn, _KILL_S)
        with self._lock:
            for process in processes:
                child = self._children.pop(process.pid, None)
                if child is not None:
                    child.poll()
        if left:
            raise ServerFailed(f"process {left[0].pid} cannot be killed")

    def _entry(self, name: str) -> Path:
        return self._registry / f"{name}.process"

    def _registered(self, name: str) -> Process | None:
        try:
            return Process(**json.loads(self._entry(name).read_text()))
        except (FileNotFoundError, ValueError, TypeError):
            return None

    def _watching(self) -> None:
        while True:
            with self._lock:
                if self._closing:
                    return
                for handle in self._stale:
                    os.close(handle)
                self._stale.clear()
                handles = list(self._watched)
            poller = select.poll()
            poller.register(self._wake, select.POLLIN)
            for handle in handles:
                poller.register(handle, select.POLLIN)
            ready = [handle for handle, _ in poller.poll()]
            with contextlib.suppress(BlockingIOError):
                os.eventfd_read(self._wake)
            for handle in ready:
                with self._lock:
                    found = self._watched.pop(handle, None)
                if found is not None:
                    os.close(handle)
                    self._react(*found)

    def _react(self, name: str, reaction: OnDeath) -> None:
        def guarded() -> None:
            try:
                reaction()
            except Exception:
                # The last place to say it: nobody waits for a reaction's result.
                log.exception("the death of %s could not be dealt with", name)

        with self._lock:
            if self._closing:
                return
            process = self._registered(name)
            child = self._children.pop(process.pid, None) if process else None
            self._reactions.submit(guarded)
        if child is not None:
            child.poll()


def _is_server(argv: list[str]) -> bool:
    # A script of ours is an argument of Python, right after its flag.
    named = {Path(argument).name for argument in argv[:3]}
    return bool(named & _PROGRAMS) or _WORKER in argv
