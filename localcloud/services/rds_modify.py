"""ModifyDBInstance: what changes at once, what waits for the window, what is refused."""

from __future__ import annotations

from typing import Any

from localcloud.api import Answer, ApiError, Call, Operations
from localcloud.fleet import Ref
from localcloud.records import Record
from localcloud.services import rds_rules as rules
from localcloud.services import rds_scaling
from localcloud.services.context import Cloud, changed
from localcloud.services.engine_versions import check_class, engine_of, resolve
from localcloud.services.rds_engines import Engine
from localcloud.services.rds_instances import Instances
from localcloud.services.rds_options import membership
from localcloud.services.rds_parameters import INSTANCE, group_for, values_for
from localcloud.services.surroundings import security_groups

_AT_ONCE = (
    "MaxAllocatedStorage", "PreferredBackupWindow", "PreferredMaintenanceWindow",
    "MonitoringInterval", "MonitoringRoleArn", "PubliclyAccessible", "AutoMinorVersionUpgrade",
    "CopyTagsToSnapshot", "DeletionProtection", "PromotionTier", "DatabaseInsightsMode",
    "BackupRetentionPeriod", "CACertificateIdentifier",
)  # fmt: skip
_WAITING = (
    "DBInstanceClass", "AllocatedStorage", "MultiAZ", "StorageType", "Iops", "StorageThroughput",
    "EngineVersion",
)  # fmt: skip
"""Without ApplyImmediately these wait as PendingModifiedValues."""


class Modify:
    """The one operation with the most rules."""

    def __init__(self, cloud: Cloud, instances: Instances) -> None:
        self._cloud = cloud
        self._records = cloud.records
        self._instances = instances

    def register(self, operations: Operations) -> None:
        """Answer ModifyDBInstance."""
        operations.handle("rds", "ModifyDBInstance", self._modify)

    def _modify(self, call: Call) -> Answer:
        p = dict(call.params)
        record = self._instances.need_available(call.region, p["DBInstanceIdentifier"])
        if p.get("NewDBInstanceIdentifier") not in (None, record["DBInstanceIdentifier"]):
            raise rules.refuse("The local cloud does not rename instances.")
        engine = engine_of(record["Engine"])
        if p.get("EngineVersion"):
            p["EngineVersion"] = self._version(engine, record, p)
        self._check(record, p, engine)
        values = self._members(call.region, record, p, engine)
        waiting = changed(record, p, _WAITING)
        if p.get("ApplyImmediately"):
            values |= waiting | {"PendingModifiedValues": {}}
        elif waiting:
            values["PendingModifiedValues"] = record["PendingModifiedValues"] | waiting
        ref = Ref(call.region, record["DBInstanceIdentifier"])
        if p.get("MasterUserPassword"):
            self._cloud.fleet.instances.set_password(ref, p["MasterUserPassword"])
        with self._records.change():
            self._records.update("instance", ref.region, ref.identifier, **values)
            fresh = self._instances.need(ref.region, ref.identifier)
        self._instances.backups.changed(record, fresh)
        if values.keys() & {"DBParameterGroups", "OptionGroupMemberships"}:
            self._cloud.fleet.set_parameters(ref, values_for(self._cloud, ref.region, fresh))
        if "DBInstanceClass" in values and "DBClusterIdentifier" in record:
            serverless = values["DBInstanceClass"] == rds_scaling.CLASS
            cluster = Ref(ref.region, record["DBClusterIdentifier"])
            self._cloud.fleet.clusters.set_serverless(cluster, ref.identifier, serverless)
        return {"DBInstance": fresh}

    def _version(self, engine: Engine, record: Record, p: dict[str, Any]) -> str:
        old, wanted = str(record["EngineVersion"]), str(p["EngineVersion"])
        # A prefix of the running version is no change.
        version = old if old.startswith(f"{wanted}.") else resolve(engine, wanted)
        if engine.major(version) != engine.major(old) and not p.get("AllowMajorVersionUpgrade"):
            raise rules.combination(
                "The AllowMajorVersionUpgrade flag must be present when upgrading to a new major "
                "version."
            )
        if engine.versions.index(version) < engine.versions.index(old):
            raise rules.combination(f"Cannot upgrade {engine.name} from {old} to {version}")
        return version

    def _check(self, record: Record, p: dict[str, Any], engine: Engine) -> None:
        instance_class = p.get("DBInstanceClass") or record["DBInstanceClass"]
        check_class(engine, record["EngineVersion"], instance_class)
        if "DBClusterIdentifier" in record:
            cluster = self._records.get("cluster", record["_region"], record["DBClusterIdentifier"])
            rds_scaling.check_member(instance_class, cluster or {})
        rules.check_certificate(p.get("CACertificateIdentifier"))
        if p.get("MasterUserPassword") is not None:
            rules.check_credentials(None, p["MasterUserPassword"], engine)
            if "_source" in record or "DBClusterIdentifier" in record:
                raise rules.combination(
                    "The master password can't be set on a read replica or a cluster member."
                )
        retention = p.get("BackupRetentionPeriod")
        if retention is not None:
            rules.check_retention(retention)
            if retention == 0 and record["ReadReplicaDBInstanceIdentifiers"]:
                raise ApiError(
                    "InvalidDBInstanceState",
                    "Automated backups cannot be disabled while the instance has read replicas.",
                )
        merged = {
            "MonitoringInterval": p.get("MonitoringInterval", record["MonitoringInterval"]),
            "MonitoringRoleArn": p.get("MonitoringRoleArn", record.get("MonitoringRoleArn")),
            "EnablePerformanceInsights": p.get("EnablePerformanceInsights"),
        }
        if not merged["MonitoringInterval"]:
            merged["MonitoringRoleArn"] = None
        rules.check_monitoring(merged, engine, instance_class)
        rules.check_windows(
            p.get("PreferredBackupWindow"),
            p.get("PreferredMaintenanceWindow"),
        )
        if "AllocatedStorage" in record:
            self._check_storage(record, p, engine)

    def _check_storage(self, record: Record, p: dict[str, Any], engine: Engine) -> None:
        old = record["AllocatedStorage"]
        size = p.get("AllocatedStorage") or old
        if size < old:
            raise rules.refuse("Requested storage size cannot be smaller than the current size.")
        if size != old and size * 10 < old * 11:
            raise rules.combination(f"Storage grows by at least 10% at a time: {old} to {size}.")
        merged = {"MaxAllocatedStorage": record.get("MaxAllocatedStorage")} | p
        if any(p.get(m) for m in ("AllocatedStorage", "StorageType", "Iops",
                                  "MaxAllocatedStorage", "StorageThroughput")):  # fmt: skip
            storage = p.get("StorageType") or record["StorageType"]
            rules.check_storage(merged, storage, size, engine)

    def _members(
        self, region: str, record: Record, p: dict[str, Any], engine: Engine
    ) -> dict[str, Any]:
        values: dict[str, Any] = changed(record, p, _AT_ONCE)
        if p.get("MonitoringInterval") == 0:
            values["MonitoringRoleArn"] = None
        if p.get("EnablePerformanceInsights") is not None:
            values["PerformanceInsightsEnabled"] = p["EnablePerformanceInsights"]
        if p.get("EnableIAMDatabaseAuthentication") is not None:
            values["IAMDatabaseAuthenticationEnabled"] = p["EnableIAMDatabaseAuthentication"]
        if p.get("VpcSecurityGroupIds"):
            vpc = record["DBSubnetGroup"]["VpcId"]
            values["VpcSecurityGroups"] = [
                {"VpcSecurityGroupId": g, "Status": "active"}
                for g in security_groups(region, p["VpcSecurityGroupIds"], vpc)
            ]
        if p.get("DBParameterGroupName"):
            version = record["EngineVersion"]
            wanted = p["DBParameterGroupName"]
            name = group_for(self._cloud, INSTANCE, region, wanted, engine, version)
            if name != record["DBParameterGroups"][0]["DBParameterGroupName"]:
                values["DBParameterGroups"] = [
                    {"DBParameterGroupName": name, "ParameterApplyStatus": "pending-reboot"}
                ]
        if p.get("OptionGroupName"):
            wanted, version = p["OptionGroupName"], record["EngineVersion"]
            found = membership(self._cloud, region, wanted, engine, version)
            if found != record["OptionGroupMemberships"]:
                values["OptionGroupMemberships"] = found
        logs = p.get("CloudwatchLogsExportConfiguration") or {}
        if logs:
            enable, disable = logs.get("EnableLogTypes") or [], logs.get("DisableLogTypes") or []
            rules.check_log_exports([*enable, *disable], engine)
            kept = [t for t in record["EnabledCloudwatchLogsExports"] if t not in disable]
            values["EnabledCloudwatchLogsExports"] = kept + [t for t in enable if t not in kept]
        return values
