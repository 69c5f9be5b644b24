"""What a MariaDB server is doing: its clients, its statements, its CPU."""

from __future__ import annotations

import time
from dataclasses import dataclass

import psutil

from localcloud.errors import ServerFailed
from localcloud.servers.mariadb import MariaDB
from localcloud.servers.mariadb_replication import REPLICATION_USER

_SESSIONS = f"""
SELECT COALESCE(SUM(logged_in), 0) AS clients,
       COALESCE(SUM(logged_in AND COMMAND <> 'Sleep'), 0) AS running,
       COALESCE(SUM(NOT logged_in), 0) AS arriving,
       (SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS
        WHERE VARIABLE_NAME = 'QUESTIONS') AS statements
FROM (SELECT COMMAND, USER <> 'unauthenticated user' AS logged_in
      FROM information_schema.PROCESSLIST
      WHERE HOST NOT IN ('', 'localhost') AND USER <> '{REPLICATION_USER}') AS sessions
"""
# Without a host are the server's own threads, from localhost we come, by the socket.


@dataclass(frozen=True)
class Activity:
    """Sessions of users, those ``running`` a statement, and connections still ``arriving``.

    ``statements`` and ``cpu_s`` count from the server's start; ``at`` is a monotonic second.
    """

    clients: int
    running: int
    arriving: int
    statements: int
    cpu_s: float
    at: float


def activity(server: MariaDB) -> Activity:
    """What ``server`` does now; `ServerFailed` when it does not say."""
    row = server.run(_SESSIONS)[0]
    pid = server.pid
    try:
        cpu = psutil.Process(pid).cpu_times() if pid is not None else None
    except psutil.NoSuchProcess:
        cpu = None
    if cpu is None:
        raise ServerFailed(f"{server.identifier} has just ended")
    return Activity(
        clients=int(row["clients"]),
        running=int(row["running"]),
        arriving=int(row["arriving"]),
        statements=int(row["statements"]),
        cpu_s=float(cpu.user + cpu.system),
        at=time.monotonic(),
    )
