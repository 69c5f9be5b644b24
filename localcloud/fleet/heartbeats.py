"""Ends servers that live and do not answer: whoever watches over their deaths does the rest.

SIGKILL is the fence. A server that was frozen can never awake beside its successor, because it is
dead before anybody is promoted; its clients' connections break, instead of being silent.
"""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator

from localcloud.databases.caches import Cache
from localcloud.databases.clusters import Cluster
from localcloud.databases.instances import Instance
from localcloud.databases.serverless_caches import ServerlessCache
from localcloud.databases.sharded_caches import ShardedCache
from localcloud.processes import Process
from localcloud.servers.heartbeat import Heartbeat
from localcloud.servers.machine import Machine
from localcloud.servers.mariadb import MariaDB
from localcloud.servers.member import Member
from localcloud.servers.postgres import Postgres
from localcloud.servers.redis import Redis

log = logging.getLogger(__name__)

STOPPED_S = 1.0
"""So long a process may be stopped; the kernel says it, so a busy machine is not taken for it."""
CUT_OFF_S = 3.0
"""So long no connection may get through to a server."""
MUTE_S = 20.0
"""So long one that runs may be silent, where it is asked: a machine may be as busy as that."""
_LOOK_S = 0.25
_ASK_S = 1.0
_STOP_S = 5.0
_OVERSLEPT_S = 1.0
"""Whoever was not there for so long cannot say what has happened since."""

Server = MariaDB | Postgres | Redis | Member


class Heartbeats:
    """A thread that looks at every server which something could take over from."""

    def __init__(self, machine: Machine, databases: Callable[[], Iterable[object]]) -> None:
        self._machine = machine
        self._databases = databases
        self._patients: dict[str, Patient] = {}
        self._looked_at = time.monotonic()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeats", daemon=True)

    def open(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(_STOP_S)
        for name in list(self._patients):
            self._patients.pop(name).close()

    def _run(self) -> None:
        while not self._stopping.wait(_LOOK_S):
            try:
                self.look(time.monotonic())
            except Exception:
                # The last place to say it: nobody waits for this thread.
                log.exception("a defect of the heartbeats")

    def look(self, now: float) -> None:
        """End whoever has been silent for too long at ``now`` (monotonic seconds)."""
        overslept = now - self._looked_at > _OVERSLEPT_S
        self._looked_at = now
        found = self._found()
        for name in self._patients.keys() - found.keys():
            self._patients.pop(name).close()
        for name, (server, process) in found.items():
            patient = self._patients.get(name)
            if patient is None or patient.process != process or overslept:
                if patient is not None:
                    patient.close()
                patient = self._patients[name] = Patient(server.heartbeat, process)
            why = patient.silent(now)
            if why is not None:
                log.warning("%s (pid %d) %s: killed", name, process.pid, why)
                process.signal(signal.SIGKILL)

    def _found(self) -> dict[str, tuple[Server, Process]]:
        found = {}
        for database in self._databases():
            for server in _servers(database):
                process = self._machine.supervisor.running(server.name)
                if process is not None:
                    found[server.name] = (server, process)
        return found


class Patient:
    """One process of a server."""

    def __init__(self, heartbeat: Heartbeat, process: Process) -> None:
        self.process = process
        self._stopped_at: float | None = None
        self._speaks = heartbeat.speaks()
        self._reached = heartbeat.is_reached()

    def silent(self, now: float) -> str | None:
        """Why it is as good as dead, ``None`` while it is not."""
        if not self.process.stopped:
            self._stopped_at = None
        elif self._stopped_at is None:
            self._stopped_at = now
        elif now - self._stopped_at >= STOPPED_S:
            return f"has been stopped for {now - self._stopped_at:.1f} s"
        if (cut := self._reached.age(now, _ASK_S)) >= CUT_OFF_S:
            return f"has not been reached for {cut:.1f} s"
        mute = self._speaks.age(now, _ASK_S) if self._speaks is not None else 0.0
        if mute >= MUTE_S:
            return f"has not spoken for {mute:.1f} s"
        return None

    def close(self) -> None:
        if self._speaks is not None:
            self._speaks.close()
        self._reached.close()


def _servers(database: object) -> Iterator[Server]:
    """Those that something takes over from, be it the same server started anew."""
    match database:
        case Instance(server=MariaDB() | Postgres() as server):
            yield server
        case Cluster():
            yield from list(database.servers.values())
        case Cache() | ShardedCache():
            yield from database.nodes.servers
        case ServerlessCache():
            yield database.server
