"""RDS instances in operation: reboot, stop, start, and the snapshots they left behind."""

from __future__ import annotations

from localcloud.api import Answer, ApiError, Call, Operations, page
from localcloud.fleet import Ref
from localcloud.services import rds_rules as rules
from localcloud.services.context import Cloud
from localcloud.services.rds_instances import Instances, in_sync
from localcloud.services.surroundings import name_of


class Lifecycle:
    """Reboot, stop and start of instances."""

    def __init__(self, cloud: Cloud, instances: Instances) -> None:
        self._records = cloud.records
        self._fleet = cloud.fleet
        self._instances = instances

    def register(self, operations: Operations) -> None:
        """Answer the operations of this module."""
        operations.handle("rds", "RebootDBInstance", self._reboot)
        operations.handle("rds", "StopDBInstance", self._stop)
        operations.handle("rds", "StartDBInstance", self._start)
        operations.handle("rds", "DescribeDBSnapshots", self._snapshots)

    def _snapshots(self, call: Call) -> Answer:
        found = self._records.all("snapshot", call.region)
        for member in ("DBSnapshotIdentifier", "DBInstanceIdentifier"):
            wanted = call.params.get(member)
            if wanted:
                found = [s for s in found if s[member] == name_of(wanted)]
        if call.params.get("DBSnapshotIdentifier") and not found:
            raise ApiError(
                "DBSnapshotNotFound",
                f"DBSnapshot {call.params['DBSnapshotIdentifier']} not found.",
                404,
            )
        return page(call, "DBSnapshots", found)

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
        self._fleet.stop_instance(Ref(call.region, identifier))
        self._records.update("instance", call.region, identifier, DBInstanceStatus="stopped")
        self._instances.tell(record, "DB instance stopped", "notification")
        return {"DBInstance": self._instances.need(call.region, identifier)}

    def _start(self, call: Call) -> Answer:
        record = self._instances.need(call.region, call.params["DBInstanceIdentifier"])
        if record["DBInstanceStatus"] != "stopped":
            raise ApiError("InvalidDBInstanceState", "Instance is not in stopped state.")
        identifier = record["DBInstanceIdentifier"]
        self._fleet.start_instance(Ref(call.region, identifier))
        self._records.update("instance", call.region, identifier, DBInstanceStatus="available")
        self._instances.tell(record, "DB instance started", "notification")
        return {"DBInstance": self._instances.need(call.region, identifier)}
