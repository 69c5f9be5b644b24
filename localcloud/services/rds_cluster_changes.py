"""Aurora clusters in operation: modify, fail over, delete, and their custom endpoints."""

from __future__ import annotations

from typing import Any

from localcloud.api import Answer, ApiError, Call, Operations, page
from localcloud.fleet import Ref
from localcloud.records import Record
from localcloud.services import rds_rules as rules
from localcloud.services.context import Cloud, changed, resource_id
from localcloud.services.engine_versions import AURORA_MYSQL, resolve
from localcloud.services.rds_clusters import Clusters
from localcloud.services.rds_parameters import CLUSTER, group_for, values_for
from localcloud.services.surroundings import arn, name_of

MOST_ENDPOINTS = 5
_AT_ONCE = (
    "PreferredBackupWindow", "PreferredMaintenanceWindow", "BackupRetentionPeriod",
    "DeletionProtection", "CopyTagsToSnapshot", "BacktrackWindow", "StorageType",
    "ServerlessV2ScalingConfiguration", "MonitoringInterval", "MonitoringRoleArn",
)  # fmt: skip


class ClusterChanges:
    """Modify, fail over, delete."""

    def __init__(self, cloud: Cloud, clusters: Clusters) -> None:
        self._cloud = cloud
        self._records = cloud.records
        self._clusters = clusters

    def register(self, operations: Operations) -> None:
        """Answer the operations of this module."""
        operations.handle("rds", "ModifyDBCluster", self._modify)
        operations.handle("rds", "FailoverDBCluster", self._fail_over)
        operations.handle("rds", "DeleteDBCluster", self._delete)

    def _available(self, call: Call) -> Record:
        record = self._clusters.need(call.region, call.params["DBClusterIdentifier"])
        if record["Status"] != "available":
            raise ApiError("InvalidDBClusterStateFault", f"The cluster is {record['Status']}.")
        return record

    def _modify(self, call: Call) -> Answer:
        p = call.params
        record = self._available(call)
        identifier = record["DBClusterIdentifier"]
        if p.get("NewDBClusterIdentifier") not in (None, identifier):
            raise rules.refuse("The local cloud does not rename clusters.")
        if p.get("BackupRetentionPeriod") is not None:
            rules.check_retention(p["BackupRetentionPeriod"], least=1)
        rules.check_windows(p.get("PreferredBackupWindow"), p.get("PreferredMaintenanceWindow"))
        rules.check_credentials(None, p.get("MasterUserPassword"))
        values: dict[str, Any] = changed(record, p, _AT_ONCE)
        if p.get("EnableIAMDatabaseAuthentication") is not None:
            values["IAMDatabaseAuthenticationEnabled"] = p["EnableIAMDatabaseAuthentication"]
        if p.get("EngineVersion"):
            old = record["EngineVersion"]
            same = old.startswith(f"{p['EngineVersion']}.")
            values["EngineVersion"] = old if same else resolve(AURORA_MYSQL, p["EngineVersion"])
        if p.get("DBClusterParameterGroupName"):
            version = values.get("EngineVersion", record["EngineVersion"])
            values["DBClusterParameterGroup"] = group_for(
                self._cloud,
                CLUSTER,
                call.region,
                p["DBClusterParameterGroupName"],
                AURORA_MYSQL,
                version,
            )
        if p.get("VpcSecurityGroupIds"):
            values["VpcSecurityGroups"] = [
                {"VpcSecurityGroupId": g, "Status": "active"} for g in p["VpcSecurityGroupIds"]
            ]
        logs = p.get("CloudwatchLogsExportConfiguration") or {}
        if logs:
            enable, disable = logs.get("EnableLogTypes") or [], logs.get("DisableLogTypes") or []
            rules.check_log_exports([*enable, *disable], AURORA_MYSQL)
            kept = [t for t in record["EnabledCloudwatchLogsExports"] if t not in disable]
            values["EnabledCloudwatchLogsExports"] = kept + [t for t in enable if t not in kept]
        if p.get("MasterUserPassword"):
            self._cloud.fleet.set_cluster_password(
                Ref(call.region, identifier), p["MasterUserPassword"]
            )
        self._records.update("cluster", call.region, identifier, **values)
        self._spread(call.region, identifier, values)
        return {"DBCluster": self._clusters.shown(self._clusters.need(call.region, identifier))}

    def _spread(self, region: str, identifier: str, values: dict[str, Any]) -> None:
        for member in self._clusters.members(region, identifier):
            name = member["DBInstanceIdentifier"]
            if "EngineVersion" in values:
                version = values["EngineVersion"]
                self._records.update("instance", region, name, EngineVersion=version)
            if "VpcSecurityGroups" in values:
                groups = values["VpcSecurityGroups"]
                self._records.update("instance", region, name, VpcSecurityGroups=groups)
            if "DBClusterParameterGroup" in values:
                parameters = values_for(self._cloud, region, member)
                self._cloud.fleet.set_parameters(Ref(region, name), parameters)

    def _fail_over(self, call: Call) -> Answer:
        record = self._available(call)
        identifier, target = record["DBClusterIdentifier"], None
        if call.params.get("TargetDBInstanceIdentifier"):
            target = name_of(call.params["TargetDBInstanceIdentifier"])
        names = [
            m["DBInstanceIdentifier"] for m in self._clusters.members(call.region, identifier)
        ]
        if len(names) < 2:
            raise ApiError(
                "InvalidDBClusterStateFault",
                f"Cannot failover cluster '{identifier}' since it has no reader.",
            )
        if target is not None and target not in names:
            raise ApiError(
                "InvalidDBInstanceState", f"{target} is not a member of cluster {identifier}."
            )
        ref = Ref(call.region, identifier)
        before = self._cloud.fleet.cluster_state(ref).writer
        if target is not None and target == before:
            raise ApiError(
                "InvalidDBInstanceState", f"{target} is the writer of the cluster already."
            )
        self._records.update("cluster", call.region, identifier, _writer=before)
        self._clusters.tell(record, f"Started failover from {before}", "failover")
        self._cloud.fleet.fail_over(ref, target)
        return {"DBCluster": self._clusters.shown(self._clusters.need(call.region, identifier))}

    def _delete(self, call: Call) -> Answer:
        p = call.params
        with self._records.change():
            record = self._clusters.need(call.region, p["DBClusterIdentifier"])
            identifier = record["DBClusterIdentifier"]
            if record["Status"] in ("creating", "deleting"):
                raise ApiError("InvalidDBClusterStateFault", f"The cluster is {record['Status']}.")
            if record["DeletionProtection"]:
                raise rules.combination(
                    "Cannot delete protected Cluster, please disable deletion protection and try "
                    "again."
                )
            if self._clusters.members(call.region, identifier):
                raise ApiError(
                    "InvalidDBClusterStateFault",
                    "Cluster cannot be deleted, it still contains DB instances in non-deleting "
                    "state.",
                )
            final, skip = p.get("FinalDBSnapshotIdentifier"), bool(p.get("SkipFinalSnapshot"))
            if bool(final) == skip:
                raise rules.combination(
                    "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified, "
                    "and can not be specified with it."
                )
            self._records.update("cluster", call.region, identifier, Status="deleting")
        self._cloud.fleet.delete_cluster(Ref(call.region, identifier))
        with self._records.change():
            for endpoint in self._records.all("cluster-endpoint", call.region):
                if endpoint["DBClusterIdentifier"] == identifier:
                    name = endpoint["DBClusterEndpointIdentifier"]
                    self._records.drop("cluster-endpoint", call.region, name)
            self._records.drop("cluster", call.region, identifier)
            self._clusters.tell(record, "DB cluster deleted", "deletion")
        return {"DBCluster": record | {"Status": "deleting", "DBClusterMembers": []}}


class ClusterEndpoints:
    """Custom endpoints: a name for some of a cluster's members."""

    def __init__(self, cloud: Cloud, clusters: Clusters) -> None:
        self._cloud = cloud
        self._records = cloud.records
        self._clusters = clusters

    def register(self, operations: Operations) -> None:
        """Answer the operations on custom endpoints."""
        operations.handle("rds", "CreateDBClusterEndpoint", self._create)
        operations.handle("rds", "DescribeDBClusterEndpoints", self._describe)
        operations.handle("rds", "ModifyDBClusterEndpoint", self._modify)
        operations.handle("rds", "DeleteDBClusterEndpoint", self._delete)

    def _need(self, call: Call) -> Record:
        name = name_of(call.params["DBClusterEndpointIdentifier"])
        error = ApiError(
            "DBClusterEndpointNotFoundFault", f"DBClusterEndpoint {name} not found."
        )
        return self._cloud.need("cluster-endpoint", call.region, name, error)

    def _reached(self, region: str, record: Record) -> list[str]:
        identifier = record["DBClusterIdentifier"]
        names = [m["DBInstanceIdentifier"] for m in self._clusters.members(region, identifier)]
        static = record["StaticMembers"]
        for name in [*static, *record["ExcludedMembers"]]:
            if name not in names:
                raise ApiError("DBInstanceNotFound", f"DBInstance {name} not found.", 404)
        if static:
            return list(static)
        return [n for n in names if n not in record["ExcludedMembers"]]

    def _create(self, call: Call) -> Answer:
        p = call.params
        name = rules.check_identifier(
            "DBClusterEndpointIdentifier", p["DBClusterEndpointIdentifier"]
        )
        cluster = self._clusters.need(call.region, p["DBClusterIdentifier"])
        if p.get("EndpointType") not in ("READER", "ANY"):
            raise rules.refuse("EndpointType must be READER or ANY.")
        record: Record = {
            "DBClusterEndpointIdentifier": name,
            "DBClusterIdentifier": cluster["DBClusterIdentifier"],
            "DBClusterEndpointResourceIdentifier": resource_id("cluster-endpoint-"),
            "DBClusterEndpointArn": arn("rds", call.region, "cluster-endpoint", name),
            "_arn": arn("rds", call.region, "cluster-endpoint", name),
            "Status": "available",
            "EndpointType": "CUSTOM",
            "CustomEndpointType": p["EndpointType"],
            "StaticMembers": [m.lower() for m in p.get("StaticMembers") or []],
            "ExcludedMembers": [m.lower() for m in p.get("ExcludedMembers") or []],
            "TagList": p.get("Tags") or [],
        }
        self._check_lists(record)
        with self._records.change():
            if self._records.get("cluster-endpoint", call.region, name):
                raise ApiError(
                    "DBClusterEndpointAlreadyExistsFault", f"Endpoint {name} already exists."
                )
            if len(self._of(call.region, record["DBClusterIdentifier"])) >= MOST_ENDPOINTS:
                raise ApiError(
                    "DBClusterEndpointQuotaExceededFault",
                    f"A cluster has at most {MOST_ENDPOINTS} custom endpoints.",
                )
            self._records.put("cluster-endpoint", call.region, name, record)
        try:
            record = self._apply(call.region, record)
        except BaseException:
            self._records.drop("cluster-endpoint", call.region, name)
            raise
        return record

    def _check_lists(self, record: Record) -> None:
        if record["StaticMembers"] and record["ExcludedMembers"]:
            raise rules.combination("StaticMembers and ExcludedMembers exclude each other.")

    def _apply(self, region: str, record: Record) -> Record:
        name = record["DBClusterEndpointIdentifier"]
        members = self._reached(region, record)
        ref = Ref(region, record["DBClusterIdentifier"])
        address = self._cloud.fleet.set_custom_endpoint(ref, name, members)
        record = record | {"Endpoint": address.host}
        self._records.put("cluster-endpoint", region, name, record)
        return record

    def _of(self, region: str, cluster: str) -> list[Record]:
        found = self._records.all("cluster-endpoint", region)
        return [e for e in found if e["DBClusterIdentifier"] == cluster]

    def _describe(self, call: Call) -> Answer:
        p = call.params
        found = self._records.all("cluster-endpoint", call.region)
        for cluster in self._records.all("cluster", call.region):
            for kind, member in (("WRITER", "Endpoint"), ("READER", "ReaderEndpoint")):
                built_in = {
                    "DBClusterIdentifier": cluster["DBClusterIdentifier"],
                    "Endpoint": cluster.get(member),
                    "Status": cluster["Status"],
                    "EndpointType": kind,
                }
                found.append(built_in)
        if p.get("DBClusterIdentifier"):
            cluster_name = self._clusters.need(call.region, p["DBClusterIdentifier"])
            wanted = cluster_name["DBClusterIdentifier"]
            found = [e for e in found if e["DBClusterIdentifier"] == wanted]
        if p.get("DBClusterEndpointIdentifier"):
            found = [self._need(call)]
        members = {
            "db-cluster-endpoint-type": "EndpointType",
            "db-cluster-endpoint-custom-type": "CustomEndpointType",
            "db-cluster-endpoint-id": "DBClusterEndpointIdentifier",
            "db-cluster-endpoint-status": "Status",
        }
        for wish in p.get("Filters") or []:
            member = members.get(wish["Name"], "")
            values = {v.lower() for v in wish["Values"]}
            found = [e for e in found if str(e.get(member, "")).lower() in values]
        return page(call, "DBClusterEndpoints", found)

    def _modify(self, call: Call) -> Answer:
        p = call.params
        record = self._need(call)
        if p.get("EndpointType"):
            if p["EndpointType"] not in ("READER", "ANY"):
                raise rules.refuse("EndpointType must be READER or ANY.")
            record["CustomEndpointType"] = p["EndpointType"]
        for member, other in (
            ("StaticMembers", "ExcludedMembers"),
            ("ExcludedMembers", "StaticMembers"),
        ):
            if p.get(member):
                record[member] = [m.lower() for m in p[member]]
                if not p.get(other):
                    record[other] = []
        self._check_lists(record)
        return self._apply(call.region, record)

    def _delete(self, call: Call) -> Answer:
        record = self._need(call)
        name = record["DBClusterEndpointIdentifier"]
        ref = Ref(call.region, record["DBClusterIdentifier"])
        self._cloud.fleet.delete_custom_endpoint(ref, name)
        self._records.drop("cluster-endpoint", call.region, name)
        return record | {"Status": "deleting"}
