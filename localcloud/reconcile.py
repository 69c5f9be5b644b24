"""Makes the API's records and the servers agree after a start; the records decide."""

from __future__ import annotations

import logging

from localcloud.errors import StateUnreadable
from localcloud.fleet import Fleet, Ref
from localcloud.reconcile_snapshots import reconcile_snapshots
from localcloud.records import Records

log = logging.getLogger(__name__)

_STATUS = {
    "instance": "DBInstanceStatus",
    "cluster": "Status",
    "replication-group": "Status",
    "proxy": "Status",
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
    for kind in ("proxy", "instance", "replication-group", "cluster"):
        for region, name in records.keys(kind):
            record = records.get(kind, region, name)
            if record is not None and record[_STATUS[kind]] in ("creating", "deleting"):
                log.warning("%s %s: %s was cut short", kind, name, record[_STATUS[kind]])
                _remove(records, fleet, kind, Ref(region, name))
    known = {(region, name) for kind in _STATUS for region, name in records.keys(kind)}
    known |= _nodes(records)
    served = {(status.region, status.identifier) for status in fleet.listing()}
    for region, name in sorted(served - known):
        log.warning("server %s in %s has no record: removed", name, region)
        _remove_server(fleet, Ref(region, name))
    reconcile_snapshots(records, fleet)
    for region, name in records.keys("instance"):
        _judge(records, region, name, (region, name) in served)


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
    if kind == "replication-group":
        fleet.caches.delete(ref)
    elif kind == "cluster":
        fleet.clusters.delete(ref)
    elif kind == "proxy":
        fleet.proxies.delete(ref)
    elif "DBClusterIdentifier" in record:
        cluster = Ref(ref.region, record["DBClusterIdentifier"])
        if records.get("cluster", cluster.region, cluster.identifier):
            fleet.clusters.remove_member(cluster, ref.identifier)
    else:
        fleet.instances.delete(ref)
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
