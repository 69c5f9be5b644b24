"""Makes the records of snapshots and their data agree after a start; the records decide."""

from __future__ import annotations

import logging

from localcloud.fleet import Fleet, Ref
from localcloud.records import Records

log = logging.getLogger(__name__)


def reconcile_snapshots(records: Records, fleet: Fleet) -> None:
    """Finish what a kill cut short, remove data nobody knows, mark snapshots that lost theirs.

    A snapshot in ``creating`` was never answered to its caller; one in ``deleting`` was. An
    automated one goes with its instance.
    """
    there = fleet.backups.names()
    instances = {instance["DbiResourceId"] for instance in records.all("instance")}
    for region, name in records.keys("snapshot"):
        record, ref = records.get("snapshot", region, name) or {}, Ref(region, name)
        if (
            record["Status"] in ("creating", "deleting")
            or "_data" not in record
            or (record["SnapshotType"] == "automated" and record["DbiResourceId"] not in instances)
        ):
            log.warning("snapshot %s in %s was left over: removed", name, region)
            fleet.backups.delete(ref)
            records.drop("snapshot", region, name)
        elif record["_data"] and ref not in there:
            log.error("snapshot %s in %s has no data: it is reported as failed", name, region)
            records.update("snapshot", region, name, Status="failed")
    known = {Ref(region, name) for region, name in records.keys("snapshot")}
    for ref in sorted(there - known):
        log.warning("snapshot %s has no record: removed", ref)
        fleet.backups.delete(ref)
