"""Makes the API's records and the servers agree after a start; the records decide."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from localcloud.errors import StateUnreadable
from localcloud.fleet import Fleet, Ref
from localcloud.fleet.collection import Collection
from localcloud.reconcile_snapshots import reconcile_snapshots
from localcloud.records import Records
from localcloud.services.cache_shapes import settled

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Kind:
    """A kind of record with servers behind it: where its status is, who has the servers."""

    status: str
    servers: Callable[[Fleet], Collection[Any]]


# In the order in which what was cut short is cleared away: members before their cluster.
_KINDS: Mapping[str, _Kind] = {
    "proxy": _Kind("Status", lambda fleet: fleet.proxies),
    "instance": _Kind("DBInstanceStatus", lambda fleet: fleet.instances),
    "replication-group": _Kind("Status", lambda fleet: fleet.caches),
    "cache-cluster": _Kind("CacheClusterStatus", lambda fleet: fleet.memcached),
    "serverless-cache": _Kind("Status", lambda fleet: fleet.serverless_caches),
    "cluster": _Kind("Status", lambda fleet: fleet.clusters),
}


def reconcile(records: Records, fleet: Fleet) -> None:
    """Finish what a kill cut short, remove servers nobody knows, mark databases without one.

    A record in ``creating`` was never answered to its caller: it goes, with its server. One
    in ``deleting`` was: the deletion is finished. A record is saved before its server
    starts, so a server without one is left over from a deletion.

    Raises `StateUnreadable` when there are servers and no records file at all: to wipe the
    data then would punish a lost file by lost rows.
    """
    statuses = fleet.listing()
    if statuses and not records.existed:
        raise StateUnreadable(
            "there are database servers but the file of the API's records is gone; "
            "`python -m localcloud down --wipe` removes the servers and their data"
        )
    for kind, about in _KINDS.items():
        for region, name in records.keys(kind):
            record = records.get(kind, region, name)
            if record is not None and record[about.status] in ("creating", "deleting"):
                log.warning("%s %s: %s was cut short", kind, name, record[about.status])
                _remove(records, fleet, kind, Ref(region, name))
    for region, name in records.keys("replication-group"):
        record = records.get("replication-group", region, name) or {}
        if record.get("Status") == "modifying":
            log.warning("replication group %s: a change of its shape was cut short", name)
            members = settled(record, fleet)
            records.update("replication-group", region, name, **members)
    known = {(region, name) for kind in _KINDS for region, name in records.keys(kind)}
    known |= _nodes(records)
    served = {(status.region, status.identifier) for status in fleet.listing()}
    known |= _end_unknown_workers(records, fleet)
    for region, name in sorted(served - known):
        log.warning("server %s in %s has no record: removed", name, region)
        _remove_server(fleet, Ref(region, name))
    reconcile_snapshots(records, fleet)
    for region, name in records.keys("instance"):
        _judge(records, region, name, (region, name) in served)


def _end_unknown_workers(records: Records, fleet: Fleet) -> set[tuple[str, str]]:
    """Every worker of a migration; those whose task or config is gone are ended first."""
    rows = [r for kind in ("dms-task", "dms-config") for r in records.all(kind)]
    wanted = {Ref(record["_region"], record["_worker"]) for record in rows}
    found = {migration.ref for migration in fleet.migrations.all()}
    for ref in sorted(found - wanted):
        log.warning("migration %s has no record: removed", ref)
        fleet.migrations.delete(ref)
    for ref in sorted(wanted - found):
        # A kill between record and plan.
        fleet.migrations.create(ref)
    return {(ref.region, ref.identifier) for ref in found | wanted}


def _judge(records: Records, region: str, name: str, served: bool) -> None:
    # An instance without a server is reported as RDS does, and kept: to drop its record would
    # hide the loss from whoever made it.
    record = records.get("instance", region, name) or {}
    status = record.get("DBInstanceStatus")
    if status == "available" and not served:
        log.error("instance %s in %s has no server: it is reported as failed", name, region)
        records.update("instance", region, name, DBInstanceStatus="failed")
    elif status == "failed" and served:
        log.warning("instance %s in %s has a server again", name, region)
        records.update("instance", region, name, DBInstanceStatus="available")


def _nodes(records: Records) -> set[tuple[str, str]]:
    found = set()
    for region, name in records.keys("replication-group"):
        record = records.get("replication-group", region, name) or {}
        found |= {(region, node) for node in record.get("MemberClusters", [])}
    found |= set(records.keys("cluster-endpoint"))
    return found


def _remove(records: Records, fleet: Fleet, kind: str, ref: Ref) -> None:
    record = records.get(kind, ref.region, ref.identifier) or {}
    if kind == "replication-group" and record["ClusterEnabled"]:
        fleet.sharded_caches.delete(ref)
    elif kind == "instance" and "DBClusterIdentifier" in record:
        # A Multi-AZ DB cluster's members are recorded before there is any server.
        cluster = fleet.clusters.of_member(ref)
        if cluster is not None:
            cluster.remove_member(ref.identifier)
    else:
        _KINDS[kind].servers(fleet).delete(ref)
    with records.change():
        records.drop(kind, ref.region, ref.identifier)
        for region, name in records.keys("instance"):
            other = records.get("instance", region, name) or {}
            replicas = other.get("ReadReplicaDBInstanceIdentifiers", [])
            kept = [r for r in replicas if r not in (ref.identifier, record.get("_arn"))]
            if kept != replicas:
                records.update("instance", region, name, ReadReplicaDBInstanceIdentifiers=kept)


def _remove_server(fleet: Fleet, ref: Ref) -> None:
    fleet.instances.delete(ref)
