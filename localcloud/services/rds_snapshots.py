"""Snapshots of RDS instances, and what their automated backups are."""

from __future__ import annotations

from typing import Any

from localcloud.api import Answer, ApiError, Call, Operations, given, page
from localcloud.records import Record
from localcloud.services import rds_rules as rules
from localcloud.services.context import Cloud
from localcloud.services.rds_backups import (
    AUTOMATED,
    MANUAL,
    RESTORABLE,
    Backups,
    check_snapshot_name,
)
from localcloud.services.rds_instances import Instances
from localcloud.services.surroundings import arn, key_arn, name_of, region_of

_OF_CLUSTERS = (
    "CreateDBClusterSnapshot", "CopyDBClusterSnapshot", "DeleteDBClusterSnapshot",
    "DescribeDBClusterSnapshots", "RestoreDBClusterFromSnapshot", "RestoreDBClusterToPointInTime",
)  # fmt: skip
_OF_INSTANCE = (
    "DBInstanceArn", "DbiResourceId", "DBInstanceIdentifier", "AllocatedStorage",
    "AvailabilityZone", "InstanceCreateTime", "MasterUsername", "Engine", "EngineVersion",
    "LicenseModel", "StorageType", "KmsKeyId", "BackupRetentionPeriod", "PreferredBackupWindow",
    "IAMDatabaseAuthenticationEnabled",
)  # fmt: skip


def _no_clusters(call: Call) -> Answer:
    raise ApiError(
        "InvalidAction",
        f"The local cloud does not serve rds:{call.operation}: it keeps snapshots and backups of "
        "MySQL and MariaDB instances, not of clusters.",
    )


class Snapshots:
    """Create, describe, copy and delete snapshots; describe automated backups."""

    def __init__(self, cloud: Cloud, instances: Instances) -> None:
        self._records = cloud.records
        self._instances = instances

    @property
    def _backups(self) -> Backups:
        return self._instances.backups

    def register(self, operations: Operations) -> None:
        """Answer the operations of this module."""
        operations.handle("rds", "CreateDBSnapshot", self._create)
        operations.handle("rds", "DescribeDBSnapshots", self._describe)
        operations.handle("rds", "CopyDBSnapshot", self._copy)
        operations.handle("rds", "DeleteDBSnapshot", self._delete)
        operations.handle("rds", "DescribeDBInstanceAutomatedBackups", self._automated)
        for operation in _OF_CLUSTERS:
            operations.handle("rds", operation, _no_clusters)

    def need(self, region: str, name: str) -> Record:
        """One snapshot by name or ARN that is whole.

        Raises ``DBSnapshotNotFound``, ``InvalidDBSnapshotState``.
        """
        # The name of an automated snapshot has a colon, as an ARN has.
        key = name.split(":snapshot:", 1)[-1].lower()
        found = self._records.get("snapshot", region_of(name, region), key)
        if found is None:
            raise ApiError("DBSnapshotNotFound", f"DBSnapshot {name} not found.", 404)
        if found["Status"] != "available":
            raise ApiError(
                "InvalidDBSnapshotState", f"DBSnapshot {name} is {found['Status']}, not available."
            )
        return found

    def _create(self, call: Call) -> Answer:
        p = call.params
        name = check_snapshot_name("DBSnapshotIdentifier", p["DBSnapshotIdentifier"])
        instance = self._instances.need(call.region, p["DBInstanceIdentifier"])
        if "DBClusterIdentifier" in instance:
            raise ApiError(
                "InvalidDBInstanceState", "Take a snapshot of the DB cluster, not of its member."
            )
        if instance["DBInstanceStatus"] not in ("available", "stopped"):
            raise ApiError(
                "InvalidDBInstanceState",
                f"Cannot create a snapshot because the database instance "
                f"{instance['DBInstanceIdentifier']} is not currently in the available state.",
            )
        if instance["Engine"] not in RESTORABLE:
            raise rules.combination(
                f"The local cloud takes snapshots of {' and '.join(sorted(RESTORABLE))}, not of "
                f"{instance['Engine']}."
            )
        tags = p.get("Tags") or []
        if instance["CopyTagsToSnapshot"] and not tags:
            tags = instance["TagList"]
        taken = self._backups.take(instance, name, MANUAL, tags)
        return {"DBSnapshot": taken}

    def _describe(self, call: Call) -> Answer:
        p = call.params
        if p.get("DBSnapshotIdentifier"):
            return {"DBSnapshots": [self._any(call, p["DBSnapshotIdentifier"])]}
        found = self._backups.snapshots(call.region)
        if p.get("DBInstanceIdentifier"):
            wanted = name_of(p["DBInstanceIdentifier"])
            found = [s for s in found if s["DBInstanceIdentifier"] == wanted]
        for member, key in (("DbiResourceId", "DbiResourceId"), ("SnapshotType", "SnapshotType")):
            if p.get(member):
                found = [s for s in found if s[key] == p[member]]
        return page(call, "DBSnapshots", found)

    def _any(self, call: Call, name: str) -> Record:
        key = name.split(":snapshot:", 1)[-1].lower()
        for snapshot in self._backups.snapshots(call.region):
            if snapshot["DBSnapshotIdentifier"] == key:
                return snapshot
        raise ApiError("DBSnapshotNotFound", f"DBSnapshot {name} not found.", 404)

    def _copy(self, call: Call) -> Answer:
        p = call.params
        source = self.need(call.region, p["SourceDBSnapshotIdentifier"])
        name = check_snapshot_name("TargetDBSnapshotIdentifier", p["TargetDBSnapshotIdentifier"])
        elsewhere = source["_region"] != call.region
        changes: dict[str, Any] = {"TagList": p.get("Tags") or []}
        if p.get("CopyTags"):
            changes["TagList"] = source["TagList"]
        if elsewhere:
            changes["SourceRegion"] = source["_region"]
            changes["SourceDBSnapshotIdentifier"] = source["DBSnapshotArn"]
        if source["Encrypted"] and elsewhere and not p.get("KmsKeyId"):
            raise rules.combination(
                "Cannot copy an encrypted snapshot into another region without the KmsKeyId of a "
                "key there."
            )
        if p.get("KmsKeyId"):
            key = key_arn(call.region, p["KmsKeyId"], "rds")
            changes |= {"KmsKeyId": key, "Encrypted": True}
            encrypted = {"KmsKeyId": key, "StorageEncrypted": True}
            changes["_instance"] = source["_instance"] | encrypted
        return {"DBSnapshot": self._backups.copy(source, call.region, name, changes)}

    def _delete(self, call: Call) -> Answer:
        snapshot = self._any(call, call.params["DBSnapshotIdentifier"])
        if snapshot["Status"] not in ("available", "failed"):
            raise ApiError("InvalidDBSnapshotState", f"It is {snapshot['Status']}.")
        if snapshot["SnapshotType"] == AUTOMATED:
            raise ApiError(
                "InvalidDBSnapshotState",
                "Automated snapshots cannot be deleted; they go with their instance or after its "
                "backup retention period.",
            )
        self._backups.drop(snapshot)
        return {"DBSnapshot": snapshot | {"Status": "deleted"}}

    def _automated(self, call: Call) -> Answer:
        p = call.params
        rows = []
        for instance in self._records.all("instance", call.region):
            window = self._backups.window(instance)
            if window is None:
                continue
            if p.get("DBInstanceIdentifier") not in (None, instance["DBInstanceIdentifier"]):
                continue
            if p.get("DbiResourceId") not in (None, instance["DbiResourceId"]):
                continue
            its_arn = arn("rds", call.region, "auto-backup", f"ab-{instance['DbiResourceId'][3:]}")
            rows.append(
                given(instance, _OF_INSTANCE)
                | {
                    "Region": call.region,
                    "Status": "active",
                    "RestoreWindow": {"EarliestTime": window[0], "LatestTime": window[1]},
                    "Encrypted": instance["StorageEncrypted"],
                    "Port": instance["DbInstancePort"],
                    "VpcId": instance["DBSubnetGroup"]["VpcId"],
                    "BackupTarget": "region",
                    "TagList": [],
                    "DBInstanceAutomatedBackupsArn": its_arn.lower(),
                }
            )
        wanted = p.get("DBInstanceAutomatedBackupsArn")
        found = [r for r in rows if wanted in (None, r["DBInstanceAutomatedBackupsArn"])]
        if not found and (wanted or p.get("DBInstanceIdentifier") or p.get("DbiResourceId")):
            raise ApiError(
                "DBInstanceAutomatedBackupNotFound", "There is no such automated backup.", 404
            )
        return page(call, "DBInstanceAutomatedBackups", found)
