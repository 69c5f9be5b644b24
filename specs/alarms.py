"""Which alarms a topology has: decided from its config alone, every threshold with its reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from specs.alarm import ELASTICACHE, GB
from specs.alarm import RDS as RDS
from specs.alarm import Alarm as Alarm
from specs.aurora import AuroraCluster
from specs.aurora_serverless import AuroraServerless
from specs.classes import memory_bytes, most_connections, serverless_connections
from specs.global_database import GlobalDatabase, Secondary
from specs.memcached import Memcached
from specs.migration import Migration
from specs.migration_alarms import migration_alarms
from specs.parts import Described
from specs.rds_instance import RdsInstance
from specs.rds_proxy import RdsProxy
from specs.read_replica import ReadReplica
from specs.redis import ClusterModeEnabled, ReplicationGroup
from specs.restored_instance import RestoredInstance
from specs.serverless_cache import ServerlessCache

_MOST_CACHE_CLIENTS = 65_000
"""``maxclients`` of Redis, Valkey and memcached on ElastiCache, which nobody can change."""


def alarms_of(
    topology: Described, topologies: Mapping[str, Described], home: str
) -> Iterator[tuple[str, Alarm]]:
    """Every alarm of ``topology`` with its region; ``home`` is the topology's own."""
    if isinstance(topology, GlobalDatabase):
        for secondary in topology.secondaries:
            yield from ((secondary.region, alarm) for alarm in _secondary(secondary))
    yield from ((home, alarm) for alarm in _here(topology, topologies))


def _here(topology: Described, topologies: Mapping[str, Described]) -> Iterator[Alarm]:
    match topology:
        case RdsInstance():
            yield from _instance(topology.identifier, topology.instance_class, topology)
        case RestoredInstance() | ReadReplica():
            origin = _origin(topology, topologies)
            yield from _instance(topology.identifier, topology.instance_class, origin)
            if isinstance(topology, ReadReplica) and topology.follows is not None:
                yield from _replica(topology.identifier)
        case AuroraServerless():
            yield from _serverless(topology)
        case AuroraCluster():
            for seat in topology.seats:
                yield from _member(seat.identifier, topology.member_class, len(topology.seats))
        case ReplicationGroup():
            yield from _cache(topology)
        case Memcached():
            for n in range(topology.nodes):
                yield from _memcached(topology.identifier, f"{n + 1:04}")
        case ServerlessCache():
            yield from _serverless_cache(topology)
        case RdsProxy():
            yield from _proxy(topology.identifier)
        case Migration():
            yield from migration_alarms(topology)


def _origin(topology: Described, topologies: Mapping[str, Described]) -> RdsInstance:
    while not isinstance(topology, RdsInstance):
        assert isinstance(topology, ReadReplica | RestoredInstance)
        topology = topologies[topology.source]
    return topology


def _of_instance(identifier: str) -> tuple[tuple[str, str], ...]:
    return (("DBInstanceIdentifier", identifier),)


def _cpu(source: str, dimensions: tuple[tuple[str, str], ...], namespace: str = RDS) -> Alarm:
    return Alarm(
        source, "cpu", "CPUUtilization", dimensions, "over", 80,
        "queries begin to wait for each other; a quarter of an hour is no backup or batch",
        namespace, periods=15,
    )  # fmt: skip


def _memory(source: str, instance_class: str) -> Iterator[Alarm]:
    memory = memory_bytes(instance_class)
    if memory is not None:
        yield Alarm(
            source, "memory", "FreeableMemory", _of_instance(source), "under", memory // 20,
            f"a twentieth of what {instance_class} has: below that a server swaps or is killed",
        )  # fmt: skip


def _connections(source: str, most: int | None) -> Iterator[Alarm]:
    if most is not None:
        yield Alarm(
            source, "connections", "DatabaseConnections", _of_instance(source), "over",
            most * 4 // 5, f"four fifths of max_connections, which is about {most} here",
        )  # fmt: skip


def _instance(identifier: str, instance_class: str, origin: RdsInstance) -> Iterator[Alarm]:
    yield _cpu(identifier, _of_instance(identifier))
    yield from _memory(identifier, instance_class)
    yield Alarm(
        identifier, "storage", "FreeStorageSpace", _of_instance(identifier), "under",
        origin.storage.size_gb * GB / 20,
        "a twentieth: RDS enlarges the storage at a tenth, so it did not or may not any more",
        statistic="Minimum",
    )  # fmt: skip
    memory = memory_bytes(instance_class)
    if memory is not None:
        yield from _connections(identifier, most_connections(origin.engine, memory))


def _replica(identifier: str) -> Iterator[Alarm]:
    dimensions = _of_instance(identifier)
    yield Alarm(
        identifier, "lag", "ReplicaLag", dimensions, "over", 60,
        "in seconds: readers see what was true a minute ago", statistic="Maximum",
    )  # fmt: skip
    yield Alarm(
        identifier, "stopped", "ReplicaLag", dimensions, "under", 0,
        "RDS reports -1 when nothing is replicated; after 30 days it ends the replica",
        statistic="Minimum",
    )  # fmt: skip


def _member(identifier: str, instance_class: str, members: int) -> Iterator[Alarm]:
    dimensions = _of_instance(identifier)
    yield _cpu(identifier, dimensions)
    yield from _memory(identifier, instance_class)
    memory = memory_bytes(instance_class)
    if memory is not None:
        yield Alarm(
            identifier, "storage", "FreeLocalStorage", dimensions, "under", memory // 5,
            "a tenth of its own disk, twice its memory: sorts and temporary tables need it",
            statistic="Minimum",
        )  # fmt: skip
        yield from _connections(identifier, most_connections("aurora-mysql", memory))
    if members > 1:
        yield _member_lag(identifier)


def _member_lag(identifier: str) -> Alarm:
    return Alarm(
        identifier, "lag", "AuroraReplicaLag", _of_instance(identifier), "over", 2000,
        "in milliseconds: a reader of the same volume is mostly within 100; beyond it is restarted",
        statistic="Maximum",
        # Only readers have it, and who reads changes with a failover.
        missing="notBreaching",
    )  # fmt: skip


def _serverless(cluster: AuroraServerless) -> Iterator[Alarm]:
    capacity = cluster.capacity
    most = serverless_connections(capacity.min_acu, capacity.max_acu)
    for seat in cluster.seats:
        dimensions = _of_instance(seat.identifier)
        yield Alarm(
            seat.identifier, "capacity", "ACUUtilization", dimensions, "over", 90,
            f"it can hardly grow: the config allows {capacity.max_acu:g} ACU", periods=15,
            # A paused cluster has no server.
            missing="notBreaching",
        )  # fmt: skip
        yield from _connections(seat.identifier, most)
        if len(cluster.seats) > 1:
            yield _member_lag(seat.identifier)


def _secondary(secondary: Secondary) -> Iterator[Alarm]:
    for seat in secondary.seats:
        yield from _member(seat.identifier, secondary.instance_class, len(secondary.seats))
    yield Alarm(
        secondary.identifier, "global-lag", "AuroraGlobalDBReplicationLag",
        (("DBClusterIdentifier", secondary.identifier),), "over", 5000,
        "in milliseconds: what is lost with the primary's region; AWS speaks of under a second",
        statistic="Maximum",
    )  # fmt: skip


def _cache(cache: ReplicationGroup) -> Iterator[Alarm]:
    for node in _nodes(cache):
        dimensions = (("CacheClusterId", node),)
        yield _cpu(node, dimensions, ELASTICACHE)
        yield Alarm(
            node, "engine-cpu", "EngineCPUUtilization", dimensions, "over", 90,
            "the one thread that executes commands has no time left", ELASTICACHE,
        )  # fmt: skip
        yield Alarm(
            node, "memory", "DatabaseMemoryUsagePercentage", dimensions, "over", 80,
            "per cent of what keys may take: evictions, or refused writes, come next",
            ELASTICACHE, statistic="Maximum",
        )  # fmt: skip
        yield from _evictions_and_clients(node, dimensions)
        if cache.shape.spares[1] > 0:
            yield Alarm(
                node, "lag", "ReplicationLag", dimensions, "over", 10,
                "in seconds: a failover would lose them", ELASTICACHE, "Maximum",
                missing="notBreaching",
            )  # fmt: skip
            yield Alarm(
                node, "link", "MasterLinkHealthStatus", dimensions, "under", 1,
                "it does not hear its primary: a failover, or a break", ELASTICACHE, "Minimum",
                periods=2,
                # A primary has no such link.
                missing="notBreaching",
            )  # fmt: skip


def _nodes(cache: ReplicationGroup) -> list[str]:
    shape, name = cache.shape, cache.identifier
    if isinstance(shape, ClusterModeEnabled):
        return [
            f"{name}-{shard + 1:04}-{node + 1:03}"
            for shard in range(shape.shards)
            for node in range(shape.replicas_per_shard + 1)
        ]
    return [f"{name}-{node + 1:03}" for node in range(shape.replicas + 1)]


def _evictions_and_clients(source: str, dimensions: tuple[tuple[str, str], ...]) -> Iterator[Alarm]:
    yield Alarm(
        source, "evictions", "Evictions", dimensions, "over", 1000,
        "keys a minute that had to go for others: what is asked for no longer fits",
        ELASTICACHE, "Sum",
    )  # fmt: skip
    yield Alarm(
        source, "connections", "CurrConnections", dimensions, "over", _MOST_CACHE_CLIENTS * 4 // 5,
        f"four fifths of the {_MOST_CACHE_CLIENTS} clients that a node takes", ELASTICACHE,
    )  # fmt: skip


def _memcached(cluster: str, node: str) -> Iterator[Alarm]:
    dimensions = (("CacheClusterId", cluster), ("CacheNodeId", node))
    source = f"{cluster}-{node}"
    yield _cpu(source, dimensions, ELASTICACHE)
    yield from _evictions_and_clients(source, dimensions)


def _serverless_cache(cache: ServerlessCache) -> Iterator[Alarm]:
    dimensions = (("clusterId", cache.identifier),)
    yield Alarm(
        cache.identifier, "throttled", "ThrottledCmds", dimensions, "over", 0,
        "commands that were refused because the limit of the config was reached", ELASTICACHE,
        "Sum", missing="notBreaching",
    )  # fmt: skip
    most = cache.storage_gb.most if cache.storage_gb else None
    if most is not None:
        yield Alarm(
            cache.identifier, "memory", "BytesUsedForCache", dimensions, "over",
            most * GB * 4 / 5, f"four fifths of the {most} GB of the config: then keys go",
            ELASTICACHE, "Maximum", missing="notBreaching",
        )  # fmt: skip


def _proxy(name: str) -> Iterator[Alarm]:
    yield Alarm(
        name, "waiting", "DatabaseConnectionsBorrowLatency", (("ProxyName", name),), "over",
        1_000_000, "in microseconds: clients wait a second for a connection, the pool is too small",
        # Nobody who asks, no latency.
        missing="notBreaching",
    )  # fmt: skip
