"""What RDS asks of a cluster because it belongs, or is to belong, to a global cluster."""

from __future__ import annotations

import re

from localcloud.api import ApiError, Call, Operations
from localcloud.fleet import Ref
from localcloud.records import Record
from localcloud.services import rds_rules as rules
from localcloud.services.context import Cloud
from localcloud.services.engine_versions import AURORA_MYSQL, matching
from localcloud.services.rds_cluster_records import Joining
from localcloud.services.rds_clusters import Clusters
from localcloud.services.rds_global_clusters import GlobalClusters, bad_state
from localcloud.services.surroundings import name_of

MOST_SECONDARIES = 10
_MEMORY_OPTIMISED = re.compile(r"db\.([rx]\d|serverless)")
_PRIMARYS_OWN = {
    "MasterUsername": "user name",
    "MasterUserPassword": "password",
    "DatabaseName": "database name",
}


class GlobalMembers:
    """Checks before a member is made, changed or deleted."""

    def __init__(self, cloud: Cloud, clusters: Clusters, worldwide: GlobalClusters) -> None:
        self._cloud = cloud
        self._clusters = clusters
        self._worldwide = worldwide
        clusters.joining = self._joining

    def register(self, operations: Operations) -> None:
        """Check the operations on single clusters and instances."""
        operations.check_before("rds", "CreateDBInstance", self._check_class)
        operations.check_before("rds", "DeleteDBInstance", self._check_last)
        operations.check_before("rds", "ModifyDBCluster", self._check_modify)
        operations.check_before("rds", "FailoverDBCluster", self._check_failover)
        operations.check_before("rds", "DeleteDBCluster", self._check_delete)

    def _joining(self, call: Call, identifier: str) -> Joining | None:
        """What a new cluster is to be in a global one; `ApiError` when it cannot be."""
        p = call.params
        if not p.get("GlobalClusterIdentifier"):
            return None
        record = self._worldwide.need(p["GlobalClusterIdentifier"])
        if p.get("Engine") != record["Engine"]:
            raise rules.combination(
                f"The engine of a member is its global cluster's: {record['Engine']}, not "
                f"{p.get('Engine')}"
            )
        name, version = record["GlobalClusterIdentifier"], record["EngineVersion"]
        members = self._worldwide.members(name)
        wanted = p.get("EngineVersion")
        if wanted and version not in matching(AURORA_MYSQL, wanted):
            raise rules.combination(
                f"The engine version of a member is its global cluster's: {version}, not {wanted}"
            )
        if identifier in (member.identifier for member in members):
            raise ApiError(
                "DBClusterAlreadyExistsFault",
                f"DB cluster identifiers of a global cluster are unique across all Regions: "
                f"{identifier} exists.",
            )
        if bool(p.get("StorageEncrypted")) != record["StorageEncrypted"]:
            raise rules.combination("A member is encrypted as its global cluster is.")
        for unfit in ("BacktrackWindow", "ManageMasterUserPassword"):
            if p.get(unfit):
                raise rules.combination(f"{unfit} is not supported by global databases.")
        if not members:
            return Joining(name, version, None)
        primary = self._worldwide.record(members[0])
        self._check_secondary(call, members, primary)
        return Joining(name, version, primary)

    def _check_secondary(self, call: Call, members: tuple[Ref, ...], primary: Record) -> None:
        p = call.params
        for member, called in _PRIMARYS_OWN.items():
            if p.get(member):
                raise rules.combination(
                    f"Cannot specify {called} for cross region replication cluster"
                )
        if call.region in (member.region for member in members):
            raise rules.combination(f"The global cluster has a cluster in {call.region} already.")
        if len(members) > MOST_SECONDARIES:
            raise ApiError(
                "DBClusterQuotaExceededFault",
                f"A global cluster has at most {MOST_SECONDARIES} secondary clusters.",
            )
        if primary["StorageEncrypted"] and not p.get("KmsKeyId"):
            raise rules.combination(
                "For encrypted cross-region replica, kmsKeyId should be explicitly specified"
            )
        ref = members[0]
        served = self._clusters.members(ref.region, ref.identifier)
        if not any(each["DBInstanceStatus"] == "available" for each in served):
            raise bad_state(f"The primary cluster {ref.identifier} has no available DB instance.")

    def _place(self, call: Call, name: str | None) -> tuple[Ref, ...]:
        """All clusters of the global cluster that ``name`` belongs to, itself first; or none."""
        if not name:
            return ()
        ref = Ref(call.region, name_of(name))
        worldwide = self._cloud.fleet.global_clusters.of(ref)
        if worldwide is None:
            return ()
        return (ref, *(r for r in self._worldwide.members(worldwide) if r != ref))

    def _leads(self, ref: Ref) -> bool:
        name = self._cloud.fleet.global_clusters.of(ref)
        return name is not None and self._worldwide.members(name)[0] == ref

    def _check_class(self, call: Call) -> None:
        wanted = call.params.get("DBInstanceClass") or ""
        here = self._place(call, call.params.get("DBClusterIdentifier"))
        if here and not _MEMORY_OPTIMISED.match(wanted):
            raise rules.combination(
                f"The requested instance class is not supported by global databases: {wanted}"
            )

    def _check_last(self, call: Call) -> None:
        name = name_of(call.params["DBInstanceIdentifier"])
        instance = self._cloud.records.get("instance", call.region, name) or {}
        here = self._place(call, instance.get("DBClusterIdentifier"))
        if len(here) < 2 or not self._leads(here[0]):
            return
        if len(self._clusters.members(call.region, here[0].identifier)) == 1:
            raise ApiError(
                "InvalidDBClusterStateFault",
                "Cannot delete the last instance of the master cluster. Delete the replica "
                "cluster before deleting the last master cluster instance.",
            )

    def _check_modify(self, call: Call) -> None:
        p = call.params
        here = self._place(call, p["DBClusterIdentifier"])
        if not here:
            return
        if p.get("EngineVersion"):
            raise rules.combination(
                "The engine version of a global database is changed by ModifyGlobalCluster."
            )
        if p.get("BacktrackWindow"):
            raise rules.combination("BacktrackWindow is not supported by global databases.")
        if p.get("MasterUserPassword") and not self._leads(here[0]):
            raise rules.combination(
                "The master password of a global database is changed in its primary cluster."
            )
        if p.get("EnableGlobalWriteForwarding") is not None:
            ref, wanted = here[0], bool(p["EnableGlobalWriteForwarding"])
            self._cloud.records.update("cluster", ref.region, ref.identifier, _forwards=wanted)

    def _check_failover(self, call: Call) -> None:
        here = self._place(call, call.params["DBClusterIdentifier"])
        if here and not self._leads(here[0]):
            raise ApiError(
                "InvalidDBClusterStateFault", "A secondary of a global cluster has no writer."
            )

    def _check_delete(self, call: Call) -> None:
        if self._place(call, call.params["DBClusterIdentifier"]):
            raise ApiError(
                "InvalidDBClusterStateFault",
                "This cluster is a part of a global cluster, please remove it from globalcluster "
                "first",
            )
