"""Aurora clusters stopped and started, Multi-AZ DB clusters restarted."""

from __future__ import annotations

from localcloud.api import Answer, ApiError, Call, Operations
from localcloud.fleet import Ref
from localcloud.records import Record
from localcloud.services import rds_rules as rules
from localcloud.services.context import Cloud
from localcloud.services.rds_clusters import Clusters
from localcloud.services.rds_multi_az import is_multi_az


class ClusterPower:
    """Stop, start, reboot."""

    def __init__(self, cloud: Cloud, clusters: Clusters) -> None:
        self._cloud = cloud
        self._records = cloud.records
        self._clusters = clusters

    def register(self, operations: Operations) -> None:
        """Answer the operations of this module."""
        operations.handle("rds", "StopDBCluster", self._stop)
        operations.handle("rds", "StartDBCluster", self._start)
        operations.handle("rds", "RebootDBCluster", self._reboot)
        operations.check_before("rds", "DeleteDBInstance", self._check_delete)

    def _need(self, call: Call, status: str, *, multi_az: bool) -> Record:
        record = self._clusters.need(call.region, call.params["DBClusterIdentifier"])
        if is_multi_az(record) is not multi_az:
            which = "Multi-AZ DB clusters" if multi_az else "Aurora DB clusters"
            raise rules.combination(f"{call.operation} applies to {which} only.")
        if record["Status"] != status:
            raise ApiError(
                "InvalidDBClusterStateFault",
                f"DbCluster {record['DBClusterIdentifier']} is not in {status} state (it is "
                f"{record['Status']}).",
            )
        return record

    def _stop(self, call: Call) -> Answer:
        record = self._need(call, "available", multi_az=False)
        ref = Ref(call.region, record["DBClusterIdentifier"])
        if self._cloud.fleet.global_clusters.of(ref) is not None:
            raise ApiError(
                "InvalidDBClusterStateFault", "A cluster of a global database can not be stopped."
            )
        self._cloud.fleet.clusters.stop(ref)
        self._report(record, "stopped")
        return self._answer(ref)

    def _start(self, call: Call) -> Answer:
        record = self._need(call, "stopped", multi_az=False)
        ref = Ref(call.region, record["DBClusterIdentifier"])
        self._cloud.fleet.clusters.start(ref)
        self._report(record, "available")
        return self._answer(ref)

    def _reboot(self, call: Call) -> Answer:
        record = self._need(call, "available", multi_az=True)
        ref = Ref(call.region, record["DBClusterIdentifier"])
        for member in self._clusters.members(ref.region, ref.identifier):
            self._cloud.fleet.reboot(Ref(ref.region, member["DBInstanceIdentifier"]))
        self._clusters.tell(record, "DB cluster restarted", "availability")
        return self._answer(ref)

    def _report(self, record: Record, status: str) -> None:
        region, identifier = record["_region"], record["DBClusterIdentifier"]
        with self._records.change():
            self._records.update("cluster", region, identifier, Status=status)
            for member in self._clusters.members(region, identifier):
                name = member["DBInstanceIdentifier"]
                self._records.update("instance", region, name, DBInstanceStatus=status)
            done = {"stopped": "stopped", "available": "started"}[status]
            self._clusters.tell(record, f"DB cluster {done}", "notification")

    def _answer(self, ref: Ref) -> Answer:
        return {"DBCluster": self._clusters.shown(self._clusters.need(ref.region, ref.identifier))}

    def _check_delete(self, call: Call) -> None:
        # Only its writer is sure to have every row, and nobody could take over from it.
        name = call.params["DBInstanceIdentifier"]
        record = self._records.get("instance", call.region, name) or {}
        if "DBClusterIdentifier" in record and record["DBInstanceStatus"] == "stopped":
            raise ApiError(
                "InvalidDBClusterStateFault",
                f"The cluster of {name} is stopped: start it before you delete its members.",
            )
