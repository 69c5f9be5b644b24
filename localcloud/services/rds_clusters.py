"""Aurora MySQL clusters and their members."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from localcloud.api import Answer, ApiError, Call, Operations, given, now, page
from localcloud.fleet import Credentials, Ref
from localcloud.records import Record
from localcloud.services import rds_rules as rules
from localcloud.services import rds_scaling
from localcloud.services.context import Cloud, resource_id
from localcloud.services.engine_versions import AURORA_MYSQL, check_class, engine_of, resolve
from localcloud.services.rds_instances import HOSTED_ZONE, Instances, in_sync
from localcloud.services.rds_parameters import CLUSTER, INSTANCE, group_for, values_of
from localcloud.services.subnet_groups import SubnetGroups
from localcloud.services.surroundings import arn, key_arn, name_of, region_of, security_groups

_AS_GIVEN = (
    "DatabaseName", "PreferredBackupWindow", "PreferredMaintenanceWindow", "BacktrackWindow",
    "MonitoringInterval", "MonitoringRoleArn", "StorageType",
)  # fmt: skip
_FROM_CLUSTER = (
    "EngineVersion", "MasterUsername", "StorageEncrypted", "KmsKeyId", "BackupRetentionPeriod",
    "PreferredBackupWindow",
)  # fmt: skip
_FILTERS = {
    "db-cluster-id": "DBClusterIdentifier",
    "db-cluster-resource-id": "DbClusterResourceId",
    "engine": "Engine",
}
_OF_THE_CLUSTER = (
    "MasterUsername", "MasterUserPassword", "AllocatedStorage", "DBName", "StorageEncrypted",
    "KmsKeyId", "VpcSecurityGroupIds", "MultiAZ",
)  # fmt: skip
"""Members a cluster member must not be given."""


@dataclass(frozen=True)
class Joining:
    """What a new cluster is to a global one: a secondary of ``primary``, or the primary itself."""

    worldwide: str
    """Identifier of the global cluster."""
    version: str
    primary: Record | None


def missing(name: str) -> ApiError:
    """There is no such cluster."""
    return ApiError("DBClusterNotFoundFault", f"DBCluster {name} not found.", 404)


def _master_user(p: Mapping[str, Any]) -> str:
    if not p.get("MasterUsername") or not p.get("MasterUserPassword"):
        raise ApiError(
            "MissingParameter",
            "The request must contain the parameters MasterUsername and MasterUserPassword.",
        )
    rules.check_credentials(p["MasterUsername"], p["MasterUserPassword"])
    if "_" in p["MasterUsername"]:
        raise rules.refuse("A cluster's MasterUsername has letters and digits only.")
    return str(p["MasterUsername"])


class Clusters:
    """Create and describe; change and delete are in `rds_cluster_changes`."""

    def __init__(self, cloud: Cloud, instances: Instances, groups: SubnetGroups) -> None:
        self._cloud = cloud
        self._records = cloud.records
        self._groups = groups
        self._instances = instances
        instances.member_record = self._member_record
        # The global clusters' modules put their own here.
        self.joining: Callable[[Call, str], Joining | None] = lambda call, identifier: None
        self.of_its_global_cluster: Callable[[Record], Record] = lambda record: {}

    def register(self, operations: Operations) -> None:
        """Answer the operations of this module."""
        operations.handle("rds", "CreateDBCluster", self._create)
        operations.handle("rds", "DescribeDBClusters", self._describe)

    def need(self, region: str, name: str) -> Record:
        """One cluster by identifier or ARN. Raises ``DBClusterNotFoundFault``."""
        identifier = name_of(name)
        return self._cloud.need("cluster", region_of(name, region), identifier, missing(name))

    def members(self, region: str, identifier: str) -> list[Record]:
        """The records of a cluster's members, in the order they were made."""
        return [
            i
            for i in self._records.all("instance", region)
            if i.get("DBClusterIdentifier") == identifier and i["DBInstanceStatus"] != "deleting"
        ]

    def tell(self, record: Record, message: str, category: str) -> None:
        """Leave an event of a cluster."""
        source = ("db-cluster", record["DBClusterIdentifier"], record["_arn"])
        self._cloud.event("rds", record["_region"], source, message, (category,))

    def shown(self, record: Record) -> Record:
        """The record with its members and the writer the servers have now."""
        region, identifier = record["_region"], record["DBClusterIdentifier"]
        record = record | self.of_its_global_cluster(record)
        members = self.members(region, identifier)
        if not members:
            return record | {"DBClusterMembers": []}
        writer = self._cloud.fleet.clusters.state(Ref(region, identifier)).writer
        if writer is not None and writer != record.get("_writer"):
            with self._records.change():
                fresh = self.need(region, identifier)
                if fresh.get("_writer") is not None and fresh["_writer"] != writer:
                    message = f"Completed failover to DB instance: {writer}"
                    self.tell(fresh, message, "failover")
                self._records.update("cluster", region, identifier, _writer=writer)
        return record | {
            "DBClusterMembers": [
                {
                    "DBInstanceIdentifier": member["DBInstanceIdentifier"],
                    "IsClusterWriter": member["DBInstanceIdentifier"] == writer,
                    "DBClusterParameterGroupStatus": "in-sync",
                    "PromotionTier": member["PromotionTier"],
                }
                for member in members
            ]
        }

    def _create(self, call: Call) -> Answer:
        p = call.params
        identifier = rules.check_identifier("DBClusterIdentifier", p["DBClusterIdentifier"])
        if p.get("Engine") != AURORA_MYSQL.name:
            raise rules.refuse(
                f"Invalid DB cluster engine: {p.get('Engine')} (the local cloud serves "
                f"{AURORA_MYSQL.name})"
            )
        joining = self.joining(call, identifier)
        record = self._record(call, identifier, joining)
        with self._records.change():
            if self._records.get("cluster", call.region, identifier):
                raise ApiError("DBClusterAlreadyExistsFault", "DB Cluster already exists")
            self._records.put("cluster", call.region, identifier, record)
        ref = Ref(call.region, identifier)
        credentials = Credentials(record["MasterUsername"], p.get("MasterUserPassword") or "")
        group = record["DBClusterParameterGroup"]
        values = values_of(self._cloud, CLUSTER, call.region, group)
        try:
            if joining is not None:
                # First: a member of it must never be taken for one that writes.
                self._cloud.fleet.global_clusters.join(joining.worldwide, ref)
            found = self._cloud.fleet.clusters.create(
                ref, credentials, p.get("DatabaseName"), values
            )
            self._cloud.fleet.clusters.set_scaling(ref, rds_scaling.scaling_of(record))
        except BaseException:
            self._records.drop("cluster", call.region, identifier)
            self._cloud.fleet.clusters.delete(ref)
            raise
        with self._records.change():
            self._records.update(
                "cluster",
                call.region,
                identifier,
                Status="available",
                Endpoint=found.writer.host,
                ReaderEndpoint=found.reader.host,
                Port=found.writer.port,
                ClusterCreateTime=now(),
            )
            self.tell(record, "DB cluster created", "creation")
        return {"DBCluster": self.shown(self.need(call.region, identifier))}

    def _record(self, call: Call, identifier: str, joining: Joining | None) -> Record:
        p, region = call.params, call.region
        version = joining.version if joining else resolve(AURORA_MYSQL, p.get("EngineVersion"))
        if p.get("DBClusterInstanceClass") or p.get("AllocatedStorage") or p.get("Iops"):
            raise rules.combination(
                "DBClusterInstanceClass isn't supported for DB engine aurora-mysql."
            )
        primary = joining.primary if joining else None
        user = primary["MasterUsername"] if primary else _master_user(p)
        rules.check_database_name(p.get("DatabaseName"))
        retention = p.get("BackupRetentionPeriod")
        rules.check_retention(1 if retention is None else retention, least=1)
        rules.check_windows(p.get("PreferredBackupWindow"), p.get("PreferredMaintenanceWindow"))
        rules.check_log_exports(p.get("EnableCloudwatchLogsExports") or [], AURORA_MYSQL)
        if p.get("EngineMode") not in (None, "provisioned"):
            raise rules.refuse(f"EngineMode {p['EngineMode']} is no longer offered.")
        if p.get("StorageType") not in (None, "", "aurora", "aurora-iopt1"):
            raise rules.refuse(f"Invalid storage type: {p['StorageType']}")
        vpc = self._groups.find(region, p.get("DBSubnetGroupName"))
        groups = security_groups(region, p.get("VpcSecurityGroupIds"), vpc["VpcId"])
        wanted = p.get("DBClusterParameterGroupName")
        group = group_for(self._cloud, CLUSTER, region, wanted, AURORA_MYSQL, version)
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
            "Engine": AURORA_MYSQL.name,
            "EngineVersion": version,
            "EngineMode": "provisioned",
            "MasterUsername": user,
            "AllocatedStorage": 1,
            "MultiAZ": len(self._groups.zones(vpc)) > 1,
            "AvailabilityZones": p.get("AvailabilityZones") or self._groups.zones(vpc)[:3],
            "BackupRetentionPeriod": 1 if retention is None else retention,
            "DBClusterParameterGroup": group,
            "DBSubnetGroup": vpc["DBSubnetGroupName"],
            "VpcSecurityGroups": [{"VpcSecurityGroupId": g, "Status": "active"} for g in groups],
            "StorageEncrypted": encrypted,
            "DeletionProtection": bool(p.get("DeletionProtection")),
            "IAMDatabaseAuthenticationEnabled": bool(p.get("EnableIAMDatabaseAuthentication")),
            "EnabledCloudwatchLogsExports": p.get("EnableCloudwatchLogsExports") or [],
            "CopyTagsToSnapshot": bool(p.get("CopyTagsToSnapshot")),
            "HttpEndpointEnabled": bool(p.get("EnableHttpEndpoint")),
            "CrossAccountClone": False,
            "AutoMinorVersionUpgrade": True,
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
        if p.get(rds_scaling.MEMBER):
            wanted = p[rds_scaling.MEMBER]
            record[rds_scaling.MEMBER] = rds_scaling.configuration(wanted, version, None)
        if p.get("EnableGlobalWriteForwarding"):
            record["_forwards"] = True
        return record | given(primary or {}, ("DatabaseName",)) | given(p, _AS_GIVEN)

    def _describe(self, call: Call) -> Answer:
        p = call.params
        if p.get("DBClusterIdentifier"):
            wanted = p["DBClusterIdentifier"]
            return {"DBClusters": [self.shown(self.need(call.region, wanted))]}
        found = self._records.all("cluster", call.region)
        for wish in p.get("Filters") or []:
            member = _FILTERS.get(wish["Name"])
            if member is None:
                raise rules.refuse(f"Unrecognized filter name: {wish['Name']}")
            by_id = member == "DBClusterIdentifier"
            values = {name_of(v) if by_id else v for v in wish["Values"]}
            found = [record for record in found if record[member] in values]
        return page(call, "DBClusters", [self.shown(record) for record in found])

    def _member_record(self, call: Call, identifier: str) -> Record:
        p, region = call.params, call.region
        if not p.get("DBClusterIdentifier"):
            raise rules.combination("An instance of engine aurora-mysql needs a DB cluster.")
        cluster = self.need(region, p["DBClusterIdentifier"])
        if cluster["Status"] != "available":
            raise ApiError("InvalidDBClusterStateFault", f"The cluster is {cluster['Status']}.")
        engine = engine_of(p["Engine"])
        version = cluster["EngineVersion"]
        if p.get("EngineVersion") and not version.startswith(p["EngineVersion"]):
            raise rules.combination(
                f"The engine version of a member is its cluster's: {version}, not "
                f"{p['EngineVersion']}"
            )
        check_class(engine, version, p["DBInstanceClass"])
        rds_scaling.check_member(p["DBInstanceClass"], cluster)
        for member in _OF_THE_CLUSTER:
            if p.get(member):
                raise rules.combination(
                    f"The requested DB Instance will be a member of a DB Cluster. Set {member} "
                    "for the DB Cluster."
                )
        rules.check_monitoring(p, engine, p["DBInstanceClass"])
        tier = 1 if p.get("PromotionTier") is None else p["PromotionTier"]
        if not 0 <= tier <= 15:
            raise rules.refuse(f"Invalid PromotionTier {tier}; allowed: 0 to 15")
        if p.get("DBSubnetGroupName") not in (None, cluster["DBSubnetGroup"]):
            raise rules.combination("The subnet group of a member is its cluster's.")
        vpc = self._groups.find(region, cluster["DBSubnetGroup"])
        wanted = p.get("DBParameterGroupName")
        group = group_for(self._cloud, INSTANCE, region, wanted, engine, version)
        record = self._instances.base(region, identifier, p, vpc)
        record |= given(cluster, _FROM_CLUSTER) | {
            "Engine": engine.name,
            "DBClusterIdentifier": cluster["DBClusterIdentifier"],
            "PromotionTier": tier,
            "MultiAZ": False,
            "StorageType": cluster.get("StorageType") or "aurora",
            "AllocatedStorage": 1,
            "DBParameterGroups": in_sync(group),
            "VpcSecurityGroups": cluster["VpcSecurityGroups"],
            "DeletionProtection": False,
        }
        return record | given({"DBName": cluster.get("DatabaseName")}, ("DBName",))
