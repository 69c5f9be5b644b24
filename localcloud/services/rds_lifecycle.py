"""RDS instances in operation: reboot, stop, start, delete."""

from __future__ import annotations

from typing import Any

from localcloud.api import Answer, ApiError, Call, Operations
from localcloud.fleet import Ref
from localcloud.records import Record
from localcloud.services import rds_rules as rules
from localcloud.services.context import Cloud
from localcloud.services.rds_backups import MANUAL, check_snapshot_name
from localcloud.services.rds_instances import Instances, in_sync


class Lifecycle:
    """Reboot, stop, start and deletion of instances."""

    def __init__(self, cloud: Cloud, instances: Instances) -> None:
        self._records = cloud.records
        self._fleet = cloud.fleet
        self._instances = instances

    def register(self, operations: Operations) -> None:
        """Answer the operations of this module."""
        operations.handle("rds", "RebootDBInstance", self._reboot)
        operations.handle("rds", "StopDBInstance", self._stop)
        operations.handle("rds", "StartDBInstance", self._start)
        operations.handle("rds", "DeleteDBInstance", self._delete)

    def _delete(self, call: Call) -> Answer:
        p = call.params
        record = self._instances.need(call.region, p["DBInstanceIdentifier"])
        final = self._check_delete(record, p)
        identifier = record["DBInstanceIdentifier"]
        if final is not None:
            self._keep(record, final)
        self._records.update("instance", call.region, identifier, DBInstanceStatus="deleting")
        self._release_replicas(record)
        self._remove_server(record)
        self._instances.backups.no_more(record)
        with self._records.change():
            self._records.drop("instance", call.region, identifier)
            self._instances.forget_at_source(record)
            self._instances.tell(record, "DB instance deleted", "deletion")
        return {"DBInstance": record | {"DBInstanceStatus": "deleting"}}

    def _keep(self, record: Record, name: str) -> None:
        """The final snapshot: of everything, so nobody may write any more.

        Until it is whole the instance is a stopped one, which a kill leaves with its data.
        """
        ref = Ref(record["_region"], record["DBInstanceIdentifier"])
        self._fleet.instances.stop(ref)
        self._records.update("instance", ref.region, ref.identifier, DBInstanceStatus="stopped")
        self._instances.backups.take(record, name, MANUAL)

    def _check_delete(self, record: Record, p: dict[str, Any]) -> str | None:
        """The name of the final snapshot, if there is to be one."""
        if record["DBInstanceStatus"] in ("creating", "deleting"):
            raise ApiError(
                "InvalidDBInstanceState",
                f"Instance {record['DBInstanceIdentifier']} is {record['DBInstanceStatus']}.",
            )
        if record["DeletionProtection"]:
            raise rules.combination(
                "Cannot delete protected DB Instance, please disable deletion protection and try "
                "again."
            )
        final, skip = p.get("FinalDBSnapshotIdentifier"), bool(p.get("SkipFinalSnapshot"))
        part_of_more = "_source" in record or "DBClusterIdentifier" in record
        if final and (skip or part_of_more):
            raise rules.combination(
                "FinalDBSnapshotIdentifier can not be specified when deleting a replica instance "
                "or a cluster member, or when SkipFinalSnapshot is enabled."
            )
        if not final and not skip and not part_of_more:
            raise rules.combination(
                "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified."
            )
        if not final:
            return None
        if record["DBInstanceStatus"] not in ("available", "stopped"):
            raise ApiError(
                "InvalidDBInstanceState",
                f"Instance {record['DBInstanceIdentifier']} is {record['DBInstanceStatus']}; only "
                "skip the final snapshot.",
            )
        name = check_snapshot_name("FinalDBSnapshotIdentifier", final)
        self._instances.backups.check_free(Ref(record["_region"], name))
        return name

    def _remove_server(self, record: Record) -> None:
        """Stop the server and remove its data."""
        ref = Ref(record["_region"], record["DBInstanceIdentifier"])
        cluster = record.get("DBClusterIdentifier")
        if cluster:
            self._fleet.clusters.remove_member(Ref(ref.region, cluster), ref.identifier)
        else:
            self._fleet.instances.delete(ref)

    def _release_replicas(self, source: Record) -> None:
        # RDS promotes the replicas of a source that goes away.
        for replica in self._records.all("instance"):
            if replica.get("_source") != source["_arn"]:
                continue
            ref = Ref(replica["_region"], replica["DBInstanceIdentifier"])
            self._fleet.instances.promote(ref)
            self._instances.standalone(ref)

    def _reboot(self, call: Call) -> Answer:
        record = self._instances.need_available(call.region, call.params["DBInstanceIdentifier"])
        if call.params.get("ForceFailover") and not record.get("MultiAZ"):
            raise rules.combination("Reboot with failover needs a Multi-AZ instance.")
        identifier = record["DBInstanceIdentifier"]
        self._fleet.reboot(Ref(call.region, identifier))
        groups = in_sync(record["DBParameterGroups"][0]["DBParameterGroupName"])
        self._records.update("instance", call.region, identifier, DBParameterGroups=groups)
        self._instances.tell(record, "DB instance restarted", "availability")
        return {"DBInstance": self._instances.need(call.region, identifier)}

    def _stop(self, call: Call) -> Answer:
        record = self._instances.need_available(call.region, call.params["DBInstanceIdentifier"])
        if "_source" in record or record["ReadReplicaDBInstanceIdentifiers"]:
            raise ApiError(
                "InvalidDBInstanceState", "A read replica or its source can not be stopped."
            )
        if "DBClusterIdentifier" in record:
            raise ApiError("InvalidDBInstanceState", "Stop the DB cluster, not its member.")
        identifier = record["DBInstanceIdentifier"]
        self._fleet.instances.stop(Ref(call.region, identifier))
        self._records.update("instance", call.region, identifier, DBInstanceStatus="stopped")
        self._instances.tell(record, "DB instance stopped", "notification")
        return {"DBInstance": self._instances.need(call.region, identifier)}

    def _start(self, call: Call) -> Answer:
        record = self._instances.need(call.region, call.params["DBInstanceIdentifier"])
        if record["DBInstanceStatus"] != "stopped":
            raise ApiError("InvalidDBInstanceState", "Instance is not in stopped state.")
        identifier = record["DBInstanceIdentifier"]
        self._fleet.instances.start(Ref(call.region, identifier))
        self._records.update("instance", call.region, identifier, DBInstanceStatus="available")
        self._instances.tell(record, "DB instance started", "notification")
        return {"DBInstance": self._instances.need(call.region, identifier)}
