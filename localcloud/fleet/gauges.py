"""Reads every server once a metrics period and tells CloudWatch, under AWS's names."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

import psutil

from localcloud.databases.caches import Cache
from localcloud.databases.clusters import Cluster
from localcloud.databases.instances import Instance
from localcloud.databases.memcached import MemcachedCluster
from localcloud.databases.sharded_caches import ShardedCache
from localcloud.errors import LocalCloudError
from localcloud.metrics import PERIOD_S, Metric, Metrics
from localcloud.servers.facts import Ref
from localcloud.servers.machine import Machine
from localcloud.servers.mariadb import MariaDB
from localcloud.servers.postgres import Postgres
from localcloud.servers.probes import (
    Level,
    MariaDBProbe,
    MemcachedProbe,
    PostgresProbe,
    Probe,
    RedisProbe,
)

log = logging.getLogger(__name__)

RDS, ELASTICACHE = "AWS/RDS", "AWS/ElastiCache"
_AT_ONCE = 4
"""Databases that are read at a time: one that hangs must not keep the others waiting."""
_STOP_S = 5.0

Database = Instance | Cluster | Cache | ShardedCache | MemcachedCluster
Values = list[tuple[Metric, float]]
P = TypeVar("P", bound=Probe)


class Gauges:
    """A thread, and a few that read. What a server does not say is not published."""

    def __init__(self, machine: Machine, databases: Callable[[], Iterable[object]]) -> None:
        self._machine = machine
        self._metrics: Metrics = machine.metrics
        self._databases = databases
        self._probes: dict[str, Probe] = {}
        self._busy: set[tuple[type, Ref]] = set()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="gauge")
        self._thread = threading.Thread(target=self._run, name="gauges", daemon=True)
        self._free: list[Level] = []
        self._offsets: dict[str, int] = {}
        """Of caches' primaries, by host."""

    def open(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(_STOP_S)
        self._pool.shutdown(wait=False, cancel_futures=True)
        for probe in list(self._probes.values()):
            probe.close()

    def _run(self) -> None:
        began = time.monotonic()
        while not self._stopping.wait(max(0.0, began + PERIOD_S - time.monotonic())):
            began = time.monotonic()
            self._free = self._of_the_machine()
            names: set[str] = set()
            for database in self._databases():
                read = self._reader(database)
                if read is None:
                    continue
                assert isinstance(database, Database)
                names |= database.processes()
                key = (type(database), database.ref)
                with self._lock:
                    if key in self._busy:
                        continue
                    self._busy.add(key)
                self._pool.submit(self._one, key, read)
            for name in self._probes.keys() - names:
                self._probes.pop(name).close()

    def _of_the_machine(self) -> list[Level]:
        folder = os.statvfs(self._machine.site.state_dir)
        free = float(folder.f_bavail * folder.f_frsize)
        return [
            ("FreeableMemory", float(psutil.virtual_memory().available), "Bytes"),
            ("FreeStorageSpace", free, "Bytes"),
            ("FreeLocalStorage", free, "Bytes"),
        ]

    def _reader(self, database: object) -> Callable[[], Values] | None:
        match database:
            case Instance():
                return partial(self._instance, database)
            case Cluster():
                return partial(self._cluster, database)
            case Cache() | ShardedCache():
                return partial(self._cache, database)
            case MemcachedCluster():
                return partial(self._memcached, database)
        return None

    def _one(self, key: tuple[type, Ref], read: Callable[[], Values]) -> None:
        try:
            self._metrics.publish_all(read())
        except Exception:
            # The last place to say it: nobody waits for this thread.
            log.exception("%s: a defect of the gauges", key[1])
        finally:
            with self._lock:
                self._busy.discard(key)

    def _probe(self, name: str, make: Callable[[int], P]) -> P | None:
        """The probe of a server's process, ``None`` while there is none or it lets nobody in."""
        process = self._machine.supervisor.running(name)
        known = self._probes.get(name)
        if known is not None and (process is None or known.pid != process.pid):
            self._probes.pop(name).close()
            known = None
        if process is None:
            return None
        if known is None:
            try:
                known = self._probes[name] = make(process.pid)
            except (LocalCloudError, OSError) as error:
                # Just dying or starting: the next look finds it.
                log.debug("%s: %s", name, error)
                return None
        return known  # type: ignore[return-value]

    def _read(self, name: str, probe: Probe) -> list[Level] | None:
        """What a server says, ``None`` when it does not: the others of its database do."""
        try:
            return probe.read()
        except (LocalCloudError, OSError) as error:
            log.debug("%s: %s", name, error)
            # A broken connection is of no use to the next look.
            self._probes.pop(name, None)
            probe.close()
            return None

    def _sql(self, server: object) -> MariaDBProbe | PostgresProbe | None:
        match server:
            case MariaDB():
                return self._probe(server.name, partial(MariaDBProbe, server))
            case Postgres():
                return self._probe(server.name, partial(PostgresProbe, server))
        return None

    def _instance(self, instance: Instance) -> Values:
        server = instance.server
        probe = self._sql(server)
        said = None if probe is None else self._read(server.name, probe)
        if probe is None or said is None:
            return []
        levels = [*said, *self._free[:2]]
        if probe.lag is not None:
            levels.append(("ReplicaLag", probe.lag, "Seconds"))
        return _rds(instance.ref.region, "DBInstanceIdentifier", instance.ref.identifier, levels)

    def _cluster(self, cluster: Cluster) -> Values:
        region, values = cluster.ref.region, []
        lags = []
        for name, server in list(cluster.servers.items()):
            probe = self._sql(server)
            said = None if probe is None else self._read(server.name, probe)
            if probe is None or said is None:
                continue
            levels = [*said, self._free[0], self._free[2]]
            lag = probe.lag
            if lag is not None and lag >= 0:
                lags.append(1000 * lag)
                if cluster.leader is None and name != cluster.writer:
                    levels.append(_lag(cluster, lag))
            values += _rds(region, "DBInstanceIdentifier", name, levels)
        if cluster.leader is not None and lags:
            level = ("AuroraGlobalDBReplicationLag", min(lags), "Milliseconds")
            values += _rds(region, "DBClusterIdentifier", cluster.ref.identifier, [level])
        return values

    def _cache(self, cache: Cache | ShardedCache) -> Values:
        region, values = cache.ref.region, []
        probes: dict[str, RedisProbe] = {}
        # What a primary had a look ago: its replicas should have it now.
        before = dict(self._offsets)
        for name in sorted(cache.nodes.names):
            server = cache.nodes[name]
            probe = self._probe(server.name, partial(RedisProbe, server))
            said = None if probe is None else self._read(server.name, probe)
            if probe is not None and said is not None:
                values += _cached(region, (("CacheClusterId", name),), said)
                probes[name] = probe
                if probe.source is None:
                    self._offsets[server.address.host] = probe.offset
        for name, probe in probes.items():
            if probe.source is not None:
                lag: Level = ("ReplicationLag", probe.behind(before.get(probe.source)), "Seconds")
                values += _cached(region, (("CacheClusterId", name),), [lag])
        return values

    def _memcached(self, cluster: MemcachedCluster) -> Values:
        values: Values = []
        for node, server in list(cluster.servers.items()):
            make = partial(MemcachedProbe, server, cluster.plan.tls)
            probe = self._probe(server.name, make)
            said = None if probe is None else self._read(server.name, probe)
            if said is not None:
                where = (("CacheClusterId", cluster.ref.identifier), ("CacheNodeId", node))
                values += _cached(cluster.ref.region, where, said)
        return values


def _lag(cluster: Cluster, seconds: float) -> Level:
    if cluster.plan.aurora:
        return ("AuroraReplicaLag", 1000 * seconds, "Milliseconds")
    return ("ReplicaLag", seconds, "Seconds")


def _rds(region: str, dimension: str, name: str, levels: Iterable[Level]) -> Values:
    return list(_metrics(region, RDS, ((dimension, name),), levels))


def _cached(region: str, where: tuple[tuple[str, str], ...], levels: Iterable[Level]) -> Values:
    return list(_metrics(region, ELASTICACHE, where, levels))


def _metrics(
    region: str, namespace: str, where: tuple[tuple[str, str], ...], levels: Iterable[Level]
) -> Iterator[tuple[Metric, float]]:
    for name, value, unit in levels:
        yield Metric(region, namespace, name, where, unit), float(value)
