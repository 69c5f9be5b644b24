"""What a program registers, as plain values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""Pulumi's own text for a value that a preview cannot know."""

INSTANCE = "aws:rds/instance:Instance"
CLUSTER = "aws:rds/cluster:Cluster"
MEMBER = "aws:rds/clusterInstance:ClusterInstance"
GLOBAL_CLUSTER = "aws:rds/globalCluster:GlobalCluster"
PROXY = "aws:rds/proxy:Proxy"
PROXY_TARGET = "aws:rds/proxyTarget:ProxyTarget"
CACHE = "aws:elasticache/replicationGroup:ReplicationGroup"
CACHE_CLUSTER = "aws:elasticache/cluster:Cluster"
SERVERLESS_CACHE = "aws:elasticache/serverlessCache:ServerlessCache"
REPLICATOR = "aws:dms/replicationInstance:ReplicationInstance"
BACKUP_COPY = "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication"
BACKUP_PLAN = "aws:backup/plan:Plan"
BACKUP_SELECTION = "aws:backup/selection:Selection"
HOST = "aws:ec2/instance:Instance"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"


@dataclass(frozen=True)
class Resource:
    """One resource. ``props`` are its inputs, as the program or the engine has them.

    ``secrets`` names the props that are marked as secret; ``None`` where nobody can tell.
    """

    urn: str
    type: str
    name: str
    props: Mapping[str, Any]
    parent: str = ""
    secrets: frozenset[str] | None = frozenset()

    def has(self, prop: str) -> bool:
        """Whether ``prop`` is set: to anything, also to what a preview cannot know."""
        return bool(self.props.get(prop))

    def number(self, prop: str) -> float:
        """The number in ``prop``; 0 when it is not set. What nobody knows yet is no number."""
        value = self.props.get(prop)
        return value if isinstance(value, int | float) else 0

    @property
    def identifier(self) -> str:
        """What AWS knows a database or cache by; its name in the program where nothing says."""
        for prop in ("identifier", "clusterIdentifier", "replicationGroupId", "clusterId"):
            value = self.props.get(prop)
            if isinstance(value, str) and value != UNKNOWN:
                return value
        return self.name


@dataclass(frozen=True)
class Registered:
    """Every resource of one stack."""

    resources: Sequence[Resource]
    _by_urn: dict[str, Resource] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_urn", {each.urn: each for each in self.resources})

    def of(self, *types: str) -> Iterator[Resource]:
        """Those of some types."""
        return (each for each in self.resources if each.type in types)

    def above(self, resource: Resource) -> Iterator[Resource]:
        """Parent, its parent, and so on."""
        here = self._by_urn.get(resource.parent)
        while here is not None:
            yield here
            here = self._by_urn.get(here.parent)

    def stands_below(self, resource: Resource, database: Resource) -> bool:
        """Whether ``resource`` belongs to what ``database`` belongs to, which the program says
        where only AWS could tell a name.
        """
        return bool(database.parent) and database.parent in {
            each.urn for each in self.above(resource)
        }

    def members(self, cluster: Resource) -> list[Resource]:
        """The instances of an Aurora cluster."""
        return [
            each
            for each in self.of(MEMBER)
            if each.props.get("clusterIdentifier") == cluster.identifier
        ]


def three_zones(resource: Resource) -> bool:
    """Whether it is a Multi-AZ DB cluster: its instances are RDS's, and no resources."""
    return resource.type == CLUSTER and resource.has("dbClusterInstanceClass")


def copies(resource: Resource) -> bool:
    """Whether the rows come from elsewhere: a read replica, a global database's secondary."""
    if resource.type == CLUSTER:
        given = ("masterUsername", "masterPassword", "manageMasterUserPassword")
        return resource.has("globalClusterIdentifier") and not any(map(resource.has, given))
    return resource.has("replicateSourceDb")
