"""DB clusters in operation: modify, fail over, delete."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localcloud.api import Answer, ApiError, Call, Operations
from localcloud.fleet import Ref
from localcloud.records import Record
from localcloud.services import rds_multi_az, rds_scaling
from localcloud.services import rds_rules as rules
from localcloud.services.context import Cloud, changed
from localcloud.services.engine_versions import engine_of, resolve
from localcloud.services.rds_clusters import Clusters
from localcloud.services.rds_engines import Engine
from localcloud.services.rds_parameters import CLUSTER, group_for, values_for
from localcloud.services.surroundings import name_of

_AT_ONCE = (
    "PreferredBackupWindow", "PreferredMaintenanceWindow", "BackupRetentionPeriod",
    "DeletionProtection", "CopyTagsToSnapshot", "BacktrackWindow", "MonitoringInterval",
    "MonitoringRoleArn",
)  # fmt: skip


class ClusterChanges:
    """Modify, fail over, delete."""

    def __init__(self, cloud: Cloud, clusters: Clusters) -> None:
        self._cloud = cloud
        self._records = cloud.records
        self._clusters = clusters

    def register(self, operations: Operations) -> None:
        """Answer the operations of this module."""
        operations.handle("rds", "ModifyDBCluster", self._modify)
        operations.handle("rds", "FailoverDBCluster", self._fail_over)
        operations.handle("rds", "DeleteDBCluster", self._delete)

    def _available(self, call: Call) -> Record:
        record = self._clusters.need(call.region, call.params["DBClusterIdentifier"])
        if record["Status"] != "available":
            raise ApiError("InvalidDBClusterStateFault", f"The cluster is {record['Status']}.")
        return record

    def _modify(self, call: Call) -> Answer:
        p, region = call.params, call.region
        record = self._available(call)
        identifier, engine = record["DBClusterIdentifier"], engine_of(record["Engine"])
        if p.get("NewDBClusterIdentifier") not in (None, identifier):
            raise rules.refuse("The local cloud does not rename clusters.")
        if p.get("BackupRetentionPeriod") is not None:
            rules.check_retention(p["BackupRetentionPeriod"], least=1)
        rules.check_windows(p.get("PreferredBackupWindow"), p.get("PreferredMaintenanceWindow"))
        rules.check_credentials(None, p.get("MasterUserPassword"), engine)
        at_once, waiting = rds_multi_az.changes(record, p, engine)
        values: dict[str, Any] = changed(record, p, _AT_ONCE)
        if engine.aurora:
            values |= changed(record, p, ("StorageType",))
        elif p.get("EnablePerformanceInsights") is not None:
            values["PerformanceInsightsEnabled"] = p["EnablePerformanceInsights"]
        if at_once:
            values |= at_once | {"PendingModifiedValues": {}}
        elif waiting:
            values["PendingModifiedValues"] = record.get("PendingModifiedValues", {}) | waiting
        if p.get("EnableIAMDatabaseAuthentication") is not None:
            values["IAMDatabaseAuthenticationEnabled"] = p["EnableIAMDatabaseAuthentication"]
        if p.get("EngineVersion"):
            values["EngineVersion"] = _version(record, p, engine)
        if p.get("DBClusterParameterGroupName"):
            version = str(values.get("EngineVersion") or record["EngineVersion"])
            values["DBClusterParameterGroup"] = group_for(
                self._cloud,
                CLUSTER,
                region,
                p["DBClusterParameterGroupName"],
                engine,
                version,
            )
        if p.get("VpcSecurityGroupIds"):
            values["VpcSecurityGroups"] = [
                {"VpcSecurityGroupId": g, "Status": "active"} for g in p["VpcSecurityGroupIds"]
            ]
        logs = p.get("CloudwatchLogsExportConfiguration") or {}
        if logs:
            enable, disable = logs.get("EnableLogTypes") or [], logs.get("DisableLogTypes") or []
            rules.check_log_exports([*enable, *disable], engine)
            kept = [t for t in record["EnabledCloudwatchLogsExports"] if t not in disable]
            values["EnabledCloudwatchLogsExports"] = kept + [t for t in enable if t not in kept]
        if p.get(rds_scaling.MEMBER):
            rds_scaling.check_engine(engine)
            version = str(values.get("EngineVersion") or record["EngineVersion"])
            values[rds_scaling.MEMBER] = rds_scaling.configuration(
                p[rds_scaling.MEMBER], version, record.get(rds_scaling.MEMBER)
            )
        if p.get("MasterUserPassword"):
            self._cloud.fleet.clusters.set_password(
                Ref(region, identifier), p["MasterUserPassword"]
            )
        self._records.update("cluster", region, identifier, **values)
        self._spread(region, identifier, values)
        if rds_multi_az.is_multi_az(record):
            names = [m["DBInstanceIdentifier"] for m in self._clusters.members(region, identifier)]
            self._clusters.multi_az.spread(region, names, values, waiting)
        return {"DBCluster": self._clusters.shown(self._clusters.need(region, identifier))}

    def _spread(self, region: str, identifier: str, values: dict[str, Any]) -> None:
        if rds_scaling.MEMBER in values:
            ref = Ref(region, identifier)
            self._cloud.fleet.clusters.set_scaling(ref, rds_scaling.scaling_of(values))
        for member in self._clusters.members(region, identifier):
            name = member["DBInstanceIdentifier"]
            if "EngineVersion" in values:
                version = values["EngineVersion"]
                self._records.update("instance", region, name, EngineVersion=version)
            if "VpcSecurityGroups" in values:
                groups = values["VpcSecurityGroups"]
                self._records.update("instance", region, name, VpcSecurityGroups=groups)
            if "DBClusterParameterGroup" in values:
                parameters = values_for(self._cloud, region, member)
                self._cloud.fleet.set_parameters(Ref(region, name), parameters)

    def _fail_over(self, call: Call) -> Answer:
        record = self._available(call)
        identifier, target = record["DBClusterIdentifier"], None
        if call.params.get("TargetDBInstanceIdentifier"):
            target = name_of(call.params["TargetDBInstanceIdentifier"])
        names = [m["DBInstanceIdentifier"] for m in self._clusters.members(call.region, identifier)]
        if len(names) < 2:
            raise ApiError(
                "InvalidDBClusterStateFault",
                f"Cannot failover cluster '{identifier}' since it has no reader.",
            )
        if target is not None and target not in names:
            raise ApiError(
                "InvalidDBInstanceState", f"{target} is not a member of cluster {identifier}."
            )
        ref = Ref(call.region, identifier)
        before = self._cloud.fleet.clusters.state(ref).writer
        if target is not None and target == before:
            raise ApiError(
                "InvalidDBInstanceState", f"{target} is the writer of the cluster already."
            )
        self._records.update("cluster", call.region, identifier, _writer=before)
        self._clusters.tell(record, f"Started failover from {before}", "failover")
        self._cloud.fleet.clusters.fail_over(ref, target)
        return {"DBCluster": self._clusters.shown(self._clusters.need(call.region, identifier))}

    def _delete(self, call: Call) -> Answer:
        p = call.params
        with self._records.change():
            record = self._clusters.need(call.region, p["DBClusterIdentifier"])
            identifier = record["DBClusterIdentifier"]
            if record["Status"] in ("creating", "deleting"):
                raise ApiError("InvalidDBClusterStateFault", f"The cluster is {record['Status']}.")
            if record["DeletionProtection"]:
                raise rules.combination(
                    "Cannot delete protected Cluster, please disable deletion protection and try "
                    "again."
                )
            members = [
                m["DBInstanceIdentifier"] for m in self._clusters.members(call.region, identifier)
            ]
            if members and not rds_multi_az.is_multi_az(record):
                raise ApiError(
                    "InvalidDBClusterStateFault",
                    "Cluster cannot be deleted, it still contains DB instances in non-deleting "
                    "state.",
                )
            final, skip = p.get("FinalDBSnapshotIdentifier"), bool(p.get("SkipFinalSnapshot"))
            if bool(final) == skip:
                raise rules.combination(
                    "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified, "
                    "and can not be specified with it."
                )
            self._records.update("cluster", call.region, identifier, Status="deleting")
            for name in members:
                self._records.update("instance", call.region, name, DBInstanceStatus="deleting")
        self._cloud.fleet.clusters.delete(Ref(call.region, identifier))
        with self._records.change():
            self._clusters.multi_az.forget(call.region, members)
            for endpoint in self._records.all("cluster-endpoint", call.region):
                if endpoint["DBClusterIdentifier"] == identifier:
                    name = endpoint["DBClusterEndpointIdentifier"]
                    self._records.drop("cluster-endpoint", call.region, name)
            self._records.drop("cluster", call.region, identifier)
            self._clusters.tell(record, "DB cluster deleted", "deletion")
        return {"DBCluster": record | {"Status": "deleting", "DBClusterMembers": []}}


def _version(record: Record, p: Mapping[str, Any], engine: Engine) -> str:
    old, wanted = str(record["EngineVersion"]), str(p["EngineVersion"])
    # A prefix of the running version is no change.
    version = old if old.startswith(f"{wanted}.") else resolve(engine, wanted)
    if engine.major(version) != engine.major(old) and not p.get("AllowMajorVersionUpgrade"):
        raise rules.combination(
            "The AllowMajorVersionUpgrade flag must be present when upgrading to a new major "
            "version."
        )
    return version
