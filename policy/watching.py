"""Being told: alarms, insights, logs, and how far copies are behind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from policy.findings import Found
from policy.resources import (
    ALARM,
    CACHE,
    CACHE_CLUSTER,
    CLUSTER,
    INSTANCE,
    UNKNOWN,
    Registered,
    Resource,
    copies,
    three_zones,
)

LAG_METRICS = frozenset(
    {
        "ReplicaLag",
        "AuroraReplicaLag",
        "AuroraReplicaLagMaximum",
        "AuroraBinlogReplicaLag",
        "AuroraGlobalDBReplicationLag",
        "AuroraGlobalDBRPOLag",
        "ReplicationLag",
    }
)
_DIMENSIONS = ("DBInstanceIdentifier", "DBClusterIdentifier", "CacheClusterId",
               "ReplicationGroupId")  # fmt: skip


def unwatched(stack: Registered) -> Iterator[Found]:
    """Databases without an alarm; instances nobody could look into."""
    for each in stack.of(INSTANCE, CLUSTER, CACHE, CACHE_CLUSTER):
        if not _alarms(stack, each):
            yield each, "has no alarm", "add CloudWatch alarms (profile: prod)"
    for each in stack.of(INSTANCE):
        yield from _opaque(each, each)
    for cluster in stack.of(CLUSTER):
        if three_zones(cluster):
            yield from _opaque(cluster, cluster)
        for member in stack.members(cluster):
            yield from _opaque(member, cluster)


def _opaque(instance: Resource, logs: Resource) -> Iterator[Found]:
    looks = ("performanceInsightsEnabled", "monitoringInterval", "databaseInsightsMode")
    if not any(map(instance.has, looks)):
        yield (
            instance,
            "has neither Performance Insights nor Enhanced Monitoring",
            "set performance_insights or enhanced_monitoring",
        )
    if instance is logs and not copies(logs) and not logs.has("enabledCloudwatchLogsExports"):
        yield logs, "exports no log", "export its error log"


def unwatched_lag(stack: Registered) -> Iterator[Found]:
    """Copies that may fall behind and nobody hears of it."""
    for each in stack.of(INSTANCE):
        if copies(each):
            yield from _lag(stack, each, "ReplicaLag")
    for each in stack.of(CLUSTER):
        if copies(each):
            yield from _lag(stack, each, "AuroraGlobalDBReplicationLag")
        elif three_zones(each):
            yield from _lag(stack, each, "ReplicaLag")
        elif len(stack.members(each)) > 1:
            yield from _lag(stack, each, "AuroraReplicaLagMaximum")
    for each in stack.of(CACHE):
        if each.number("numCacheClusters") > 1 or each.number("replicasPerNodeGroup"):
            yield from _lag(stack, each, "ReplicationLag")


def _lag(stack: Registered, database: Resource, metric: str) -> Iterator[Found]:
    if not any(LAG_METRICS & set(_metrics(alarm.props)) for alarm in _alarms(stack, database)):
        yield database, "may fall behind unnoticed", f"add an alarm on {metric}"


def _alarms(stack: Registered, database: Resource) -> list[Resource]:
    """Those that name the database or a node of it, or stand below its component."""
    ids = [database.identifier, *(each.identifier for each in stack.members(database))]
    if three_zones(database):
        # What RDS calls them.
        ids += [f"{database.identifier}-instance-{n}" for n in (1, 2, 3)]
    return [
        alarm
        for alarm in stack.of(ALARM)
        if _names(alarm.props, ids) or _stands_below(stack, alarm, database)
    ]


def _names(props: Mapping[str, Any], ids: list[str]) -> bool:
    for named in _dimensions(props):
        # ElastiCache's nodes are called by their group: sessions-001, sessions-0001-001.
        if any(named == id_ or _is_node(named, id_) for id_ in ids):
            return True
    return False


def _is_node(named: str, group: str) -> bool:
    rest = named.removeprefix(f"{group}-")
    return rest != named and rest.replace("-", "").isdigit()


def _stands_below(stack: Registered, alarm: Resource, database: Resource) -> bool:
    # A node's name may be known only to AWS; whose child the alarm is, the program says.
    unknown = any(named == UNKNOWN for named in _dimensions(alarm.props))
    return unknown and stack.stands_below(alarm, database)


def _dimensions(props: Mapping[str, Any]) -> Iterator[str]:
    for part in _parts(props):
        found = part.get("dimensions")
        if isinstance(found, Mapping):
            yield from (str(found[key]) for key in _DIMENSIONS if key in found)
        elif found == UNKNOWN:
            yield UNKNOWN


def _metrics(props: Mapping[str, Any]) -> Iterator[str]:
    return (str(part["metricName"]) for part in _parts(props) if part.get("metricName"))


def _parts(props: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield props
    for query in props.get("metricQueries") or ():
        metric = query.get("metric") if isinstance(query, Mapping) else None
        if isinstance(metric, Mapping):
            yield metric
