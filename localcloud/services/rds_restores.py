"""New instances made of a snapshot, or of what another one had at a moment."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from localcloud.api import Answer, ApiError, Call, Operations, given
from localcloud.fleet import Address, Ref
from localcloud.records import Record
from localcloud.services import rds_rules as rules
from localcloud.services.context import Cloud, moment
from localcloud.services.engine_versions import check_class, engine_of
from localcloud.services.rds_backups import INHERITED
from localcloud.services.rds_instances import Instances, in_sync
from localcloud.services.rds_parameters import INSTANCE, group_for, values_for
from localcloud.services.rds_snapshots import Snapshots
from localcloud.services.subnet_groups import SubnetGroups
from localcloud.services.surroundings import region_of

log = logging.getLogger(__name__)

Bring = Callable[[Ref, Mapping[str, str]], Address]
"""Makes the servers of a restored instance with these parameters."""
_CAN_BE_RESTORED = frozenset({"available", "stopped"})


class Restores:
    """RestoreDBInstanceFromDBSnapshot and RestoreDBInstanceToPointInTime."""

    def __init__(
        self, cloud: Cloud, instances: Instances, snapshots: Snapshots, groups: SubnetGroups
    ) -> None:
        self._cloud = cloud
        self._records = cloud.records
        self._instances = instances
        self._snapshots = snapshots
        self._groups = groups

    def register(self, operations: Operations) -> None:
        """Answer the operations of this module."""
        operations.handle("rds", "RestoreDBInstanceFromDBSnapshot", self._from_snapshot)
        operations.handle("rds", "RestoreDBInstanceToPointInTime", self._to_moment)

    def _from_snapshot(self, call: Call) -> Answer:
        p = call.params
        if not p.get("DBSnapshotIdentifier"):
            raise ApiError(
                "InvalidAction", "The local cloud restores snapshots of instances, not of clusters."
            )
        snapshot = self._snapshots.need(call.region, p["DBSnapshotIdentifier"])
        if snapshot["_region"] != call.region:
            raise rules.refuse("Copy the snapshot into this region first.")
        if not snapshot["_data"]:
            raise ApiError(
                "InvalidRestoreFault",
                f"The local cloud kept a record of {snapshot['DBSnapshotIdentifier']}, not its "
                f"data: it restores MySQL and MariaDB, not {snapshot['Engine']}.",
            )
        kept = Ref(call.region, snapshot["DBSnapshotIdentifier"])
        origin, user = snapshot["_instance"], snapshot["MasterUsername"]
        backups = self._cloud.fleet.backups
        return self._restore(
            call,
            p["DBInstanceIdentifier"],
            origin,
            lambda ref, values: backups.restore(ref, kept, origin["Engine"], user, values),
        )

    def _to_moment(self, call: Call) -> Answer:
        source = self._source(call)
        until = self._until(call, source)
        origin = Ref(call.region, source["DBInstanceIdentifier"])
        backups = self._cloud.fleet.backups
        return self._restore(
            call,
            call.params["TargetDBInstanceIdentifier"],
            source,
            lambda ref, values: backups.restore_to(ref, origin, until, values),
        )

    def _source(self, call: Call) -> Record:
        p = call.params
        wanted, resource = p.get("SourceDBInstanceIdentifier"), p.get("SourceDbiResourceId")
        if bool(wanted) == bool(resource):
            raise rules.combination(
                "Specify either SourceDBInstanceIdentifier or SourceDbiResourceId; the local "
                "cloud keeps no automated backups of deleted instances."
            )
        if wanted:
            if region_of(wanted, call.region) != call.region:
                raise rules.refuse("An instance is restored in its own region.")
            source = self._instances.need(call.region, wanted)
        else:
            found = self._records.all("instance", call.region)
            matching = [i for i in found if i["DbiResourceId"] == resource]
            if not matching:
                raise ApiError("DBInstanceNotFound", f"DBInstance {resource} not found.", 404)
            source = matching[0]
        if "DBClusterIdentifier" in source:
            raise ApiError("InvalidDBInstanceState", "Restore the DB cluster, not its member.")
        if source["DBInstanceStatus"] not in _CAN_BE_RESTORED:
            raise ApiError(
                "InvalidDBInstanceState",
                f"Instance {source['DBInstanceIdentifier']} is {source['DBInstanceStatus']}.",
            )
        return source

    def _until(self, call: Call, source: Record) -> datetime:
        p = call.params
        asked = moment(p.get("RestoreTime"))
        if (asked is None) == (not p.get("UseLatestRestorableTime")):
            raise rules.combination(
                "Specify either RestoreTime or UseLatestRestorableTime, not both."
            )
        window = self._instances.backups.window(source)
        if window is None:
            raise ApiError(
                "PointInTimeRestoreNotEnabled",
                f"Point in time restore is not enabled for {source['DBInstanceIdentifier']}: "
                "it keeps no automated backups that can be restored.",
            )
        earliest, latest = window
        until = latest if asked is None else asked.astimezone(UTC).replace(microsecond=0)
        if not earliest <= until <= latest:
            raise rules.refuse(
                f"The specified time {until:%Y-%m-%dT%H:%M:%SZ} cannot be restored to: the window "
                f"is from {earliest:%Y-%m-%dT%H:%M:%SZ} to {latest:%Y-%m-%dT%H:%M:%SZ}."
            )
        return until

    def _restore(self, call: Call, wanted: str, origin: Record, bring: Bring) -> Answer:
        identifier = rules.check_identifier("DBInstanceIdentifier", wanted)
        record = self._record(call, identifier, origin)
        values = values_for(self._cloud, call.region, record)
        self._instances.reserve(call.region, identifier, record)
        # It takes as long as there is data, as on AWS; whoever called looks at the status.
        threading.Thread(
            target=self._carry_out,
            args=(Ref(call.region, identifier), lambda ref: bring(ref, values)),
            name=f"restore-{identifier}",
            daemon=True,
        ).start()
        return {"DBInstance": record}

    def _carry_out(self, ref: Ref, bring: Callable[[Ref], Address]) -> None:
        try:
            self._instances.finish(ref.region, ref.identifier, bring(ref))
        except Exception as error:
            # Nobody waits for this thread: the status says it.
            log.exception("restore of %s failed", ref)
            self._records.update(
                "instance", ref.region, ref.identifier, DBInstanceStatus="restore-error"
            )
            record = self._instances.need(ref.region, ref.identifier)
            self._instances.tell(record, f"Restore failed: {error}", "failure")

    def _record(self, call: Call, identifier: str, origin: Record) -> Record:
        p = call.params
        engine = engine_of(origin["Engine"])
        if p.get("Engine") not in (None, engine.name):
            raise rules.combination(f"The restored engine is {engine.name}, not {p['Engine']}.")
        if p.get("DBName"):
            raise rules.combination("DBName must be null when restoring for this engine.")
        if p.get("MultiAZ") and p.get("AvailabilityZone"):
            raise rules.combination(
                "Requesting a specific availability zone is not valid for Multi-AZ instances."
            )
        p = given(origin, ("DBInstanceClass", "Iops", "StorageThroughput")) | p
        check_class(engine, origin["EngineVersion"], p["DBInstanceClass"])
        storage = p.get("StorageType") or origin["StorageType"]
        size = p.get("AllocatedStorage") or origin["AllocatedStorage"]
        rules.check_storage(p, storage, size, engine)
        vpc = self._groups.find(call.region, p.get("DBSubnetGroupName"))
        group = group_for(
            self._cloud,
            INSTANCE,
            call.region,
            p.get("DBParameterGroupName"),
            engine,
            origin["EngineVersion"],
        )
        base = self._instances.base(call.region, identifier, p, vpc)
        record = base | given(origin, INHERITED) | given(p, ("MaxAllocatedStorage",))
        record |= given(p, ("BackupRetentionPeriod", "PreferredBackupWindow"))
        rules.check_retention(record["BackupRetentionPeriod"])
        return record | {
            "DBInstanceClass": p["DBInstanceClass"],
            "AllocatedStorage": size,
            "StorageType": storage,
            "MultiAZ": bool(p.get("MultiAZ")),
            "DBParameterGroups": in_sync(group),
        }
