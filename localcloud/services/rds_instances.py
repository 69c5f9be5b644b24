"""RDS instances: create and describe. Each is a real server."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from localcloud.api import Answer, ApiError, Call, Operations, given, now, page
from localcloud.errors import LocalCloudError
from localcloud.fleet import Address, Credentials, Ref
from localcloud.records import Record
from localcloud.services import rds_rules as rules
from localcloud.services import rds_scaling
from localcloud.services.context import Cloud, resource_id
from localcloud.services.engine_versions import (
    CA,
    check_class,
    engine_of,
    resolve,
)
from localcloud.services.rds_backups import Backups
from localcloud.services.rds_engines import GPL
from localcloud.services.rds_options import membership
from localcloud.services.rds_parameters import INSTANCE, group_for, values_for
from localcloud.services.subnet_groups import SubnetGroups
from localcloud.services.surroundings import arn, key_arn, name_of, region_of, security_groups

log = logging.getLogger(__name__)

HOSTED_ZONE = "Z2R2ITUGPM61AM"
_AS_GIVEN = (
    "DBName", "MaxAllocatedStorage", "Iops", "StorageThroughput", "PreferredBackupWindow",
    "PreferredMaintenanceWindow", "MonitoringRoleArn", "PromotionTier", "DatabaseInsightsMode",
    "DedicatedLogVolume", "CharacterSetName", "Timezone",
)  # fmt: skip
"""Members of a create call that a describe call repeats unchanged."""


def missing(name: str) -> ApiError:
    """There is no such instance."""
    return ApiError("DBInstanceNotFound", f"DBInstance {name} not found.", 404)


def _no_clusters(call: Call, identifier: str) -> Record:
    raise rules.refuse(f"{call.operation} of {identifier}: there are no clusters here.")


class Instances:
    """The operations on single instances; cluster members are instances too."""

    def __init__(self, cloud: Cloud, groups: SubnetGroups) -> None:
        self._cloud = cloud
        self._records = cloud.records
        self._fleet = cloud.fleet
        self._groups = groups
        self.backups = Backups(cloud)
        self.member_record: Callable[[Call, str], Record] = _no_clusters
        """Makes the record of an Aurora member; the clusters' module puts its own here."""

    def register(self, operations: Operations) -> None:
        """Answer the operations of this module."""
        operations.handle("rds", "CreateDBInstance", self._create)
        operations.handle("rds", "DescribeDBInstances", self._describe)

    def need(self, region: str, name: str) -> Record:
        """One instance by identifier or ARN. Raises ``DBInstanceNotFound``."""
        identifier = name_of(name)
        return self._cloud.need("instance", region_of(name, region), identifier, missing(name))

    def need_available(self, region: str, name: str) -> Record:
        """An instance that is not in the middle of something."""
        record = self.need(region, name)
        if record["DBInstanceStatus"] != "available":
            raise ApiError(
                "InvalidDBInstanceState",
                f"Instance {name} is not in available state (it is {record['DBInstanceStatus']}).",
            )
        return record

    def _create(self, call: Call) -> Answer:
        p = call.params
        identifier = rules.check_identifier("DBInstanceIdentifier", p["DBInstanceIdentifier"])
        engine = engine_of(p.get("Engine"))
        if engine.aurora:
            record = self.member_record(call, identifier)
        else:
            record = self._single(call, identifier)
        self.reserve(call.region, identifier, record)
        try:
            address = self._start_server(call, record)
        except LocalCloudError as error:
            self._records.drop("instance", call.region, identifier)
            log.exception("create of %s failed", identifier)
            raise ApiError("InternalFailure", f"{identifier}: {error}", 500) from error
        except BaseException:
            self._records.drop("instance", call.region, identifier)
            raise
        return {"DBInstance": self.finish(call.region, identifier, address)}

    def _start_server(self, call: Call, record: Record) -> Address:
        ref = Ref(call.region, record["DBInstanceIdentifier"])
        values = values_for(self._cloud, call.region, record)
        cluster = record.get("DBClusterIdentifier")
        if cluster:
            return self._fleet.clusters.add_member(
                Ref(call.region, cluster),
                ref.identifier,
                record["PromotionTier"],
                values,
                serverless=record["DBInstanceClass"] == rds_scaling.CLASS,
            )
        credentials = Credentials(record["MasterUsername"], call.params["MasterUserPassword"])
        return self._fleet.instances.create(
            ref, credentials, record.get("DBName"), values, engine=record["Engine"]
        )

    def reserve(self, region: str, identifier: str, record: Record) -> None:
        """Take the identifier. Raises ``DBInstanceAlreadyExists``."""
        with self._records.change():
            if self._records.get("instance", region, identifier):
                raise ApiError("DBInstanceAlreadyExists", "DB instance already exists")
            self._records.put("instance", region, identifier, record)

    def finish(self, region: str, identifier: str, address: Address) -> Record:
        """The instance answers at ``address``: report it available."""
        with self._records.change():
            self._records.update(
                "instance",
                region,
                identifier,
                DBInstanceStatus="available",
                InstanceCreateTime=now(),
                Endpoint={
                    "Address": address.host,
                    "Port": address.port,
                    "HostedZoneId": HOSTED_ZONE,
                },
                DbInstancePort=address.port,
            )
            record = self.need(region, identifier)
            self.tell(record, "DB instance created", "creation")
        self.backups.kept_from_now(record)
        return self.backups.shown(record)

    def tell(self, record: Record, message: str, category: str) -> None:
        """Leave an event of an instance."""
        source = ("db-instance", record["DBInstanceIdentifier"], record["_arn"])
        self._cloud.event("rds", record["_region"], source, message, (category,))

    def base(self, region: str, identifier: str, p: dict[str, Any], vpc: Record) -> Record:
        """The members every instance has, whether single, replica or cluster member."""
        zones = self._groups.zones(vpc)
        zone = p.get("AvailabilityZone") or zones[len(self._records.keys("instance")) % len(zones)]
        if zone not in zones:
            raise ApiError(
                "InvalidVPCNetworkStateFault",
                f"The requested Availability Zone {zone} is not among those of the DB subnet "
                f"group: {', '.join(zones)}",
            )
        groups = security_groups(region, p.get("VpcSecurityGroupIds"), vpc["VpcId"])
        rules.check_certificate(p.get("CACertificateIdentifier"))
        return {
            "DBInstanceIdentifier": identifier,
            "DBInstanceArn": arn("rds", region, "db", identifier),
            "_arn": arn("rds", region, "db", identifier),
            "_region": region,
            "_subnet_group": vpc["DBSubnetGroupName"],
            "DbiResourceId": resource_id("db-"),
            "DBInstanceStatus": "creating",
            "DBInstanceClass": p["DBInstanceClass"],
            "LicenseModel": GPL,
            "AvailabilityZone": zone,
            "DBSubnetGroup": {k: v for k, v in vpc.items() if not k.startswith("_")},
            "VpcSecurityGroups": [
                {"VpcSecurityGroupId": group, "Status": "active"} for group in groups
            ],
            "DBSecurityGroups": [],
            "PubliclyAccessible": bool(p.get("PubliclyAccessible")),
            "AutoMinorVersionUpgrade": p.get("AutoMinorVersionUpgrade", True),
            "MonitoringInterval": p.get("MonitoringInterval") or 0,
            "PerformanceInsightsEnabled": bool(p.get("EnablePerformanceInsights")),
            "CopyTagsToSnapshot": bool(p.get("CopyTagsToSnapshot")),
            "IAMDatabaseAuthenticationEnabled": bool(p.get("EnableIAMDatabaseAuthentication")),
            "DeletionProtection": bool(p.get("DeletionProtection")),
            "EnabledCloudwatchLogsExports": p.get("EnableCloudwatchLogsExports") or [],
            "CACertificateIdentifier": p.get("CACertificateIdentifier") or CA,
            "CertificateDetails": {"CAIdentifier": p.get("CACertificateIdentifier") or CA},
            "NetworkType": "IPV4",
            "PendingModifiedValues": {},
            "ReadReplicaDBInstanceIdentifiers": [],
            "StatusInfos": [],
            "AssociatedRoles": [],
            "DomainMemberships": [],
            "OptionGroupMemberships": [],
            "TagList": p.get("Tags") or [],
            "BackupTarget": "region",
            "CustomerOwnedIpEnabled": False,
            "PreferredMaintenanceWindow": "sun:05:00-sun:06:00",
            "PreferredBackupWindow": "03:00-03:30",
        } | given(p, _AS_GIVEN)

    def _single(self, call: Call, identifier: str) -> Record:
        p = call.params
        engine = engine_of(p["Engine"])
        if p.get("DBClusterIdentifier"):
            raise rules.combination(f"A DB cluster has no members of engine {engine.name}.")
        version = resolve(engine, p.get("EngineVersion"))
        check_class(engine, version, p["DBInstanceClass"])
        if not p.get("MasterUsername") or not p.get("MasterUserPassword"):
            raise ApiError(
                "MissingParameter",
                "The request must contain the parameters MasterUsername and MasterUserPassword.",
            )
        rules.check_credentials(p["MasterUsername"], p["MasterUserPassword"], engine)
        rules.check_database_name(p.get("DBName"), engine)
        if p.get("AllocatedStorage") is None:
            raise ApiError(
                "MissingParameter", "The request must contain the parameter AllocatedStorage."
            )
        storage = p.get("StorageType") or ("io1" if p.get("Iops") else "gp3")
        rules.check_storage(p, storage, p["AllocatedStorage"], engine)
        retention = p.get("BackupRetentionPeriod")
        rules.check_retention(1 if retention is None else retention)
        rules.check_monitoring(p, engine, p["DBInstanceClass"])
        rules.check_windows(p.get("PreferredBackupWindow"), p.get("PreferredMaintenanceWindow"))
        rules.check_standby(p, engine)
        encrypted = bool(p.get("StorageEncrypted"))
        if p.get("KmsKeyId") and not encrypted:
            raise rules.combination("KmsKeyId needs StorageEncrypted.")
        group = group_for(
            self._cloud, INSTANCE, call.region, p.get("DBParameterGroupName"), engine, version
        )
        vpc = self._groups.find(call.region, p.get("DBSubnetGroupName"))
        record = self.base(call.region, identifier, p, vpc) | {
            "Engine": engine.name,
            "EngineVersion": version,
            "LicenseModel": rules.license_of(p, engine),
            "MasterUsername": p["MasterUsername"],
            "AllocatedStorage": p["AllocatedStorage"],
            "StorageType": storage,
            "MultiAZ": bool(p.get("MultiAZ")),
            "StorageEncrypted": encrypted,
            "BackupRetentionPeriod": 1 if retention is None else retention,
            "DBParameterGroups": in_sync(group),
            "OptionGroupMemberships": membership(
                self._cloud, call.region, p.get("OptionGroupName"), engine, version
            ),
        }
        if record["MultiAZ"]:
            zones = self._groups.zones(vpc)
            others = [z for z in zones if z != record["AvailabilityZone"]]
            record["SecondaryAvailabilityZone"] = others[0]
        if encrypted:
            record["KmsKeyId"] = key_arn(call.region, p.get("KmsKeyId"), "rds")
        return record

    def _describe(self, call: Call) -> Answer:
        p = call.params
        if p.get("DBInstanceIdentifier"):
            wanted = p["DBInstanceIdentifier"]
            if region_of(wanted, call.region) != call.region:
                raise missing(wanted)
            return {"DBInstances": [self.backups.shown(self.need(call.region, wanted))]}
        members = {
            "db-cluster-id": "DBClusterIdentifier",
            "db-instance-id": "DBInstanceIdentifier",
            "dbi-resource-id": "DbiResourceId",
            "engine": "Engine",
        }
        found = self._records.all("instance", call.region)
        for wish in p.get("Filters") or []:
            member = members.get(wish["Name"])
            if member is None:
                raise rules.refuse(f"Unrecognized filter name: {wish['Name']}")
            values = {v if member == "DbiResourceId" else name_of(v) for v in wish["Values"]}
            found = [record for record in found if record.get(member) in values]
        return page(call, "DBInstances", [self.backups.shown(record) for record in found])

    def standalone(self, ref: Ref) -> None:
        """A replica is one no more."""
        self._records.update(
            "instance",
            ref.region,
            ref.identifier,
            _source=None,
            ReadReplicaSourceDBInstanceIdentifier=None,
            StatusInfos=[],
        )

    def forget_at_source(self, replica: Record) -> None:
        source_arn = replica.get("_source")
        if source_arn is None:
            return
        region, name = region_of(source_arn, ""), name_of(source_arn)
        source = self._records.get("instance", region, name)
        if source is not None:
            gone = (replica["DBInstanceIdentifier"], replica["_arn"])
            kept = [r for r in source["ReadReplicaDBInstanceIdentifiers"] if r not in gone]
            self._records.update("instance", region, name, ReadReplicaDBInstanceIdentifiers=kept)


def in_sync(group: str) -> list[dict[str, str]]:
    """The parameter group of an instance, applied."""
    return [{"DBParameterGroupName": group, "ParameterApplyStatus": "in-sync"}]
