"""Multi-AZ DB clusters: a writer and two readable standbys that RDS makes by itself.

Source: shared/aws-facts.md 1.4; classes as cfn-lint 1.58 lists them for us-east-1; which
operations are for Aurora alone, the service model of botocore 1.44.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from localcloud.api import ApiError, Call, Operations, given
from localcloud.fleet import Address, Ref
from localcloud.records import Record
from localcloud.services import rds_cluster_records as records
from localcloud.services import rds_rules as rules
from localcloud.services.context import Cloud
from localcloud.services.engine_versions import resolve
from localcloud.services.rds_cluster_members import FROM_CLUSTER
from localcloud.services.rds_engines import MYSQL, POSTGRES, SIZES, Engine
from localcloud.services.rds_instances import Instances, in_sync
from localcloud.services.rds_parameters import INSTANCE, group_for, values_for
from localcloud.services.subnet_groups import SubnetGroups

ENGINES = {engine.name: engine for engine in (MYSQL, POSTGRES)}
MEMBERS = 3
_LONGEST_IDENTIFIER = 52
_CLASSES = re.compile(
    rf"db\.(c6gd\.(medium|{SIZES})|(m5d|m6gd|m6id|m6idn|m8gd|r5d|r6gd|r6id|r6idn|r8gd|x2iedn)\.{SIZES})"
)
_STORAGE_TYPES = ("gp3", "io1", "io2")
_AURORAS_OWN = (
    "AvailabilityZones", "BacktrackWindow", "EnableGlobalWriteForwarding", "EnableHttpEndpoint",
    "EngineMode", "GlobalClusterIdentifier", "ServerlessV2ScalingConfiguration",
)  # fmt: skip
_LOGS_IT_LACKS = frozenset({"audit"})
_WAITING = ("AllocatedStorage", "StorageType", "Iops")
"""Without ApplyImmediately these wait as the cluster's PendingModifiedValues."""
_MIRRORED = (
    "MonitoringInterval", "MonitoringRoleArn", "PerformanceInsightsEnabled", "CopyTagsToSnapshot",
    "EnabledCloudwatchLogsExports", "BackupRetentionPeriod",
)  # fmt: skip
"""What the members' records say at once, as their cluster's does."""
_CLASS = "DBClusterInstanceClass"


def is_multi_az(cluster: Mapping[str, Any]) -> bool:
    """Whether a cluster's record is one of a Multi-AZ DB cluster."""
    return cluster["Engine"] in ENGINES


def new_record(cloud: Cloud, groups: SubnetGroups, call: Call, engine: Engine) -> Record:
    """The record of a new cluster; `ApiError` when RDS would refuse it."""
    p = call.params
    if len(p["DBClusterIdentifier"]) > _LONGEST_IDENTIFIER:
        raise rules.refuse(
            f"The identifier of a Multi-AZ DB cluster has at most {_LONGEST_IDENTIFIER} characters."
        )
    records.refuse_members(p, _AURORAS_OWN, engine)
    for member in (_CLASS, "AllocatedStorage"):
        if not p.get(member):
            raise ApiError("MissingParameter", f"The request must contain the parameter {member}.")
    version = resolve(engine, p.get("EngineVersion"))
    user = records.master_user(p, engine)
    storage = p.get("StorageType") or "io1"
    _check_class(engine, version, p[_CLASS])
    _check_storage(p, storage, p["AllocatedStorage"], engine)
    _check_logs(p.get("EnableCloudwatchLogsExports") or [], engine)
    rules.check_monitoring(p, engine, p[_CLASS])
    vpc = groups.find(call.region, p.get("DBSubnetGroupName"))
    zones = _zones(groups, vpc)
    record = records.common(cloud, groups, call, engine, version) | {
        "MasterUsername": user,
        "MultiAZ": True,
        "AvailabilityZones": zones,
        "StorageType": storage,
        "PubliclyAccessible": bool(p.get("PubliclyAccessible")),
        "PerformanceInsightsEnabled": bool(p.get("EnablePerformanceInsights")),
    }
    return record | given(p, (_CLASS, "AllocatedStorage", "Iops"))


def changes(record: Record, p: Mapping[str, Any], engine: Engine) -> tuple[Record, Record]:
    """What a modify call changes at once, and what waits for the maintenance window."""
    wanted = {m: p[m] for m in (_CLASS, *_WAITING) if p.get(m) not in (None, record.get(m))}
    if not is_multi_az(record):
        records.refuse_members(p, records.MULTI_AZ_ONLY, engine)
        return {}, {}
    _check_logs(
        (p.get("CloudwatchLogsExportConfiguration") or {}).get("EnableLogTypes") or [], engine
    )
    if _CLASS in wanted:
        _check_class(engine, record["EngineVersion"], wanted[_CLASS])
    if wanted.keys() & set(_WAITING):
        merged: dict[str, Any] = {m: wanted.get(m, record.get(m)) for m in _WAITING}
        if merged["AllocatedStorage"] < record["AllocatedStorage"]:
            raise rules.refuse("Requested storage size cannot be smaller than the current size.")
        _check_storage(merged, merged["StorageType"], merged["AllocatedStorage"], engine)
    return (wanted, {}) if p.get("ApplyImmediately") else ({}, wanted)


def _zones(groups: SubnetGroups, vpc: Record) -> list[str]:
    zones = groups.zones(vpc)
    if len(zones) != MEMBERS:
        raise ApiError(
            "DBSubnetGroupDoesNotCoverEnoughAZs" if len(zones) < MEMBERS else "InvalidSubnet",
            f"The DB subnet group of a Multi-AZ DB cluster covers exactly {MEMBERS} Availability "
            f"Zones, not {len(zones)}: {', '.join(zones)}",
        )
    return zones


def _check_class(engine: Engine, version: str, name: str) -> None:
    if not _CLASSES.fullmatch(name):
        raise rules.combination(
            "RDS does not support creating a DB cluster with the following combination: "
            f"{_CLASS}={name}, Engine={engine.name}, EngineVersion={version}."
        )


def _check_storage(p: Mapping[str, Any], storage: str, size: int, engine: Engine) -> None:
    if storage not in _STORAGE_TYPES:
        raise rules.refuse(f"Invalid storage type: {storage} ({', '.join(_STORAGE_TYPES)})")
    rules.check_storage(p, storage, size, engine)
    if storage == "gp3" and size >= (engine.gp3_provisioned_gib or 0) and not p.get("Iops"):
        raise rules.combination(f"The Iops parameter is required for {size} GiB of {storage}.")
    if p.get("Iops") and not size <= 2 * p["Iops"] <= 100 * size:
        raise rules.combination(
            f"Iops {p['Iops']} must be between 0.5 and 50 times the storage of {size} GiB."
        )


def _check_logs(types: list[str], engine: Engine) -> None:
    if _LOGS_IT_LACKS & set(types):
        raise rules.combination(
            f"You cannot use the log types 'audit' with a Multi-AZ DB cluster of {engine.name}."
        )


class MultiAZ:
    """The three members of such clusters, which come and go with them."""

    def __init__(self, cloud: Cloud, instances: Instances, groups: SubnetGroups) -> None:
        self._cloud = cloud
        self._records = cloud.records
        self._instances = instances
        self._groups = groups

    def register(self, operations: Operations) -> None:
        """Refuse what may be done to members of Aurora clusters only."""
        for operation in ("DeleteDBInstance", "ModifyDBInstance"):
            operations.check_before("rds", operation, self._check_member)

    def _check_member(self, call: Call) -> None:
        record = self._instances.need(call.region, call.params["DBInstanceIdentifier"])
        if record["Engine"] in ENGINES and "DBClusterIdentifier" in record:
            raise ApiError(
                "InvalidDBInstanceState",
                f"{record['DBInstanceIdentifier']} belongs to the Multi-AZ DB cluster "
                f"{record['DBClusterIdentifier']}: change or delete that.",
            )

    def reserve(self, cluster: Record) -> list[Record]:
        """Take the members' identifiers; `ApiError` when one is taken."""
        new = [self._member(cluster, number) for number in range(1, MEMBERS + 1)]
        with self._records.change():
            for record in new:
                name = record["DBInstanceIdentifier"]
                if self._records.get("instance", record["_region"], name):
                    raise ApiError("DBInstanceAlreadyExists", f"DB instance {name} already exists")
            for record in new:
                name = record["DBInstanceIdentifier"]
                self._records.put("instance", record["_region"], name, record)
        return new

    def forget(self, region: str, names: Iterable[str]) -> None:
        """There are no such members any more."""
        with self._records.change():
            for name in names:
                self._records.drop("instance", region, name)

    def start(self, cluster: Record, members: list[Record]) -> dict[str, Address]:
        """Start their servers, the first one as the writer."""
        region = cluster["_region"]
        ref, servers = Ref(region, cluster["DBClusterIdentifier"]), self._cloud.fleet.clusters
        return {
            member["DBInstanceIdentifier"]: servers.add_member(
                ref,
                member["DBInstanceIdentifier"],
                member["PromotionTier"],
                values_for(self._cloud, region, member),
                serverless=False,
            )
            for member in members
        }

    def finish(self, cluster: Record, addresses: Mapping[str, Address]) -> None:
        """The members answer: report them available."""
        for identifier, address in addresses.items():
            self._instances.finish(cluster["_region"], identifier, address)

    def spread(self, region: str, names: Iterable[str], values: Record, waiting: Record) -> None:
        """Have the members' records say what their cluster's says: ``values``, once ``waiting``."""
        found = _instance_members(given(values, (_CLASS, *_WAITING, *_MIRRORED)))
        if "PendingModifiedValues" in values:
            found["PendingModifiedValues"] = _instance_members(waiting)
        for name in names:
            self._records.update("instance", region, name, **found)

    def _member(self, cluster: Record, number: int) -> Record:
        region, engine = cluster["_region"], ENGINES[cluster["Engine"]]
        identifier = f"{cluster['DBClusterIdentifier']}-instance-{number}"
        vpc = self._groups.find(region, cluster["DBSubnetGroup"])
        version = cluster["EngineVersion"]
        p = given(cluster, ("MonitoringInterval", "MonitoringRoleArn", "PubliclyAccessible"))
        p |= {
            "DBInstanceClass": cluster[_CLASS],
            "AvailabilityZone": cluster["AvailabilityZones"][number - 1],
            "EnablePerformanceInsights": cluster["PerformanceInsightsEnabled"],
            "EnableCloudwatchLogsExports": cluster["EnabledCloudwatchLogsExports"],
            "AutoMinorVersionUpgrade": cluster["AutoMinorVersionUpgrade"],
            "CopyTagsToSnapshot": cluster["CopyTagsToSnapshot"],
        }
        record = self._instances.base(region, identifier, p, vpc) | {
            "Engine": engine.name,
            "LicenseModel": engine.licenses[0],
            "DBClusterIdentifier": cluster["DBClusterIdentifier"],
            "PromotionTier": 1,
            "MultiAZ": False,
            "DBParameterGroups": in_sync(
                group_for(self._cloud, INSTANCE, region, None, engine, version)
            ),
            "VpcSecurityGroups": cluster["VpcSecurityGroups"],
        }
        record |= given(cluster, FROM_CLUSTER) | given(cluster, _WAITING)
        return record | given({"DBName": cluster.get("DatabaseName")}, ("DBName",))


def _instance_members(values: Record) -> Record:
    return {"DBInstanceClass" if m == _CLASS else m: value for m, value in values.items()}
