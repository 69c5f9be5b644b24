"""Read replicas of RDS instances, in the source's region or another, and their promotion."""

from __future__ import annotations

import logging

from localcloud.api import Answer, ApiError, Call, Operations, given
from localcloud.errors import LocalCloudError
from localcloud.fleet import Ref
from localcloud.records import Record
from localcloud.services import rds_rules as rules
from localcloud.services.context import Cloud
from localcloud.services.engine_versions import check_class, engine_of
from localcloud.services.rds_engines import MYSQL
from localcloud.services.rds_instances import Instances, in_sync
from localcloud.services.rds_parameters import INSTANCE, group_for, values_for
from localcloud.services.subnet_groups import SubnetGroups
from localcloud.services.surroundings import key_arn, region_of

log = logging.getLogger(__name__)

MOST_REPLICAS = 15
_INHERITED = (
    "Engine", "EngineVersion", "MasterUsername", "DBName", "AllocatedStorage", "StorageEncrypted",
    "LicenseModel",
)  # fmt: skip


class Replicas:
    """CreateDBInstanceReadReplica and PromoteReadReplica."""

    def __init__(self, cloud: Cloud, instances: Instances, groups: SubnetGroups) -> None:
        self._cloud = cloud
        self._records = cloud.records
        self._instances = instances
        self._groups = groups

    def register(self, operations: Operations) -> None:
        """Answer the operations of this module."""
        operations.handle("rds", "CreateDBInstanceReadReplica", self._create)
        operations.handle("rds", "PromoteReadReplica", self._promote)

    def _create(self, call: Call) -> Answer:
        p = call.params
        identifier = rules.check_identifier("DBInstanceIdentifier", p["DBInstanceIdentifier"])
        if not p.get("SourceDBInstanceIdentifier"):
            raise rules.combination("SourceDBInstanceIdentifier is required.")
        source = self._source(call)
        record = self._record(call, identifier, source)
        self._instances.reserve(call.region, identifier, record)
        region = source["_region"]
        origin = Ref(region, source["DBInstanceIdentifier"])
        ref = Ref(call.region, identifier)
        try:
            values = values_for(self._cloud, call.region, record)
            address = self._cloud.fleet.instances.create_replica(ref, origin, values)
        except LocalCloudError as error:
            self._records.drop("instance", call.region, identifier)
            log.exception("create of replica %s failed", identifier)
            raise ApiError("InternalFailure", f"{identifier}: {error}", 500) from error
        except BaseException:
            self._records.drop("instance", call.region, identifier)
            raise
        with self._records.change():
            fresh = self._instances.need(region, origin.identifier)
            seen_as = identifier if region == call.region else record["_arn"]
            replicas = [*fresh["ReadReplicaDBInstanceIdentifiers"], seen_as]
            self._records.update(
                "instance", region, origin.identifier, ReadReplicaDBInstanceIdentifiers=replicas
            )
            return {"DBInstance": self._instances.finish(call.region, identifier, address)}

    def _source(self, call: Call) -> Record:
        wanted = call.params["SourceDBInstanceIdentifier"]
        source = self._instances.need_available(region_of(wanted, call.region), wanted)
        engine = engine_of(source["Engine"])
        if "DBClusterIdentifier" not in source and not engine.replicable:
            raise rules.combination(f"Read replicas are not supported for engine {engine.name}.")
        if "DBClusterIdentifier" in source:
            raise ApiError(
                "InvalidDBInstanceState",
                "A member of an Aurora cluster can not be the source of a read replica.",
            )
        if source["BackupRetentionPeriod"] < 1:
            raise ApiError(
                "InvalidDBInstanceState",
                f"Automated backups are not enabled for DB instance "
                f"{source['DBInstanceIdentifier']}; a read replica needs a backup retention "
                "period of at least 1 on its source.",
            )
        if len(source["ReadReplicaDBInstanceIdentifiers"]) >= MOST_REPLICAS:
            raise ApiError(
                "InstanceQuotaExceeded", f"A source has at most {MOST_REPLICAS} read replicas."
            )
        return source

    def _record(self, call: Call, identifier: str, source: Record) -> Record:
        p, region = call.params, call.region
        here = source["_region"] == region
        by_arn = p["SourceDBInstanceIdentifier"].startswith("arn:")
        if here and not by_arn and p.get("DBSubnetGroupName"):
            raise ApiError(
                "DBSubnetGroupNotAllowedFault",
                "DbSubnetGroupName should not be specified for read replicas that are created in "
                "the same region as the master",
            )
        engine = engine_of(source["Engine"])
        if p.get("DBParameterGroupName") and (here or engine is not MYSQL):
            # The words of AWS, which the AWS provider looks for: it modifies the replica then.
            raise rules.combination(
                "A parameter group can't be specified during Read Replica creation for the "
                f"following DB engine: {engine.name}"
            )
        p = p | {"DBInstanceClass": p.get("DBInstanceClass") or source["DBInstanceClass"]}
        check_class(engine, source["EngineVersion"], p["DBInstanceClass"])
        storage = p.get("StorageType") or source["StorageType"]
        size = p.get("AllocatedStorage") or source["AllocatedStorage"]
        rules.check_storage(p, storage, size, engine)
        rules.check_monitoring(p, engine, p["DBInstanceClass"])
        wanted = p.get("DBSubnetGroupName") or (source["_subnet_group"] if here else None)
        vpc = self._groups.find(region, wanted)
        group = group_for(
            self._cloud,
            INSTANCE,
            region,
            p.get("DBParameterGroupName")
            or (source["DBParameterGroups"][0]["DBParameterGroupName"] if here else None),
            engine,
            source["EngineVersion"],
        )
        record = self._instances.base(region, identifier, p, vpc) | given(source, _INHERITED)
        record |= {
            "StorageType": storage,
            "MultiAZ": bool(p.get("MultiAZ")),
            "BackupRetentionPeriod": 0,
            "DBParameterGroups": in_sync(group),
            "_source": source["_arn"],
            "ReadReplicaSourceDBInstanceIdentifier": (
                source["DBInstanceIdentifier"] if here else source["_arn"]
            ),
            "StatusInfos": [
                {"StatusType": "read replication", "Normal": True, "Status": "replicating"}
            ],
        }
        if not p.get("MaxAllocatedStorage") and source.get("MaxAllocatedStorage"):
            record["MaxAllocatedStorage"] = source["MaxAllocatedStorage"]
        key = self._key(call, source, here)
        return record | ({"KmsKeyId": key} if key else {})

    def _key(self, call: Call, source: Record, here: bool) -> str | None:
        wanted = call.params.get("KmsKeyId")
        if not source["StorageEncrypted"]:
            if wanted:
                raise rules.combination(
                    "An encrypted read replica can not be created from an unencrypted instance."
                )
            return None
        if here:
            if wanted and key_arn(call.region, wanted, "rds") != source["KmsKeyId"]:
                raise rules.combination(
                    "A read replica in its source's region is encrypted with the source's key."
                )
            return str(source["KmsKeyId"])
        if not wanted:
            raise rules.combination(
                "Cannot create a cross region read replica of an encrypted instance without the "
                "KmsKeyId of a key in the destination region."
            )
        return key_arn(call.region, wanted, "rds")

    def _promote(self, call: Call) -> Answer:
        p = call.params
        record = self._instances.need_available(call.region, p["DBInstanceIdentifier"])
        if "_source" not in record:
            raise ApiError(
                "InvalidDBInstanceState",
                f"DB Instance is not a read replica: {record['DBInstanceIdentifier']}",
            )
        retention = p.get("BackupRetentionPeriod")
        rules.check_retention(1 if retention is None else retention)
        ref = Ref(call.region, record["DBInstanceIdentifier"])
        self._cloud.fleet.instances.promote(ref)
        with self._records.change():
            self._instances.standalone(ref)
            self._records.update(
                "instance",
                ref.region,
                ref.identifier,
                BackupRetentionPeriod=1 if retention is None else retention,
                **given(p, ("PreferredBackupWindow",)),
            )
            self._instances.forget_at_source(record)
            self._instances.tell(record, "Read replica promoted", "read replica")
        promoted = self._instances.need(ref.region, ref.identifier)
        self._instances.backups.changed(record, promoted)
        return {"DBInstance": promoted}
