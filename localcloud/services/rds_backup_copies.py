"""Automated backups that are replicated to another region: a setting that is reported."""

from __future__ import annotations

from localcloud.api import Answer, ApiError, Call, Operations, given, now, page
from localcloud.records import Record
from localcloud.services import rds_rules as rules
from localcloud.services.context import Cloud, moment
from localcloud.services.rds_instances import Instances
from localcloud.services.surroundings import arn, key_arn, region_of

COPY = "backup-copy"
_DEFAULT_DAYS = 7
_FROM_INSTANCE = (
    "DBInstanceArn", "DbiResourceId", "DBInstanceIdentifier", "AllocatedStorage", "Engine",
    "EngineVersion", "MasterUsername", "LicenseModel", "StorageType",
)  # fmt: skip


class BackupCopies:
    """Start and stop, asked of the region the copy lies in; nothing is copied."""

    def __init__(self, cloud: Cloud, instances: Instances) -> None:
        self._records = cloud.records
        self._instances = instances

    def register(self, operations: Operations) -> None:
        """Answer both operations, and the description of backups with copies in it."""
        operations.handle("rds", "StartDBInstanceAutomatedBackupsReplication", self._start)
        operations.handle("rds", "StopDBInstanceAutomatedBackupsReplication", self._stop)
        self._own = operations.take_over(
            "rds", "DescribeDBInstanceAutomatedBackups", self._describe
        )

    def _start(self, call: Call) -> Answer:
        p, region = call.params, call.region
        wanted = p["SourceDBInstanceArn"]
        if region_of(wanted, region) == region:
            raise rules.refuse("Automated backups are replicated to another region than their own.")
        days = int(p.get("BackupRetentionPeriod") or _DEFAULT_DAYS)
        if not 1 <= days <= 35:
            raise rules.refuse(f"Invalid backup retention period {days}: 1 to 35 days.")
        with self._records.change():
            source = self._instances.need_available(region, wanted)
            if "DBClusterIdentifier" in source:
                raise rules.combination("Backups of a DB cluster's member are not replicated.")
            if not source["BackupRetentionPeriod"]:
                raise ApiError(
                    "InvalidDBInstanceState", "Automated backups of the instance are not enabled."
                )
            if source["StorageEncrypted"] and not p.get("KmsKeyId"):
                raise rules.refuse("An encrypted instance needs a KmsKeyId of this region.")
            resource = source["DbiResourceId"]
            if self._records.get(COPY, region, resource):
                raise ApiError(
                    "InvalidDBInstanceAutomatedBackupState", "The backups are replicated already."
                )
            record = given(source, _FROM_INSTANCE) | {
                "Region": source["_region"],
                "Status": "replicating",
                "InstanceCreateTime": source["InstanceCreateTime"],
                "BackupRetentionPeriod": days,
                "Encrypted": source["StorageEncrypted"],
                **(
                    {"KmsKeyId": key_arn(region, p["KmsKeyId"], "rds")} if p.get("KmsKeyId") else {}
                ),
                "DBInstanceAutomatedBackupsArn": _arn(region, resource),
                "_since": now(),
            }
            self._records.put(COPY, region, resource, record)
            self._tell_source(source, [*_copies(source), record["DBInstanceAutomatedBackupsArn"]])
        return {"DBInstanceAutomatedBackup": record}

    def _stop(self, call: Call) -> Answer:
        region, wanted = call.region, call.params["SourceDBInstanceArn"]
        with self._records.change():
            found = [r for r in self._records.all(COPY, region) if r["DBInstanceArn"] == wanted]
            if not found:
                raise _missing()
            record = found[0]
            self._records.drop(COPY, region, record["DbiResourceId"])
            its_arn = record["DBInstanceAutomatedBackupsArn"]
            name = record["DBInstanceIdentifier"]
            source = self._records.get("instance", record["Region"], name)
            if source is not None:
                self._tell_source(source, [a for a in _copies(source) if a != its_arn])
        return {"DBInstanceAutomatedBackup": record | {"Status": "retained"}}

    def _tell_source(self, source: Record, copies: list[str]) -> None:
        said = [{"DBInstanceAutomatedBackupsArn": each} for each in copies]
        self._records.update(
            "instance",
            source["_region"],
            source["DBInstanceIdentifier"],
            DBInstanceAutomatedBackupsReplications=said or None,
        )

    def _describe(self, call: Call) -> Answer:
        wanted = call.params
        copies = [
            record | {"InstanceCreateTime": moment(record["InstanceCreateTime"])}
            for record in self._records.all(COPY, call.region)
            if all(
                wanted.get(key) in (None, record[key])
                for key in (
                    "DBInstanceAutomatedBackupsArn",
                    "DBInstanceIdentifier",
                    "DbiResourceId",
                )
            )
        ]
        everything = Call(call.service, call.operation, call.region, {**wanted, "Marker": None})
        try:
            own = self._own(everything)["DBInstanceAutomatedBackups"]
        except ApiError:
            if not copies:
                raise
            own = []
        return page(call, "DBInstanceAutomatedBackups", [*own, *copies])


def _copies(source: Record) -> list[str]:
    said = source.get("DBInstanceAutomatedBackupsReplications") or []
    return [each["DBInstanceAutomatedBackupsArn"] for each in said]


def _arn(region: str, resource: str) -> str:
    return arn("rds", region, "auto-backup", f"ab-{resource[3:]}").lower()


def _missing() -> ApiError:
    text = "There is no such automated backup."
    return ApiError("DBInstanceAutomatedBackupNotFound", text, 404)
