"""Who copies a database, where each copy is read, and what CloudWatch calls its lag."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from contract import Database, Endpoint
from verify.aws import Cloud
from verify.endpoints import main_endpoint
from verify.errors import StepFailed

SQL_KINDS = (
    "rds-mysql", "rds-mariadb", "rds-postgres", "read-replica", "restored-instance",
    "aurora-mysql", "aurora-postgresql", "aurora-serverless", "global-database",
    "multi-az-mysql", "multi-az-postgres",
)  # fmt: skip
CACHE_KINDS = ("redis", "valkey")
SECONDS, MILLISECONDS = "s", "ms"


@dataclass(frozen=True)
class Metric:
    """A metric of CloudWatch in seconds or milliseconds."""

    name: str
    dimension: tuple[str, str]
    unit: str
    namespace: str = "AWS/RDS"

    def in_ms(self, value: float) -> float:
        return value * 1000 if self.unit == SECONDS else value


@dataclass(frozen=True)
class Copy:
    """A server that follows the source, at an address of its own.

    ``shard`` is the one of a cache in cluster mode that it has the keys of.
    """

    name: str
    region: str
    endpoint: Endpoint
    metric: Metric
    shard: str | None = None


def has_copies(name: str, databases: Mapping[str, Database]) -> bool:
    """Whether somebody follows ``name``, which follows nobody itself."""
    database = databases[name]
    if database.source is not None:
        return False
    if database.endpoints_of("configuration"):
        return is_sharded(database) and any(_beyond_the_first(database.instances))
    if database.cluster is not None and len(database.instances) > 1:
        return True
    secondaries = database.worldwide.secondaries if database.worldwide else ()
    return any(each.instances for each in secondaries) or any(_replicas(name, databases))


def is_sharded(database: Database) -> bool:
    """Whether it is a cache in cluster mode."""
    return database.kind in CACHE_KINDS and bool(database.endpoints_of("configuration"))


def _beyond_the_first(nodes: Sequence[str]) -> Iterator[str]:
    """Nodes whose shard has one before them; ElastiCache calls them ``sessions-0001-002``."""
    seen = set()
    for node in nodes:
        shard = node.rpartition("-")[0]
        if shard in seen:
            yield node
        seen.add(shard)


def first_source(name: str, databases: Mapping[str, Database]) -> str:
    """Whom ``name`` follows over all its sources; itself when it follows nobody."""
    for _ in databases:
        found = databases.get(name)
        if found is None or found.source is None or found.kind != "read-replica":
            break
        name = found.source
    return name


def copies_of(name: str, databases: Mapping[str, Database], cloud: Cloud) -> list[Copy]:
    """All of them, those of a copy after it; `StepFailed` when AWS says what cannot be."""
    database = databases[name]
    if database.kind in CACHE_KINDS:
        return list(_cache_replicas(database, cloud))
    found = list(_replicas(name, databases))
    if database.cluster is not None:
        found += _readers(database, cloud)
    for secondary in database.worldwide.secondaries if database.worldwide else ():
        metric = Metric(
            "AuroraGlobalDBReplicationLag", ("DBClusterIdentifier", secondary.cluster), MILLISECONDS
        )
        found += [
            Copy(node.name or node.host, secondary.region, node, metric)
            for node in secondary.nodes
            if node.name in secondary.instances
        ]
    return found


def _replicas(name: str, databases: Mapping[str, Database]) -> Iterator[Copy]:
    for other, database in databases.items():
        if database.kind == "read-replica" and database.source == name:
            identifier = database.instances[0]
            metric = Metric("ReplicaLag", ("DBInstanceIdentifier", identifier), SECONDS)
            yield Copy(identifier, database.region, main_endpoint(database), metric)
            yield from _replicas(other, databases)


def _readers(database: Database, cloud: Cloud) -> Iterator[Copy]:
    members = cloud.cluster(database.region, database.cluster or "")["DBClusterMembers"]
    for member in members:
        if not member["IsClusterWriter"]:
            name = member["DBInstanceIdentifier"]
            dimension = ("DBInstanceIdentifier", name)
            # The standbys of a Multi-AZ DB cluster follow as replicas do, and not a volume.
            metric = (
                Metric("AuroraReplicaLag", dimension, MILLISECONDS)
                if database.engine.startswith("aurora")
                else Metric("ReplicaLag", dimension, SECONDS)
            )
            yield Copy(name, database.region, database.endpoint("instance", name), metric)


def _cache_replicas(database: Database, cloud: Cloud) -> Iterator[Copy]:
    group = cloud.replication_group(database.region, database.cluster or "")["NodeGroups"][0]
    for node in group["NodeGroupMembers"]:
        if node.get("CurrentRole") == "replica":
            name, address = node["CacheClusterId"], node.get("ReadEndpoint")
            if address is None:
                raise StepFailed(f"ElastiCache tells no address of the replica {name}")
            yield cache_copy(name, database.region, address)


def cache_copy(
    node: str, region: str, address: Mapping[str, Any], shard: str | None = None
) -> Copy:
    """A replica of a cache, at the address that ElastiCache tells."""
    metric = Metric("ReplicationLag", ("CacheClusterId", node), SECONDS, "AWS/ElastiCache")
    endpoint = Endpoint(role="node", host=address["Address"], port=address["Port"], name=node)
    return Copy(node, region, endpoint, metric, shard)
