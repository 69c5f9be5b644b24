"""The shape of a replication group: which nodes in which node groups, and where they stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from localcloud.fleet import Fleet, Ref
from localcloud.records import Record
from localcloud.services import cache_rules as rules
from localcloud.services.subnet_groups import SubnetGroups

ONLY_GROUP = "0001"


@dataclass(frozen=True)
class Shape:
    """Node identifiers by node group; one that is not ``clustered`` has a single group."""

    clustered: bool
    groups: Mapping[str, Sequence[str]]

    @property
    def nodes(self) -> list[str]:
        return [node for nodes in self.groups.values() for node in nodes]


def shape_of(name: str, p: Mapping[str, Any], clustered: bool) -> Shape:
    """What a create call asks for. Raises what ElastiCache refuses."""
    if p.get("NodeGroupConfiguration"):
        raise rules.value("The local cloud takes NumNodeGroups, not NodeGroupConfiguration.")
    if p.get("NumCacheClusters") and (
        p.get("NumNodeGroups") or p.get("ReplicasPerNodeGroup") is not None
    ):
        raise rules.combination("NumCacheClusters excludes NumNodeGroups and ReplicasPerNodeGroup.")
    shards = p.get("NumNodeGroups") or 1
    replicas = p.get("ReplicasPerNodeGroup") or 0
    failover = bool(p.get("AutomaticFailoverEnabled"))
    if not clustered:
        if shards != 1:
            raise rules.combination(
                "Use a parameter group with cluster mode on, or ClusterMode enabled, to specify "
                "more than one node group."
            )
        count = p.get("NumCacheClusters") or replicas + 1
        rules.check_count(count, failover)
        return Shape(False, {ONLY_GROUP: [f"{name}-{n:03d}" for n in range(1, count + 1)]})
    if p.get("PreferredCacheClusterAZs"):
        raise rules.combination("PreferredCacheClusterAZs is for one node group only.")
    if not failover:
        raise rules.combination(
            "Automatic failover must be enabled for replication groups with cluster mode on."
        )
    if p.get("NumCacheClusters"):
        replicas = p["NumCacheClusters"] - 1
    rules.check_clustered(shards, replicas, bool(p.get("MultiAZEnabled")))
    return Shape(True, {group: _nodes(name, group, replicas) for group in numbers(shards)})


def shape_in(record: Record) -> Shape:
    """The shape that a record has."""
    return Shape(record["ClusterEnabled"], record["_groups"])


def with_replicas(record: Record, count: int, primaries: Mapping[str, str | None]) -> Shape:
    """The same groups with ``count`` replicas each. A primary stays, whatever its number."""
    name, shape = record["ReplicationGroupId"], shape_in(record)
    found = {}
    for group, nodes in shape.groups.items():
        leaving = [n for n in reversed(nodes) if n != primaries[group]]
        leaving = leaving[: max(0, len(nodes) - count - 1)]
        stem = f"{name}-{group}" if shape.clustered else name
        free = (n for n in (f"{stem}-{i:03d}" for i in range(1, 100)) if n not in nodes)
        more = [next(free) for _ in range(count + 1 - len(nodes))]
        found[group] = [n for n in nodes if n not in leaving] + more
    return Shape(shape.clustered, found)


def with_groups(record: Record, count: int, leaving: Sequence[str]) -> Shape:
    """``count`` node groups: without those of ``leaving``, with new ones after the last."""
    name, groups = record["ReplicationGroupId"], record["_groups"]
    replicas = len(next(iter(groups.values()))) - 1
    kept = {group: nodes for group, nodes in groups.items() if group not in leaving}
    free = (group for group in numbers(rules.MOST_NODES_CLUSTERED) if group not in groups)
    fresh = [next(free) for _ in range(count - len(kept))]
    return Shape(True, kept | {group: _nodes(name, group, replicas) for group in fresh})


def zones_for(
    subnets: SubnetGroups, region: str, subnet_group: str, wanted: Sequence[str], shape: Shape
) -> dict[str, str]:
    """A zone for each node: as wanted, or in turn over the subnet group's.

    The next node group begins a zone later, so that primaries do not stand in one.
    """
    zones = subnets.zones(subnets.find(region, subnet_group))
    nodes = shape.nodes
    if wanted and len(wanted) != len(nodes):
        raise rules.combination(
            "The number of PreferredCacheClusterAZs must match the number of cache clusters: "
            f"{len(wanted)} zones for {len(nodes)}."
        )
    strange = [zone for zone in wanted if zone not in zones]
    if strange:
        raise rules.value(
            f"{strange[0]} is not an availability zone of subnet group {subnet_group}: "
            f"{', '.join(zones)}"
        )
    if wanted:
        return dict(zip(nodes, wanted, strict=True))
    return {
        node: zones[(first + n) % len(zones)]
        for first, group in enumerate(shape.groups.values())
        for n, node in enumerate(group)
    }


def settled(record: Record, fleet: Fleet) -> Record:
    """The members that make a record agree with the servers again, after a change of its shape."""
    ref = Ref(record["_region"], record["ReplicationGroupId"])
    if record["ClusterEnabled"]:
        shards = fleet.sharded_caches.state(ref).shards
        groups = {shard.name: list(shard.nodes) for shard in shards}
    else:
        groups = {ONLY_GROUP: list(fleet.caches.state(ref).nodes)}
    nodes = [node for names in groups.values() for node in names]
    return {
        "Status": "available",
        "MemberClusters": nodes,
        "_groups": groups,
        "_zones": {node: zone for node, zone in record["_zones"].items() if node in nodes},
    }


def numbers(count: int) -> list[str]:
    """The names of node groups: 0001 and so on."""
    return [f"{n:04d}" for n in range(1, count + 1)]


def _nodes(name: str, group: str, replicas: int) -> list[str]:
    return [f"{name}-{group}-{n:03d}" for n in range(1, replicas + 2)]
