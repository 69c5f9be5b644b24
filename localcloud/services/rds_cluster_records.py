"""What a new cluster is to be: what RDS refuses, and the record of what it takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from localcloud.api import ApiError, Call, given
from localcloud.records import Record
from localcloud.services import rds_rules as rules
from localcloud.services import rds_scaling
from localcloud.services.context import Cloud, resource_id
from localcloud.services.engine_versions import resolve
from localcloud.services.rds_engines import Engine
from localcloud.services.rds_instances import HOSTED_ZONE
from localcloud.services.rds_parameters import CLUSTER, group_for
from localcloud.services.subnet_groups import SubnetGroups
from localcloud.services.surroundings import arn, key_arn, security_groups

_AS_GIVEN = (
    "DatabaseName", "PreferredBackupWindow", "PreferredMaintenanceWindow", "MonitoringInterval",
    "MonitoringRoleArn", "StorageType",
)  # fmt: skip
_AURORAS_OWN = ("BacktrackWindow",)
MULTI_AZ_ONLY = ("DBClusterInstanceClass", "AllocatedStorage", "Iops")


@dataclass(frozen=True)
class Joining:
    """What a new cluster is to a global one: a secondary of ``primary``, or the primary itself."""

    worldwide: str
    """Identifier of the global cluster."""
    version: str
    primary: Record | None


def aurora(
    cloud: Cloud, groups: SubnetGroups, call: Call, engine: Engine, joining: Joining | None
) -> Record:
    """The record of a new Aurora cluster; `ApiError` when RDS would refuse it."""
    p, region = call.params, call.region
    refuse_members(p, MULTI_AZ_ONLY, engine)
    if p.get("EngineMode") not in (None, "provisioned"):
        raise rules.refuse(f"EngineMode {p['EngineMode']} is no longer offered.")
    if p.get("StorageType") not in (None, "", "aurora", "aurora-iopt1"):
        raise rules.refuse(f"Invalid storage type: {p['StorageType']}")
    primary = joining.primary if joining else None
    user = primary["MasterUsername"] if primary else master_user(p, engine)
    version = joining.version if joining else resolve(engine, p.get("EngineVersion"))
    record = common(cloud, groups, call, engine, version) | {
        "EngineMode": "provisioned",
        "MasterUsername": user,
        "AllocatedStorage": 1,
        "HttpEndpointEnabled": bool(p.get("EnableHttpEndpoint")),
    }
    vpc = groups.find(region, p.get("DBSubnetGroupName"))
    record["MultiAZ"] = len(groups.zones(vpc)) > 1
    record["AvailabilityZones"] = p.get("AvailabilityZones") or groups.zones(vpc)[:3]
    if p.get(rds_scaling.MEMBER):
        rds_scaling.check_engine(engine)
        wanted = p[rds_scaling.MEMBER]
        record[rds_scaling.MEMBER] = rds_scaling.configuration(wanted, version, None)
    if p.get("EnableGlobalWriteForwarding"):
        record["_forwards"] = True
    inherited = given(primary or {}, ("DatabaseName",))
    return record | inherited | given(p, (*_AS_GIVEN, *_AURORAS_OWN))


def refuse_members(p: Mapping[str, Any], members: Iterable[str], engine: Engine) -> None:
    """`ApiError` when a call has one that clusters of this engine do not take."""
    for member in members:
        if p.get(member):
            raise rules.combination(f"{member} isn't supported for DB engine {engine.name}.")


def master_user(p: Mapping[str, Any], engine: Engine) -> str:
    """The name of a cluster's master user, who has to have a password."""
    if not p.get("MasterUsername") or not p.get("MasterUserPassword"):
        raise ApiError(
            "MissingParameter",
            "The request must contain the parameters MasterUsername and MasterUserPassword.",
        )
    rules.check_credentials(p["MasterUsername"], p["MasterUserPassword"], engine)
    if "_" in p["MasterUsername"]:
        raise rules.refuse("A cluster's MasterUsername has letters and digits only.")
    return str(p["MasterUsername"])


def common(cloud: Cloud, groups: SubnetGroups, call: Call, engine: Engine, version: str) -> Record:
    """What every cluster has, Aurora's or a Multi-AZ one."""
    p, region = call.params, call.region
    identifier = p["DBClusterIdentifier"].lower()
    rules.check_database_name(p.get("DatabaseName"), engine)
    retention = p.get("BackupRetentionPeriod")
    rules.check_retention(1 if retention is None else retention, least=1)
    rules.check_windows(p.get("PreferredBackupWindow"), p.get("PreferredMaintenanceWindow"))
    rules.check_log_exports(p.get("EnableCloudwatchLogsExports") or [], engine)
    vpc = groups.find(region, p.get("DBSubnetGroupName"))
    secured_by = security_groups(region, p.get("VpcSecurityGroupIds"), vpc["VpcId"])
    wanted = p.get("DBClusterParameterGroupName")
    encrypted = bool(p.get("StorageEncrypted"))
    if p.get("KmsKeyId") and not encrypted:
        raise rules.combination("KmsKeyId needs StorageEncrypted.")
    record: Record = {
        "DBClusterIdentifier": identifier,
        "DBClusterArn": arn("rds", region, "cluster", identifier),
        "_arn": arn("rds", region, "cluster", identifier),
        "_region": region,
        "DbClusterResourceId": resource_id("cluster-"),
        "HostedZoneId": HOSTED_ZONE,
        "Status": "creating",
        "Engine": engine.name,
        "EngineVersion": version,
        "BackupRetentionPeriod": 1 if retention is None else retention,
        "DBClusterParameterGroup": group_for(cloud, CLUSTER, region, wanted, engine, version),
        "DBSubnetGroup": vpc["DBSubnetGroupName"],
        "VpcSecurityGroups": [{"VpcSecurityGroupId": g, "Status": "active"} for g in secured_by],
        "StorageEncrypted": encrypted,
        "DeletionProtection": bool(p.get("DeletionProtection")),
        "IAMDatabaseAuthenticationEnabled": bool(p.get("EnableIAMDatabaseAuthentication")),
        "EnabledCloudwatchLogsExports": p.get("EnableCloudwatchLogsExports") or [],
        "CopyTagsToSnapshot": bool(p.get("CopyTagsToSnapshot")),
        "CrossAccountClone": False,
        "AutoMinorVersionUpgrade": p.get("AutoMinorVersionUpgrade", True),
        "CustomEndpoints": [],
        "ReadReplicaIdentifiers": [],
        "AssociatedRoles": [],
        "DomainMemberships": [],
        "NetworkType": "IPV4",
        "PreferredBackupWindow": "03:00-03:30",
        "PreferredMaintenanceWindow": "sun:05:00-sun:06:00",
        "TagList": p.get("Tags") or [],
    }
    if encrypted:
        record["KmsKeyId"] = key_arn(region, p.get("KmsKeyId"), "rds")
    return record | given(p, _AS_GIVEN)
