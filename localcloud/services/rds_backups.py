"""What is kept of RDS instances: automated backups with their window, and snapshots with data."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from localcloud.api import ApiError, given, now
from localcloud.errors import LocalCloudError
from localcloud.fleet import Ref
from localcloud.records import Record
from localcloud.services import rds_rules as rules
from localcloud.services.context import Cloud, moment
from localcloud.services.surroundings import arn

log = logging.getLogger(__name__)

RESTORABLE = frozenset({"mysql", "mariadb"})
"""Engines whose servers keep their whole history."""
AUTOMATED, MANUAL = "automated", "manual"
_NAME = re.compile(r"[a-z](?:[a-z0-9]|-(?!-|$)){0,254}", re.IGNORECASE)
_SHOWN = (
    "DBInstanceIdentifier", "DbiResourceId", "Engine", "EngineVersion", "AllocatedStorage",
    "MasterUsername", "StorageType", "Iops", "StorageThroughput", "KmsKeyId", "AvailabilityZone",
    "LicenseModel", "InstanceCreateTime", "IAMDatabaseAuthenticationEnabled",
)  # fmt: skip
"""Members that a snapshot has from its instance."""
INHERITED = (
    "Engine", "EngineVersion", "LicenseModel", "MasterUsername", "DBName", "DBInstanceClass",
    "AllocatedStorage", "MaxAllocatedStorage", "StorageType", "Iops", "StorageThroughput",
    "StorageEncrypted", "KmsKeyId", "BackupRetentionPeriod", "PreferredBackupWindow",
    "PreferredMaintenanceWindow",
)  # fmt: skip
"""Members that a restored instance has from the one it is made of."""


def check_snapshot_name(member: str, name: str) -> str:
    """The name in lower case, as RDS stores it: up to 255 letters, digits, single hyphens."""
    if not _NAME.fullmatch(name):
        raise rules.refuse(
            f"The parameter {member} is not a valid identifier. Identifiers must begin with a "
            "letter; must contain only ASCII letters, digits, and hyphens; and must not end with "
            "a hyphen or contain two consecutive hyphens."
        )
    return name.lower()


class Backups:
    """Of every instance; it knows the records and the servers, no operation."""

    def __init__(self, cloud: Cloud) -> None:
        self._records = cloud.records
        self._fleet = cloud.fleet

    def kept_from_now(self, instance: Record) -> None:
        """Automated backups are on: the first one is taken, and the window begins."""
        if not _restorable(instance) or not instance["BackupRetentionPeriod"]:
            return
        region, name = instance["_region"], instance["DBInstanceIdentifier"]
        taken = f"rds:{name}-{datetime.now(UTC):%Y-%m-%d-%H-%M}"
        try:
            self.take(instance, taken, AUTOMATED)
        except LocalCloudError:
            # The window needs no snapshot, and the instance is there.
            log.exception("the first backup of %s failed", name)
        self._records.update("instance", region, name, _backups_since=now())

    def no_more(self, instance: Record) -> None:
        """Automated backups are off, or the instance goes: its automated snapshots go, too."""
        region, name = instance["_region"], instance["DBInstanceIdentifier"]
        self._records.update("instance", region, name, _backups_since=None)
        for snapshot in self.snapshots(region):
            if (snapshot["DbiResourceId"], snapshot["SnapshotType"]) == (
                instance["DbiResourceId"],
                AUTOMATED,
            ):
                self.drop(snapshot)

    def changed(self, before: Record, now_: Record) -> None:
        """See to what a changed retention period means."""
        if now_["BackupRetentionPeriod"] and not before["BackupRetentionPeriod"]:
            self.kept_from_now(now_)
        elif before["BackupRetentionPeriod"] and not now_["BackupRetentionPeriod"]:
            self.no_more(now_)

    def window(self, instance: Record) -> tuple[datetime, datetime] | None:
        """The first and the last second that ``instance`` can be restored to, if there is one."""
        days = instance.get("BackupRetentionPeriod") or 0
        since = moment(instance.get("_backups_since") or instance.get("InstanceCreateTime"))
        if not days or since is None or not _restorable(instance):
            return None
        latest = datetime.now(UTC).replace(microsecond=0)
        begun = since.replace(microsecond=0) + timedelta(seconds=1)
        earliest = max(begun, latest - timedelta(days=days))
        return (earliest, latest) if earliest <= latest else None

    def shown(self, instance: Record) -> Record:
        """``instance`` as it is described: with the latest moment it can be restored to."""
        window = self.window(instance)
        return instance if window is None else instance | {"LatestRestorableTime": window[1]}

    def snapshots(self, region: str) -> list[Record]:
        """The region's snapshots; automated ones go when their instance's days are over."""
        kept = []
        for snapshot in self._records.all("snapshot", region):
            taken = moment(snapshot["SnapshotCreateTime"])
            days = timedelta(days=snapshot["_instance"].get("BackupRetentionPeriod") or 0)
            old = taken is not None and taken + days < datetime.now(UTC)
            if snapshot["SnapshotType"] == AUTOMATED and old:
                self.drop(snapshot)
            else:
                kept.append(snapshot)
        return kept

    def check_free(self, snapshot: Ref) -> None:
        """Raises ``DBSnapshotAlreadyExists``."""
        if self._records.get("snapshot", snapshot.region, snapshot.identifier):
            raise ApiError(
                "DBSnapshotAlreadyExists", f"Snapshot {snapshot.identifier} already exists."
            )

    def take(
        self, instance: Record, name: str, kind: str, tags: Sequence[Mapping[str, Any]] = ()
    ) -> Record:
        """A snapshot of what ``instance`` has committed until now.

        Of another engine than `RESTORABLE` it is a record without data. Raises
        ``DBSnapshotAlreadyExists`` and `ServerFailed`.
        """
        region = instance["_region"]
        with_data = instance["Engine"] in RESTORABLE
        source = Ref(region, instance["DBInstanceIdentifier"])
        record = given(instance, _SHOWN) | {
            "SnapshotType": kind,
            "Encrypted": instance["StorageEncrypted"],
            "VpcId": instance["DBSubnetGroup"]["VpcId"],
            "Port": instance["DbInstancePort"],
            "OriginalSnapshotCreateTime": now(),
            "TagList": list(tags),
            "_instance": given(instance, INHERITED),
            "_data": with_data,
        }

        def bring(snapshot: Ref) -> None:
            if with_data:
                self._fleet.backups.take(snapshot, source)

        return self._make(Ref(region, name), record, bring)

    def copy(self, source: Record, region: str, name: str, changes: Record) -> Record:
        """The same data under another name, or in another region; `take` raises the same."""
        origin = Ref(source["_region"], source["DBSnapshotIdentifier"])

        def bring(snapshot: Ref) -> None:
            if source["_data"]:
                self._fleet.backups.copy(origin, snapshot)

        return self._make(Ref(region, name), source | {"SnapshotType": MANUAL} | changes, bring)

    def drop(self, snapshot: Record) -> None:
        """Delete a snapshot and its data."""
        region, name = snapshot["_region"], snapshot["DBSnapshotIdentifier"]
        self._records.update("snapshot", region, name, Status="deleting")
        self._fleet.backups.delete(Ref(region, name))
        self._records.drop("snapshot", region, name)

    def _make(self, ref: Ref, record: Record, bring: Callable[[Ref], None]) -> Record:
        its_arn = arn("rds", ref.region, "snapshot", ref.identifier)
        names = {
            "DBSnapshotIdentifier": ref.identifier,
            "DBSnapshotArn": its_arn,
            "_arn": its_arn,
            "_region": ref.region,
            "SnapshotCreateTime": now(),
            "SnapshotTarget": "region",
        }
        with self._records.change():
            self.check_free(ref)
            being = {"Status": "creating", "PercentProgress": 0}
            self._records.put("snapshot", ref.region, ref.identifier, record | names | being)
        try:
            bring(ref)
        except BaseException:
            self._records.drop("snapshot", ref.region, ref.identifier)
            raise
        done = {"Status": "available", "PercentProgress": 100}
        self._records.update("snapshot", ref.region, ref.identifier, **done)
        return record | names | done


def _restorable(instance: Record) -> bool:
    # A member's backups would be its cluster's.
    return instance["Engine"] in RESTORABLE and "DBClusterIdentifier" not in instance
