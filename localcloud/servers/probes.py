"""What a running server says of itself each second, over a connection that stays open.

Opening one costs ten times what the question does.
"""

from __future__ import annotations

import os
import ssl
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import redis
from pymemcache import MemcacheError
from pymemcache.client.base import Client

from localcloud.errors import ServerFailed
from localcloud.servers.mariadb import MariaDB
from localcloud.servers.mariadb_session import Session as MariaDBSession
from localcloud.servers.memcached import Memcached
from localcloud.servers.postgres import Postgres
from localcloud.servers.postgres_session import Session as PostgresSession
from localcloud.servers.redis import Redis

_TICKS = os.sysconf("SC_CLK_TCK")
_CORES = os.cpu_count() or 1
_WAIT_S = 2
_SHORTEST_S = 0.1
"""Over less time ticks say nothing."""

Level = tuple[str, float, str]
"""A metric's name, its value, its unit."""


class Probe(Protocol):
    """Of one process: another process of the same server has another probe."""

    pid: int

    def read(self) -> list[Level]:
        """`ServerFailed` or an `OSError` when it says nothing."""

    def close(self) -> None: ...


@dataclass(frozen=True)
class _Times:
    at: float
    whole: int
    first: int
    """Clock ticks of the process, and of its first thread."""


class _Cpu:
    """CPU of a process and of its children since the last look."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._last = self._now()

    def read(self) -> tuple[float, float]:
        """Per cent of this machine, and of one core by the first thread alone."""
        now, last = self._now(), self._last
        if now.at - last.at < _SHORTEST_S:
            return 0.0, 0.0
        self._last = now
        seconds = (now.at - last.at) * _TICKS
        whole = 100 * max(0, now.whole - last.whole) / seconds / _CORES
        return whole, 100 * max(0, now.first - last.first) / seconds

    def _now(self) -> _Times:
        own = f"/proc/{self._pid}/task/{self._pid}"
        whole = _ticks(f"/proc/{self._pid}/stat")
        for child in Path(own, "children").read_text().split():
            try:
                whole += _ticks(f"/proc/{child}/stat")
            except OSError:
                # A session that has just ended.
                continue
        return _Times(time.monotonic(), whole, _ticks(f"{own}/stat"))


def _ticks(stat: str) -> int:
    fields = Path(stat).read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


class MariaDBProbe:
    """CPU, connections, and how far a replica is behind in seconds: ``lag``, -1 when it stands."""

    def __init__(self, server: MariaDB, pid: int) -> None:
        self.pid = pid
        self._cpu = _Cpu(pid)
        self._opened = ExitStack()
        self._session: MariaDBSession = self._opened.enter_context(server.connect(_WAIT_S))
        self.lag: float | None = None

    def read(self) -> list[Level]:
        row = self._session.run("SHOW GLOBAL STATUS LIKE 'Threads_connected'")[0]
        status = self._session.run("SHOW SLAVE STATUS")
        self.lag = _behind(status[0]) if status else None
        # Without our own.
        return [
            ("CPUUtilization", self._cpu.read()[0], "Percent"),
            ("DatabaseConnections", max(0, int(row["Value"]) - 1), "Count"),
        ]

    def close(self) -> None:
        self._opened.close()


def _behind(status: Mapping[str, Any]) -> float:
    seconds = status["Seconds_Behind_Master"]
    return -1.0 if seconds is None else float(seconds)


_POSTGRES = """
SELECT (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') - 1 AS clients,
       pg_is_in_recovery() AS replica,
       (SELECT count(*) FROM pg_stat_wal_receiver) AS sources,
       CASE WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0
            ELSE extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())
       END AS seconds
"""


class PostgresProbe:
    """As `MariaDBProbe`."""

    def __init__(self, server: Postgres, pid: int) -> None:
        self.pid = pid
        self._cpu = _Cpu(pid)
        self._opened = ExitStack()
        self._session: PostgresSession = self._opened.enter_context(server.connect())
        self.lag: float | None = None

    def read(self) -> list[Level]:
        row = self._session.run(_POSTGRES)[0]
        self.lag = None
        if row["replica"]:
            self.lag = float(row["seconds"] or 0) if row["sources"] else -1.0
        return [
            ("CPUUtilization", self._cpu.read()[0], "Percent"),
            ("DatabaseConnections", int(row["clients"]), "Count"),
        ]

    def close(self) -> None:
        self._opened.close()


class _Counters:
    """How much counters grew since the last look; nothing at the first one."""

    def __init__(self) -> None:
        self._last: dict[str, int] = {}

    def grown(self, name: str, value: int) -> int:
        last = self._last.get(name, value)
        self._last[name] = value
        # One that went back was reset.
        return max(0, value - last)


class RedisProbe:
    """``offset``: how much of the history of its primary it has; ``source`` is the primary's host,
    ``None`` for a primary itself.
    """

    def __init__(self, server: Redis, pid: int) -> None:
        self.pid = pid
        self._cpu = _Cpu(pid)
        self._client = server.client(_WAIT_S)
        self._counters = _Counters()
        self.offset = 0
        self.source: str | None = None
        self._level_at = time.monotonic()

    def behind(self, offset: int | None) -> float:
        """Seconds since it had all that its primary had had a moment before, now ``offset``."""
        now = time.monotonic()
        if offset is None or self.offset >= offset:
            self._level_at = now
        return now - self._level_at

    def read(self) -> list[Level]:
        try:
            info: dict[str, Any] = self._client.execute_command(  # type: ignore[no-untyped-call]
                "INFO", "clients", "stats", "replication", "memory"
            )
        except (redis.RedisError, OSError) as error:
            raise ServerFailed(str(error)) from error
        whole, engine = self._cpu.read()
        most = info["maxmemory"] or info["total_system_memory"]
        found: list[Level] = [
            ("CPUUtilization", whole, "Percent"),
            ("EngineCPUUtilization", engine, "Percent"),
            ("CurrConnections", max(0, info["connected_clients"] - 1), "Count"),
            ("DatabaseMemoryUsagePercentage", 100 * info["used_memory"] / most, "Percent"),
            ("BytesUsedForCache", info["used_memory"], "Bytes"),
            *(
                (name, self._counters.grown(name, info[counter]), "Count")
                for name, counter in (
                    ("Evictions", "evicted_keys"),
                    ("CacheHits", "keyspace_hits"),
                    ("CacheMisses", "keyspace_misses"),
                    ("NewConnections", "total_connections_received"),
                )
            ),
        ]
        self.offset, self.source = info["master_repl_offset"], None
        if info["role"] == "slave":
            self.offset, self.source = info["slave_repl_offset"], info["master_host"]
            found.append(("MasterLinkHealthStatus", info["master_link_status"] == "up", "Count"))
        return found

    def close(self) -> None:
        self._client.close()


class MemcachedProbe:
    """One node, over TLS where its clients use it."""

    def __init__(self, server: Memcached, tls: bool, pid: int) -> None:
        self.pid = pid
        self._cpu = _Cpu(pid)
        context = ssl.create_default_context(cafile=str(server.ca)) if tls else None
        self._client = Client(
            (server.address.host, server.address.port),
            connect_timeout=_WAIT_S,
            timeout=_WAIT_S,
            tls_context=context,
        )
        self._counters = _Counters()

    def read(self) -> list[Level]:
        try:
            stats = {name.decode(): value for name, value in self._client.stats().items()}
        except (MemcacheError, OSError) as error:
            raise ServerFailed(str(error)) from error
        return [
            ("CPUUtilization", self._cpu.read()[0], "Percent"),
            ("CurrConnections", max(0, int(stats["curr_connections"]) - 1), "Count"),
            ("CurrItems", int(stats["curr_items"]), "Count"),
            ("BytesUsedForCacheItems", int(stats["bytes"]), "Bytes"),
            *(
                (name, self._counters.grown(name, int(stats[counter])), "Count")
                for name, counter in (
                    ("Evictions", "evictions"),
                    ("GetHits", "get_hits"),
                    ("GetMisses", "get_misses"),
                )
            ),
        ]

    def close(self) -> None:
        self._client.close()
