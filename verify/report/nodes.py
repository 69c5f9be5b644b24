"""Where the nodes of each database are: AWS knows the zones, the stack's outputs do not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from contract import Database, Secondary
from verify.aws import Cloud
from verify.errors import VerifyError

_CACHES = ("redis", "valkey")


@dataclass(frozen=True)
class Node:
    """One server of a database; what AWS would not say is ``None``."""

    name: str
    role: str | None = None
    zone: str | None = None
    standby: str | None = None
    """The zone of the server that takes over from it and that nobody can reach until then."""


def nodes_of(databases: Mapping[str, Database], cloud: Cloud) -> dict[str, tuple[Node, ...]]:
    """The nodes of every database by its name, of a global one's secondaries by both names."""
    found = {name: _nodes(database, cloud) for name, database in databases.items()}
    for name, database in databases.items():
        for secondary in database.worldwide.secondaries if database.worldwide else ():
            found[f"{name}/{secondary.cluster}"] = _members(secondary, cloud)
    return found


def _members(secondary: Secondary, cloud: Cloud) -> tuple[Node, ...]:
    try:
        return tuple(
            Node(name, "reader", *_zones(secondary.region, name, cloud))
            for name in secondary.instances
        )
    except VerifyError:
        return tuple(Node(name, "reader") for name in secondary.instances)


def _nodes(database: Database, cloud: Cloud) -> tuple[Node, ...]:
    plain = tuple(Node(name) for name in database.instances)
    try:
        if database.kind in _CACHES and database.cluster is not None:
            return _cache_nodes(database, cloud)
        if database.kind == "memcached" and database.cluster is not None:
            reported = cloud.cache_cluster(database.region, database.cluster)["CacheNodes"]
            return tuple(
                Node(n["CacheNodeId"], "node", n.get("CustomerAvailabilityZone")) for n in reported
            )
        if database.engine == "memcached" or database.kind in ("rds-proxy", "serverless-cache"):
            return ()
        roles = _roles(database, cloud)
        return tuple(
            Node(name, roles.get(name), *_zones(database.region, name, cloud))
            for name in database.instances
        )
    except (VerifyError, KeyError):
        # A picture without zones is better than no report.
        return plain


def _zones(region: str, name: str, cloud: Cloud) -> tuple[str | None, str | None]:
    """An instance's own zone, and its standby's."""
    found = cloud.find_instance(region, name) or {}
    zone = found.get("AvailabilityZone")
    if not found.get("MultiAZ") or not zone:
        return zone, None
    return zone, found.get("SecondaryAvailabilityZone") or "another zone"


def _roles(database: Database, cloud: Cloud) -> dict[str, str]:
    if database.cluster is None:
        role = "replica" if database.kind == "read-replica" else "primary"
        return dict.fromkeys(database.instances, role)
    members = cloud.cluster(database.region, database.cluster)["DBClusterMembers"]
    return {
        m["DBInstanceIdentifier"]: "writer" if m["IsClusterWriter"] else "reader" for m in members
    }


def _cache_nodes(database: Database, cloud: Cloud) -> tuple[Node, ...]:
    groups = cloud.replication_group(database.region, database.cluster or "")["NodeGroups"]
    return tuple(
        Node(
            member["CacheClusterId"],
            member.get("CurrentRole") or f"shard {group['NodeGroupId']}",
            member.get("PreferredAvailabilityZone"),
        )
        for group in groups
        for member in group["NodeGroupMembers"]
    )
