"""Which alarms a topology has: decided from its config alone, every threshold with its reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from specs.alarm import GB, Alarm, cpu
from specs.aurora import AuroraCluster
from specs.aurora_serverless import AuroraServerless
from specs.cache_alarms import of_cache, of_memcached, of_serverless_cache
from specs.classes import memory_bytes, most_connections, serverless_connections
from specs.global_database import GlobalDatabase, Secondary
from specs.memcached import Memcached
from specs.migration import Migration
from specs.migration_alarms import migration_alarms
from specs.multi_az import MultiAzCluster
from specs.parts import Described
from specs.rds_instance import RdsInstance
from specs.rds_proxy import RdsProxy
from specs.read_replica import ReadReplica
from specs.redis import ReplicationGroup
from specs.restored_instance import RestoredInstance
from specs.serverless_cache import ServerlessCache


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
                yield from _member(
                    seat.identifier, topology.member_class, len(topology.seats), topology.engine
                )
        case MultiAzCluster():
            for identifier in topology.members:
                yield from _standby(identifier, topology)
        case ReplicationGroup():
            yield from of_cache(topology)
        case Memcached():
            for n in range(topology.nodes):
                yield from of_memcached(topology.identifier, f"{n + 1:04}")
        case ServerlessCache():
            yield from of_serverless_cache(topology)
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
    yield cpu(identifier, _of_instance(identifier))
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


def _member(
    identifier: str, instance_class: str, members: int, engine: str = "aurora-mysql"
) -> Iterator[Alarm]:
    dimensions = _of_instance(identifier)
    yield cpu(identifier, dimensions)
    yield from _memory(identifier, instance_class)
    memory = memory_bytes(instance_class)
    if memory is not None:
        yield Alarm(
            identifier, "storage", "FreeLocalStorage", dimensions, "under", memory // 5,
            "a tenth of its own disk, twice its memory: sorts and temporary tables need it",
            statistic="Minimum",
        )  # fmt: skip
        yield from _connections(identifier, most_connections(engine, memory))
    if members > 1:
        yield _member_lag(identifier)


def _standby(identifier: str, cluster: MultiAzCluster) -> Iterator[Alarm]:
    """Of any of the three: who writes changes with a failover."""
    dimensions = _of_instance(identifier)
    yield cpu(identifier, dimensions)
    yield from _memory(identifier, cluster.instance_class)
    yield Alarm(
        identifier, "storage", "FreeStorageSpace", dimensions, "under",
        cluster.storage.size_gb * GB / 10, "a tenth: no storage of such a cluster grows by itself",
        statistic="Minimum",
    )  # fmt: skip
    memory = memory_bytes(cluster.instance_class)
    if memory is not None:
        yield from _connections(identifier, most_connections(cluster.engine, memory))
    yield Alarm(
        identifier, "lag", "ReplicaLag", dimensions, "over", 60,
        "in seconds: a standby reads what was true a minute ago, and takes over only then",
        statistic="Maximum",
        # Only standbys have it.
        missing="notBreaching",
    )  # fmt: skip


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


def _proxy(name: str) -> Iterator[Alarm]:
    yield Alarm(
        name, "waiting", "DatabaseConnectionsBorrowLatency", (("ProxyName", name),), "over",
        1_000_000, "in microseconds: clients wait a second for a connection, the pool is too small",
        # Nobody who asks, no latency.
        missing="notBreaching",
    )  # fmt: skip
